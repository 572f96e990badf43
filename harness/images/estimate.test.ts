import { describe, expect, it } from 'vitest';

import { chains, paceOf, remaining, startable, type Work } from './estimate.ts';

const work: readonly Work[] = [
  { id: 'go', needs: [], lane: 'cpu', ms: 600 },
  { id: 'k6', needs: [], lane: 'cpu', ms: 100 },
  { id: 'root', needs: [], lane: 'net', ms: 60 },
  { id: 'image', needs: ['go', 'root'], lane: 'docker', ms: 10 },
];
const all = new Set(work.map((w) => w.id));

describe('startable', () => {
  it('takes the longest chain of each lane, two at most', () => {
    expect(startable(work, all, new Set())).toEqual(['go', 'root']);
  });

  it('starts nothing in a lane that is taken, however much room there is', () => {
    expect(startable(work, new Set(['k6', 'image']), new Set(['go']))).toEqual([]);
  });

  it('waits for what is still running', () => {
    expect(startable(work, new Set(['image']), new Set(['root']))).toEqual([]);
    expect(startable(work, new Set(['image']), new Set())).toEqual(['image']);
  });
});

describe('remaining', () => {
  it('plays the scheduler: lanes overlap, one lane does not', () => {
    // go (600) beside root (60); then k6 (100) beside image (10)
    expect(remaining(work, all)).toBe(700);
  });

  it('counts only what is left of a running step, and never nothing', () => {
    expect(remaining(work, new Set(['image']), new Map([['go', 500]]))).toBe(110);
    expect(remaining(work, new Set(['image']), new Map([['go', 5_000]]))).toBe(70);
  });

  it('scales with the pace of this machine', () => {
    expect(remaining(work, all, new Map(), 2)).toBe(1400);
  });

  it('ends when nothing is open', () => {
    expect(remaining(work, new Set())).toBe(0);
  });
});

describe('paceOf', () => {
  it('is 1 until enough is done to say anything', () => {
    expect(paceOf([{ tookMs: 4_000, typicalMs: 1_000 }])).toBe(1);
  });

  it('is the ratio of what was done, within bounds', () => {
    expect(paceOf([{ tookMs: 20_000, typicalMs: 10_000 }])).toBe(2);
    expect(paceOf([{ tookMs: 1, typicalMs: 100_000 }])).toBe(0.05);
  });
});

it('chains count everything behind a step', () => {
  expect(chains(work).get('go')).toBe(610);
  expect(chains(work).get('k6')).toBe(100);
});

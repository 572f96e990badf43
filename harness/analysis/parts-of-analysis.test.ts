import { describe, expect, it } from 'vitest';
import { badTime } from './badness.ts';
import { bandsOf } from './bands.ts';
import { elapsed, latest, lowerBound, outward, whole } from './numbers.ts';
import { splitTtr } from './parts.ts';
import { findRestored, judge } from './recovery.ts';
import { findSymptoms } from './symptoms.ts';

/** `+` good, `-` bad, a space is a request that was never sent; one every 1000 ms. */
const samples = (picture: string, periodMs = 1000) =>
  Array.from(picture).flatMap((c, i) => (c === ' ' ? [] : [{ intendedMs: i * periodMs, ok: c === '+' }]));

describe('findSymptoms: two bad of five', () => {
  it.each([
    ['one bad sample is none', '+++-+++++', []],
    ['two in a row', '+++--++++', [[3000, 4000]]],
    ['two within five', '+++-+++-+', [[3000, 7000]]],
    ['two that are too far apart', '+++-++++-+', []],
    [
      'two streaks',
      '+--+++++--+',
      [
        [1000, 2000],
        [8000, 9000],
      ],
    ],
    ['to the end', '++---', [[2000, 4000]]],
  ])('%s', (_name, picture, expected) => {
    const found = findSymptoms(samples(picture), 0, 1e6);
    expect(found.map((s) => [s.firstBadMs, s.lastBadMs])).toEqual(expected);
  });

  it('began after the last good sample, also one before the window', () => {
    const [symptom] = findSymptoms(samples('++---++'), 2500, 1e6);
    expect(symptom).toEqual({ began: { lo: 1000, hi: 3000 }, firstBadMs: 3000, lastBadMs: 4000, nextGoodMs: 5000 });
  });
});

describe('judge: 99 % in every 5 s', () => {
  const one = (picture: string, periodMs = 1000) => ({ samples: samples(picture, periodMs), periodMs });

  it('good, bad, gap and unseen', () => {
    expect(judge(one('++++++++++'), 0, 10_000, 10_000)).toBe('good');
    expect(judge(one('+++++++-++'), 0, 10_000, 10_000)).toBe('bad');
    expect(judge(one('+++++     '), 0, 10_000, 10_000)).toBe('unseen');
    expect(judge(one('+++++     +'), 0, 10_000, 11_000)).toBe('gap');
    expect(judge(one('++++++++++'), 0, 10_000, 9999)).toBe('unseen');
  });

  it('allows one in a hundred', () => {
    const fast = (bad: number) => ({
      samples: Array.from({ length: 200 }, (_, i) => ({ intendedMs: i * 25, ok: i >= bad })),
      periodMs: 25,
    });
    expect(judge(fast(2), 0, 5000, 5000)).toBe('good');
    expect(judge(fast(3), 0, 5000, 5000)).toBe('bad');
  });

  it('asks a probe slower than a bucket once a period, and one slower than the window once', () => {
    expect(judge(one('++', 10_000), 0, 20_000, 20_000)).toBe('good');
    expect(judge(one('+', 30_000), 0, 20_000, 30_000)).toBe('good');
    expect(judge(one('+', 30_000), 0, 20_000, 25_000)).toBe('unseen');
  });

  it('is not upset by the last digits of floating-point instants', () => {
    const period = 1000 / 3;
    const odd = Array.from({ length: 60 }, (_, i) => ({ intendedMs: 0.1 + i * period, ok: true }));
    for (let i = 0; i < 15; i++) {
      expect(judge({ samples: odd, periodMs: period }, odd[i]?.intendedMs ?? 0, 10_000, 1e6)).toBe('good');
    }
  });
});

describe('findRestored', () => {
  it('is the last of several: between the greatest lower and the greatest upper end', () => {
    const slow = { samples: samples('+--++++', 5000), periodMs: 5000 };
    const fast = { samples: samples('+++++------+++++++++++++++++++++++'), periodMs: 1000 };
    // slow: bad at 10 s, good at 15 s; fast: bad at 10 s, good at 11 s
    expect(findRestored([slow, fast], 5000, 35_000, 10_000)).toMatchObject({
      startMs: 11_000,
      at: { lo: 10_000, hi: 15_000 },
    });
    expect(findRestored([slow, fast], 5000, 20_000, 10_000)).toBeUndefined();
  });
});

describe('badTime', () => {
  it('counts a period for every bad sample, cut at the end', () => {
    expect(badTime(samples('+--+-'), 1000, 0, 4500)).toBe(2500);
    expect(badTime(samples('+--+-'), 1000, 2000, 4000)).toBe(1000);
  });
});

describe('bandsOf', () => {
  it('joins neighbours, ends with the observation, and leaves holes empty', () => {
    expect(bandsOf(samples('++--+           +'), 1000, 16_500)).toEqual([
      { fromMs: 0, toMs: 2000, good: true },
      { fromMs: 2000, toMs: 4000, good: false },
      { fromMs: 4000, toMs: 5000, good: true },
      { fromMs: 16_000, toMs: 16_500, good: true },
    ]);
  });
});

describe('splitTtr', () => {
  const onset = { lo: 0, hi: 0 };
  it.each([
    ['during the runbook', 40_000, { startMs: 30_000, endMs: 60_000 }, [30_000, 10_000, 0]],
    ['after it', 40_000, { startMs: 30_000, endMs: 35_000 }, [30_000, 5000, 5000]],
    ['before anything was done', 20_000, { startMs: 30_000, endMs: 35_000 }, [20_000, 0, 0]],
    ['without a runbook', 20_000, undefined, [20_000, 0, 0]],
  ])('recovery %s', (_name, ttr, mitigation, parts) => {
    expect(Object.values(splitTtr({ lo: ttr, hi: ttr }, onset, mitigation))).toEqual(parts);
  });
});

describe('numbers', () => {
  it('round outwards, never negative zero', () => {
    expect(outward(1.2, 3.1)).toEqual({ lo: 1, hi: 4 });
    expect(outward(1.0000000001, 2.9999999999)).toEqual({ lo: 1, hi: 3 });
    expect(Object.is(whole(-0.2), 0)).toBe(true);
    expect(elapsed({ lo: 10, hi: 20 }, { lo: 15, hi: 30 })).toEqual({ lo: 0, hi: 20 });
    expect(latest([])).toBeUndefined();
    expect(lowerBound([1, 3, 5], 4, (x) => x)).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { lastLine, progressLine, tapLines } from './checks.ts';

const good = { name: 'it works', ok: true, seen: 'one\n  two' };
const bad = { name: 'it fails', ok: false, seen: '' };

describe('what is said of checks', () => {
  it('is a verdict and what was seen, in one line each', () => {
    expect(tapLines(good, 1)).toEqual(['ok 1 - it works', '  # one two']);
    expect(tapLines(bad, 2)).toEqual(['not ok 2 - it fails', '  # nothing was seen']);
  });

  it('ends with a count, in which a run that stopped has failed', () => {
    expect(lastLine([good, bad], false)).toBe('1 passed, 1 failed');
    expect(lastLine([good], true)).toBe('1 passed, 1 failed');
  });

  it('tells what is left by what it took here, else by what it takes elsewhere', () => {
    const parts = [
      { id: 'a', title: 'first', typicalS: 60 },
      { id: 'b', title: 'second', typicalS: 30 },
    ];
    expect(progressLine(parts, 'a', {})).toBe('[1/2] first (about 90 s left)');
    expect(progressLine(parts, 'b', { b: 5000 })).toBe('[2/2] second (about 5.0 s left)');
  });
});

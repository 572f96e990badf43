import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { goFirst, parseAutogroup } from './priority.ts';

describe('goFirst', () => {
  it('puts back what it changed, and never throws where it may change nothing', () => {
    const before = getPriority();
    const restore = goFirst();
    expect(getPriority()).toBeLessThanOrEqual(before);
    restore();
    restore();
    expect(getPriority()).toBe(before);
  });

  it("reads the session's nice value", () => {
    expect(parseAutogroup('/autogroup-16355 nice -10\n')).toBe(-10);
    expect(parseAutogroup('/autogroup-1 nice 0')).toBe(0);
    expect(parseAutogroup('')).toBeUndefined();
  });
});

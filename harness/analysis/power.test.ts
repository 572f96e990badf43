import { describe, expect, it } from 'vitest';
import { leastPairs } from './permutation.ts';
import { blocksNeeded, mostBlocks } from './power.ts';

describe('blocksNeeded', () => {
  // TTestPower and TTestIndPower of statsmodels 0.15.0 (noncentral t), power 0.8, rounded up: 9.94, 15.66, 33.4, 127.5 pairs;
  // 16.7, 26.01, 63.8, 252.1 in each of two samples. The formula with t for z may be one off.
  it.each([
    ['paired', 1, 1, 10],
    ['paired', 1, 6, 16],
    ['paired', 2, 1, 34],
    ['paired', 4, 1, 128],
    ['two-sample', 1, 1, 17],
    ['two-sample', 1, 6, 27],
    ['two-sample', 2, 1, 64],
    ['two-sample', 4, 1, 253],
  ] as const)('%s, scatter of %i effects, %i comparisons', (design, sd, comparisons, n) => {
    expect(Math.abs(blocksNeeded(sd * 5000, 5000, comparisons, design) - n)).toBeLessThanOrEqual(1);
  });

  it('is never below what the permutation test needs, and stops somewhere', () => {
    expect(blocksNeeded(0, 5000, 1)).toBe(leastPairs(1));
    expect(blocksNeeded(0, 5000, 21, 'paired', 8)).toBe(8);
    expect(blocksNeeded(1e9, 5000, 1)).toBe(mostBlocks);
  });
});

import { describe, expect, it } from 'vitest';
import { closedMost, closedTesting } from './closed-testing.ts';

/** Some p for each cell. */
const someP = (cell: readonly number[]): number =>
  (cell.reduce((h, arm) => (h * 31 + arm * 7 + 3) % 101, 1) + 1) / 1000;
const pairs = (arms: number, table: Float64Array): readonly number[] =>
  Array.from({ length: arms }, (_, i) =>
    Array.from({ length: arms - 1 - i }, (_, more) => Number(table[(i + 1 + more) * arms + i]?.toFixed(6))),
  ).flat();

describe('closedTesting', () => {
  // Python, all set partitions with itertools: for each pair max over those with both in one cell of
  // min(1, len(cells) * min(p(c) for c in cells)), cells of two and more; p(c) as `someP`.
  it.each([
    [3, [0.076, 0.076, 0.077]],
    [4, [0.11, 0.124, 0.138, 0.138, 0.124, 0.11]],
    [6, [0.194, 0.196, 0.196, 0.228, 0.249, 0.164, 0.166, 0.249, 0.228, 0.249, 0.164, 0.152, 0.164, 0.154, 0.154]],
  ])('is what going through all partitions of %i arms gives', (arms, expected) => {
    const table = closedTesting(arms, (cell) => ({ p: someP(cell), least: 0 }), 0.05);
    expect(pairs(arms, table)).toEqual(expected);
  });

  it('is never below the own p; two arms have it as it is', () => {
    const test = (cell: readonly number[]) => ({ p: someP(cell), least: 0 });
    expect(pairs(2, closedTesting(2, test, 0.05))).toEqual([someP([0, 1])]);
    const table = closedTesting(7, test, 0.05);
    for (let j = 1; j < 7; j++) {
      for (let i = 0; i < j; i++) expect(table[j * 7 + i]).toBeGreaterThanOrEqual(someP([i, j]));
    }
  });

  it('does not count a cell that could not come to the level: it is not shown, and costs the others nothing', () => {
    const p = (cell: readonly number[]): number => (cell.join() === '2,3' ? 0.25 : 0.01);
    const counted = closedTesting(4, (cell) => ({ p: p(cell), least: 0 }), 0.05);
    expect(pairs(4, counted)).toEqual([0.02, 0.02, 0.02, 0.02, 0.02, 0.25]);
    const not = closedTesting(4, (cell) => ({ p: p(cell), least: cell.join() === '2,3' ? 0.25 : 0 }), 0.05);
    expect(pairs(4, not)).toEqual([0.01, 0.02, 0.02, 0.02, 0.02, 1]);
  });

  it('takes Bonferroni over the pairs when there are too many arms', () => {
    const arms = closedMost + 1;
    const table = closedTesting(arms, () => ({ p: 0.0001, least: 0 }), 0.05);
    expect(pairs(arms, table)[0]).toBeCloseTo(0.0001 * 78, 6);
  });
});

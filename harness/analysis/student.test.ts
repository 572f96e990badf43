import { describe, expect, it } from 'vitest';
import { normalCdf, studentCdf, studentQuantile } from './student.ts';

describe("Student's distribution", () => {
  // stats.t of SciPy 1.17.1; the first three also in every printed table.
  it.each([
    [0.975, 1, 12.706205],
    [0.975, 2, 4.302653],
    [0.975, 5, 2.570582],
    [0.975, 9, 2.262157],
    [0.8, 9, 0.883404],
    [0.9995, 10, 4.586894],
    [0.975, 100, 1.983972],
  ])('quantile %d with %i degrees', (p, df, t) => {
    expect(studentQuantile(p, df)).toBeCloseTo(t, 5);
    expect(studentQuantile(1 - p, df)).toBeCloseTo(-t, 5);
  });

  it.each([
    [1.5, 3, 0.88470807],
    [2.2, 4, 0.95367366],
    [0.3, 1, 0.59277358],
    [-1, 7, 0.17530833],
  ])('below %d with %i degrees', (t, df, p) => {
    expect(studentCdf(t, df)).toBeCloseTo(p, 8);
  });

  it('turns normal with many degrees, and refuses nonsense', () => {
    expect(studentCdf(1.96, 2000)).toBeCloseTo(normalCdf(1.96), 3);
    expect(normalCdf(-1.959963984540054)).toBeCloseTo(0.025, 6);
    for (const [p, df] of [
      [0, 3],
      [1, 3],
      [0.5, 0],
      [0.5, 1.5],
    ] as const)
      expect(() => studentQuantile(p, df)).toThrow(RangeError);
  });
});

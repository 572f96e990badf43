import { describe, expect, it } from 'vitest';
import { seeded } from '../../model/random.ts';
import { changePoints, splitOf, studentTest } from './change-points.ts';

/** The sequence that Apache Otava's own tests have, with what they expect of it. */
const known = [0.3, 2.4, 1.5, -0.9, -0.5, 99.7, 98.3, 99.1, 149, 149.7, 149.5, 149.1, 148.8, 150];

/** Q of every pair of neighbouring stretches by its definition, and where it is greatest. */
function slowly(x: readonly number[]): { readonly index: number; readonly q: number } {
  const sum = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((s, v) => s + b.reduce((t, w) => t + Math.abs(v - w), 0), 0);
  let best = { index: 0, q: -Infinity };
  for (let tau = 1; tau < x.length; tau++) {
    for (let kappa = tau + 1; kappa <= x.length; kappa++) {
      const [a, b] = [x.slice(0, tau), x.slice(tau, kappa)];
      const [n, m] = [a.length, b.length];
      const q =
        (2 / (n + m)) * sum(a, b) -
        (n > 1 ? ((2 * m) / (n + m) / (n - 1)) * (sum(a, a) / 2) : 0) -
        (m > 1 ? ((2 * n) / (n + m) / (m - 1)) * (sum(b, b) / 2) : 0);
      if (q > best.q) best = { index: tau, q };
    }
  }
  return best;
}

describe('the energy distance', () => {
  it('is what its definition says, on drawn series', () => {
    const random = seeded(3);
    for (let round = 0; round < 50; round++) {
      const x = Array.from({ length: 2 + Math.floor(random() * 15) }, () => Math.round(random() * 100));
      const [fast, slow] = [splitOf(x), slowly(x)];
      expect(fast?.q).toBeCloseTo(slow.q, 9);
      if (new Set(x).size === x.length) expect(fast?.index).toBe(slow.index);
    }
  });

  it('has no split where there is nothing to split', () => {
    expect(splitOf([])).toBeUndefined();
    expect(splitOf([1])).toBeUndefined();
    expect(splitOf([1, 2, 3, 4, 5], 3)).toBeUndefined();
  });
});

describe('change points', () => {
  it('are those of the known sequence', () => {
    expect(changePoints(known, { maxP: 0.01, leastLength: 1 }).map((c) => c.index)).toEqual([5, 8]);
    expect(changePoints(known, { maxP: 0.001, leastLength: 3 }).map((c) => c.index)).toEqual([5, 8]);
  });

  it('are none in a flat series, in noise, and for one night that stands out', () => {
    const options = { maxP: 0.001, leastLength: 3 };
    expect(changePoints([], options)).toEqual([]);
    expect(changePoints(Array<number>(20).fill(7), options)).toEqual([]);
    const random = seeded(5);
    const noise = Array.from({ length: 30 }, () => random());
    expect(changePoints(noise, options)).toEqual([]);
    expect(changePoints([...noise.slice(0, 15), 60, ...noise.slice(15)], options)).toEqual([]);
  });

  it('tell before from after', () => {
    const [point] = changePoints([1, 2, 1, 2, 1, 2, 11, 12, 11, 12], { maxP: 0.001, leastLength: 3 });
    expect(point).toMatchObject({ index: 6, before: 1.5, after: 11.5 });
    expect(point?.p).toBeLessThan(1e-6);
  });
});

describe("Student's t-test", () => {
  // t = 2.545875 with 7 degrees of freedom; p = I(7/(7 + t²); 3.5, 0.5), the regularised incomplete beta function of mpmath.
  it('is the incomplete beta function', () => {
    expect(studentTest([1, 2, 3, 4], [3, 5, 4, 7, 6])).toBeCloseTo(0.0383337288360309, 12);
  });

  it('says nothing of too little', () => {
    expect(studentTest([], [1, 2, 3])).toBe(1);
    expect(studentTest([1], [2])).toBe(1);
    expect(studentTest([1, 1], [1, 1])).toBe(1);
    expect(studentTest([1, 1], [2, 2])).toBe(0);
  });
});

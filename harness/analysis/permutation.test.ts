import { describe, expect, it } from 'vitest';
import { seeded, shuffled } from '../model/random.ts';
import { leastPairs, signFlip, signFlipInterval, twoSample, weightedHolm } from './permutation.ts';

const random = seeded(5);
const whole = (spread: number): number => Math.round((random() - 0.3) * spread);
const some = (n: number, spread = 20_000): readonly number[] => Array.from({ length: n }, () => whole(spread));

describe('signFlip', () => {
  // Darwin's maize, Fisher 1935: 863 of 32,768 sign arrangements on one side reach the 314 observed.
  const maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];

  it("gives Fisher's count for Darwin's maize", () => {
    expect(signFlip(maize)).toBe((2 * 863) / 32_768);
  });

  it('is what counting every arrangement gives', () => {
    for (let n = 1; n <= 11; n++) {
      // Few different values, so that there are ties.
      const d = Array.from({ length: n }, () => Math.round((random() - 0.4) * 8));
      const total = Math.abs(d.reduce((s, v) => s + v, 0));
      let hits = 0;
      for (let set = 0; set < 2 ** n; set++) {
        const flipped = d.reduce((s, v, i) => s + ((set & (1 << i)) === 0 ? v : -v), 0);
        if (Math.abs(flipped) >= total) hits++;
      }
      expect(signFlip(d)).toBeCloseTo(hits / 2 ** n, 12);
    }
  });

  it('does not care for order, sign or scale', () => {
    for (const n of [6, 13, 31, 40]) {
      const d = some(n);
      const p = signFlip(d);
      expect(signFlip(shuffled(d, random))).toBe(p);
      expect(signFlip(d.map((v) => 4 * v))).toBe(p);
      expect(signFlip(d.map((v) => -v))).toBe(p);
    }
  });

  it('is 1 without a difference, and at its least where all point one way', () => {
    expect(signFlip([])).toBe(1);
    expect(signFlip([0, 0, 0])).toBe(1);
    expect(signFlip([3, -3])).toBe(1);
    expect(signFlip([1, 2, 3, 4, 5, 6])).toBe(2 / 64);
  });

  it('a sample agrees with the count', () => {
    const d = some(33);
    // The 33rd difference is nothing: the exact count of the other 32 is the truth for all.
    expect(signFlip([...d.slice(0, 32), 0])).toBeCloseTo(signFlip(d.slice(0, 32)), 2);
  });

  it('is wrong about as seldom as it says', () => {
    let wrong = 0;
    for (let run = 0; run < 2000; run++) {
      if (signFlip(Array.from({ length: 8 }, () => Math.round((random() - random()) * 9000))) <= 0.05) wrong++;
    }
    expect(wrong / 2000).toBeLessThan(0.06);
    expect(wrong / 2000).toBeGreaterThan(0.03);
  });
});

describe('signFlipInterval', () => {
  it('leaves 0 out exactly when p is not above 0.05', () => {
    let shown = 0;
    for (let run = 0; run < 300; run++) {
      const d = some(6 + (run % 7));
      const { lo, hi } = signFlipInterval(d) ?? { lo: 0, hi: 0 };
      expect(lo > 0 || hi < 0).toBe(signFlip(d) <= 0.05);
      if (lo > 0 || hi < 0) shown++;
    }
    expect(shown).toBeGreaterThan(30);
    expect(shown).toBeLessThan(270);
  });

  it('moves with the differences, and holds their mean', () => {
    for (const n of [6, 10, 16, 25]) {
      const d = some(n);
      const moved = signFlipInterval(d.map((v) => v + 5000));
      const { lo, hi } = signFlipInterval(d) ?? { lo: 0, hi: 0 };
      expect(moved?.lo).toBeCloseTo(lo + 5000, 6);
      expect(moved?.hi).toBeCloseTo(hi + 5000, 6);
      const mean = d.reduce((s, v) => s + v, 0) / n;
      expect(lo).toBeLessThanOrEqual(mean);
      expect(hi).toBeGreaterThanOrEqual(mean);
      expect(signFlipInterval(shuffled(d, random))).toEqual({ lo, hi });
    }
    expect(signFlipInterval(some(5))).toBeUndefined();
    // With six, 2.5 % of 64 is one: the least and the greatest of all subsets, which are single values.
    expect(signFlipInterval([1, 2, 3, 4, 5, 6])).toEqual({ lo: 1, hi: 6 });
  });

  it.each([8, 20])('covers the truth about as often as it says: %i blocks', (n) => {
    let covered = 0;
    const runs = n === 8 ? 1000 : 200;
    for (let run = 0; run < runs; run++) {
      const d = Array.from({ length: n }, () => 7000 + Math.round((random() - random()) * 9000));
      const bounds = signFlipInterval(d, run);
      if (bounds !== undefined && bounds.lo <= 7000 && bounds.hi >= 7000) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.92);
    expect(covered / runs).toBeLessThan(0.99);
  });
});

describe('twoSample', () => {
  it('counts the deals', () => {
    // Counted with Python's itertools: 114 of 462, 11 of 1716.
    expect(twoSample([41, 37, 52, 46, 44], [47, 43, 40, 58, 49, 61])).toBeCloseTo(114 / 462, 12);
    expect(twoSample([12, 15, 9, 14, 11, 18], [19, 22, 16, 15, 24, 20, 21])).toBeCloseTo(11 / 1716, 12);
  });

  it('does not care for order, names or what is added to all', () => {
    for (const [n, m] of [
      [5, 8],
      [16, 16],
      [18, 20],
    ] as const) {
      const [a, b] = [some(n), some(m)];
      const p = twoSample(a, b);
      expect(twoSample(shuffled(a, random), shuffled(b, random))).toBe(p);
      expect(twoSample(b, a)).toBeCloseTo(p, 2);
      const add = (v: number): number => v + 12_345;
      expect(twoSample(a.map(add), b.map(add))).toBeCloseTo(p, 12);
    }
  });

  it('is 1 without a difference or without data', () => {
    expect(twoSample([], [1])).toBe(1);
    expect(twoSample([1, 3], [2, 2])).toBe(1);
    expect(twoSample([5, 5, 5], [5, 5])).toBe(1);
  });

  it('a sample agrees with the count', () => {
    // Zeros at both middles hardly move p, but take it over the limit of what is counted.
    const a = Array.from({ length: 16 }, (_, i) => i * 100);
    const b = a.map((v) => v + 300);
    expect(twoSample([...a, 750], [...b, 1050], 3)).toBeCloseTo(twoSample(a, b), 1);
  });
});

const holm = (ps: readonly number[]): readonly number[] =>
  weightedHolm(
    ps,
    ps.map(() => 0.2),
  );

describe('Holm with equal weights', () => {
  it('is what statsmodels gives (and R, p.adjust)', () => {
    const close = (list: readonly number[]): readonly number[] => list.map((p) => Number(p.toFixed(10)));
    expect(close(holm([0.01, 0.04, 0.03, 0.005]))).toEqual([0.03, 0.06, 0.06, 0.02]);
    // Benjamini and Hochberg's example of 15 p-values; multipletests of statsmodels 0.15.0.
    const fifteen = [
      0.0001, 0.0095, 0.002, 0.0298, 0.0278, 0.0004, 0.0344, 0.0324, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    expect(close(holm(fifteen))).toEqual([
      0.0015, 0.114, 0.026, 0.3058, 0.3058, 0.0056, 0.3058, 0.3058, 0.3213, 1, 1, 1, 1, 1, 1,
    ]);
    expect(holm([])).toEqual([]);
  });

  it('adjusts each as before in any order, never down', () => {
    const ps = Array.from({ length: 9 }, () => random());
    const adjusted = new Map(ps.map((p, i) => [p, holm(ps)[i]]));
    const mixed = shuffled(ps, random);
    expect(holm(mixed)).toEqual(mixed.map((p) => adjusted.get(p)));
    ps.forEach((p) => {
      expect(adjusted.get(p)).toBeGreaterThanOrEqual(p);
    });
  });
});

describe('weightedHolm', () => {
  it('gives the first p over its weight, the other the greater of that and its own', () => {
    const of = (downtime: number, ttr: number): readonly number[] =>
      weightedHolm([downtime, ttr], [0.8, 0.2]).map((p) => Number(p.toFixed(10)));
    expect(of(0.008, 0.03)).toEqual([0.01, 0.03]);
    expect(of(0.04, 0.002)).toEqual([0.04, 0.01]);
    expect(of(0.02, 0.02)).toEqual([0.025, 0.025]);
    expect(of(0.9, 1)).toEqual([1, 1]);
  });

  it('rejects what closed testing with weighted Bonferroni rejects', () => {
    // Python: for each hypothesis max over all sets s that have it of min(1, min(p[j] * sum(w[k] for k in s) / w[j] for j in s)).
    const adjusted = weightedHolm([0.011, 0.02, 0.004, 0.03], [0.4, 0.1, 0.4, 0.1]);
    expect(adjusted.map((p) => Number(p.toFixed(10)))).toEqual([0.0165, 0.04, 0.01, 0.04]);
  });
});

it('names the fewest pairs that can show anything: 6, and 8 for four runbooks', () => {
  expect(leastPairs(1)).toBe(6);
  expect(leastPairs(6)).toBe(8);
  for (const m of [1, 2, 3, 6, 10, 15, 21, 28]) {
    const n = leastPairs(m);
    expect(2 ** (1 - n) * m).toBeLessThanOrEqual(0.05);
    expect(2 ** (2 - n) * m).toBeGreaterThan(0.05);
  }
});

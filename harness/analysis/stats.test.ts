import { describe, expect, it } from 'vitest';
import { seeded } from '../model/random.ts';
import { areaUnder, atLeast, atMost, kaplanMeier, poissonUpper, restrictedMean, type Observed } from './stats.ts';

describe('atLeast, atMost', () => {
  // scipy.stats 1.17.1: beta.ppf(.05, k, n - k + 1), beta.ppf(.95, k + 1, n - k); 0 and 1 at the ends.
  it.each([
    [1, 1, 0.05, 1],
    [2, 2, 0.223607, 1],
    [3, 3, 0.368403, 1],
    [5, 5, 0.54928, 1],
    [8, 8, 0.687656, 1],
    [0, 5, 0, 0.45072],
    [3, 8, 0.111113, 0.710759],
    [7, 8, 0.529321, 0.993609],
    [9, 10, 0.605837, 0.994884],
    [27, 30, 0.761402, 0.972184],
    [1, 29, 0.001767, 0.153392],
    [990, 1000, 0.983097, 0.994565],
  ])('%i of %i', (k, n, least, most) => {
    expect(atLeast(k, n)).toBeCloseTo(least, 6);
    expect(atMost(k, n)).toBeCloseTo(most, 6);
  });

  it('holds at least 95 times of 100, whatever the share is', () => {
    for (const n of [1, 5, 10, 20]) {
      for (let share = 0.01; share < 1; share += 0.01) {
        let holds = 0;
        let chance = (1 - share) ** n;
        for (let k = 0; k <= n; k++) {
          if (atLeast(k, n) <= share + 1e-12) holds += chance;
          chance *= ((n - k) / (k + 1)) * (share / (1 - share));
        }
        expect(holds).toBeGreaterThan(0.95 - 1e-9);
      }
    }
    expect(() => atLeast(2, 1)).toThrow(RangeError);
    expect(() => atMost(0, 0)).toThrow(RangeError);
  });

  // Ten trials, a share of 0.95: chances of 7, 8, 9 and 10 are 1, 7, 32 and 60 %. Whatever a rule says, it covers a set of these.
  it('no interval with two sides can keep 93 to 97 % of ten trials and a share of 0.95', () => {
    const chances = Array.from({ length: 11 }, (_, k) => {
      let chance = 0.95 ** k * 0.05 ** (10 - k);
      for (let i = 1; i <= k; i++) chance *= (10 - k + i) / i;
      return chance;
    });
    const covered = Array.from({ length: 2 ** 11 }, (_, set) =>
      chances.reduce((sum, c, k) => sum + ((set >> k) % 2) * c, 0),
    );
    expect(covered.filter((c) => c > 0.93 && c < 0.97)).toEqual([]);
    expect(chances.slice(9).reduce((sum, c) => sum + c, 0)).toBeCloseTo(0.9139, 4);
    expect(chances.slice(8).reduce((sum, c) => sum + c, 0)).toBeCloseTo(0.9885, 4);
  });
});

describe('kaplanMeier', () => {
  it("gives the textbook's curve (6-MP arm of Freireich et al. 1963, as in R's survival)", () => {
    const events = [6, 6, 6, 7, 10, 13, 16, 22, 23].map((time) => ({ time, event: true }));
    const censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map((time) => ({ time, event: false }));
    const curve = kaplanMeier([...events, ...censored]);
    expect(curve.map((s) => [s.time, s.atRisk, Number(s.survival.toFixed(3))])).toEqual([
      [6, 21, 0.857],
      [7, 17, 0.807],
      [10, 15, 0.753],
      [13, 12, 0.69],
      [16, 11, 0.627],
      [22, 7, 0.538],
      [23, 6, 0.448],
    ]);
  });

  it('is flat without events', () => {
    expect(kaplanMeier([{ time: 5, event: false }])).toEqual([]);
  });
});

describe('the rest', () => {
  it('restricted mean counts what did not recover with the whole horizon', () => {
    expect(
      restrictedMean(
        [
          { time: 40, event: true },
          { time: 999, event: true },
          { time: 10, event: false },
        ],
        100,
      ),
    ).toBe(80);
    expect(() => restrictedMean([], 1)).toThrow(RangeError);
  });

  it('upper bound of a Poisson rate', () => {
    // chi-squared tables: 2.996, 4.744, 6.296, 15.705 (for 9)
    expect(poissonUpper(0)).toBeCloseTo(2.996, 3);
    expect(poissonUpper(1)).toBeCloseTo(4.744, 3);
    expect(poissonUpper(2)).toBeCloseTo(6.296, 3);
    expect(poissonUpper(9)).toBeCloseTo(15.705, 3);
  });
});

describe('areaUnder', () => {
  const freireich = {
    sixMp: [
      ...[6, 6, 6, 7, 10, 13, 16, 22, 23].map((time) => ({ time, event: true })),
      ...[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map((time) => ({ time, event: false })),
    ],
    placebo: [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map((time) => ({
      time,
      event: true,
    })),
  };

  // Both arms of Freireich et al. 1963; restricted_mean_survival_time of lifelines 0.30.3 (Python).
  it.each([
    ['sixMp', 10, 9.277310924369745],
    ['sixMp', 20, 16.116526610644254],
    ['sixMp', 23, 17.909243697478985],
    ['sixMp', 35, 23.287394957983185],
    ['placebo', 10, 6.619047619047619],
    ['placebo', 20, 8.428571428571429],
    ['placebo', 35, 8.666666666666666],
  ] as const)("gives lifelines' restricted mean: %s to %i weeks", (arm, horizon, value) => {
    expect(areaUnder(kaplanMeier(freireich[arm]), horizon)).toBeCloseTo(value, 10);
  });

  it('is mean(min(time, horizon)) where all are censored at the horizon, and never', () => {
    const random = seeded(11);
    for (let run = 0; run < 200; run++) {
      const values = Array.from({ length: 1 + Math.floor(random() * 12) }, (): Observed => {
        const time = Math.round(random() * 150_000);
        return time > 100_000 ? { time: 100_000, event: false } : { time, event: true };
      });
      expect(areaUnder(kaplanMeier(values), 100_000)).toBeCloseTo(restrictedMean(values, 100_000), 5);
    }
  });
});

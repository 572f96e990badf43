import { describe, expect, it } from 'vitest';
import { seeded, shuffled } from '../model/random.ts';
import { differenceInterval, leastValues, meanInterval } from './mean-interval.ts';
import { signFlipInterval } from './permutation.ts';
import type { Bounds } from './stats.ts';
import { simulated, type Draw } from '../../test/support/simulated.ts';

const a = [41, 37, 52, 46, 44, 95, 61, 39];
const b = [47, 43, 60, 58, 49, 120, 66];
const alone = (values: readonly number[]): readonly (readonly number[])[] => values.map((v) => [v]);
const random = seeded(8);

describe('meanInterval', () => {
  // NumPy and SciPy 1.17.1: m = x.mean(); v = x.var(ddof=1)/n; k = ((x-m)**3).sum()/n**3; l = k/v**1.5; t = stats.t.ppf(.975, n-2);
  // inv = lambda w: 3/l*(np.cbrt(1+l*(w-l/6))-1); m - v**.5*inv(t), m - v**.5*inv(-t)
  it.each([
    [a, 39.68029646459453, 119.53421902603829],
    [b, 44.82642164709127, 164.28685806421726],
  ])('is what Python gives: %j', (values, lo, hi) => {
    const bounds = meanInterval(alone(values));
    expect(bounds?.lo).toBeCloseTo(lo, 6);
    expect(bounds?.hi).toBeCloseTo(hi, 6);
  });

  it('is the t interval with one degree less where nothing is skewed', () => {
    // stats.t.ppf(.975, 5) = 2.570582; sd 2.160247 of seven.
    const bounds = meanInterval(alone([1, 2, 3, 4, 5, 6, 7]));
    expect(bounds?.lo).toBeCloseTo(4 - (2.570582 * 2.160247) / Math.sqrt(7), 5);
    expect(bounds?.hi).toBeCloseTo(4 + (2.570582 * 2.160247) / Math.sqrt(7), 5);
  });

  it('moves and stretches with the values; the order does not matter; nothing below six blocks', () => {
    const bounds = meanInterval(alone(a));
    expect(meanInterval(shuffled(alone(a), random))).toEqual(bounds);
    const moved = meanInterval(alone(a.map((v) => 2 * v + 3000)));
    expect(moved?.lo).toBeCloseTo(2 * (bounds?.lo ?? 0) + 3000, 6);
    const turned = meanInterval(alone(a.map((v) => -v)));
    expect(turned?.lo).toBeCloseTo(-(bounds?.hi ?? 0), 6);
    expect(meanInterval([...alone(a).slice(0, leastValues - 1), []])).toBeUndefined();
    expect(meanInterval(alone([7, 7, 7, 7, 7, 7]))).toEqual({ lo: 7, hi: 7 });
  });

  it('a block counts once: what is alike within it adds nothing', () => {
    expect(meanInterval(a.map((v) => [v, v]))?.hi).toBeCloseTo(meanInterval(alone(a))?.hi ?? 0, 8);
    // Of blocks of different sizes the mean is over all values.
    const bounds = meanInterval([[1, 1, 1], [4], [1], [4], [1], [4]]) ?? { lo: 0, hi: 0 };
    expect(bounds.lo).toBeLessThan(17 / 8);
    expect(bounds.hi).toBeGreaterThan(17 / 8);
  });
});

describe('differenceInterval', () => {
  // As above, of mean(b) - mean(a): v and k added (k of a taken off), degrees of Welch, 10.83 as in scipy.stats.ttest_ind, less one, rounded down.
  it('is what Python gives, and changes its sign with the names', () => {
    const bounds = differenceInterval(alone(a), alone(b));
    expect(bounds?.lo).toBeCloseTo(-12.163159831256326, 6);
    expect(bounds?.hi).toBeCloseTo(44.669032072222166, 6);
    const turned = differenceInterval(alone(b), alone(a));
    expect(turned?.lo).toBeCloseTo(-44.669032072222166, 6);
    expect(turned?.hi).toBeCloseTo(12.163159831256326, 6);
    expect(differenceInterval(alone(a), alone(b.slice(2)))).toBeUndefined();
  });
});

const { draws, random: drawn } = simulated(8);
const some = (n: number, draw: Draw): readonly (number | undefined)[] => Array.from({ length: n }, draw);
const back = (times: readonly (number | undefined)[]): readonly (readonly number[])[] =>
  times.flatMap((t) => (t === undefined ? [] : [[t]]));
const truthOf = (draw: Draw): number => {
  const all = back(some(300_000, draw)).flat();
  return all.reduce((sum, v) => sum + v, 0) / all.length;
};
/** Of the rounds that have an interval, the share in which it holds the truth. */
function share(rounds: number, truth: number, ask: () => Bounds | undefined): number {
  let [given, covered] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const bounds = ask();
    if (bounds === undefined) continue;
    given++;
    if (bounds.lo <= truth && truth <= bounds.hi) covered++;
  }
  return covered / given;
}
/** Of the blocks in which both recovered. */
function paired(n: number, a: Draw, b: Draw): Bounds | undefined {
  const [x, y] = [some(n, a), some(n, b)];
  const differences = x.flatMap((time, i) => {
    const other = y[i];
    return time === undefined || other === undefined ? [] : [other - time];
  });
  return signFlipInterval(differences, Math.floor(drawn() * 1e9));
}

// 93 to 97 % and two standard errors; docs/measurement.md has more rounds (`npm run bench coverage`).
describe.each(Object.entries(draws))('covers the truth as often as it says: %s', (_kind, draw) => {
  const truth = truthOf(draw);
  it.each([10, 20])('of those that came back, %i blocks', (n) => {
    for (const covered of [
      share(2000, truth, () => meanInterval(back(some(n, draw)))),
      share(2000, 0, () => differenceInterval(back(some(n, draw)), back(some(n, draw)))),
      share(1500, 0, () => paired(n, draw, draw)),
    ]) {
      expect(covered).toBeGreaterThan(0.92);
      expect(covered).toBeLessThan(0.98);
    }
  });
});

it('covers the difference of a steady one and one with a long tail', () => {
  const { normal, 'long tail': tail } = draws;
  const truth = truthOf(tail) - truthOf(normal);
  for (const covered of [
    share(2000, truth, () => differenceInterval(back(some(10, normal)), back(some(10, tail)))),
    share(2000, truth, () => paired(10, normal, tail)),
  ]) {
    expect(covered).toBeGreaterThan(0.92);
    expect(covered).toBeLessThan(0.98);
  }
});

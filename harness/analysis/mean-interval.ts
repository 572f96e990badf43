import jstat from 'jstat';
import { sum } from './numbers.ts';
import type { Bounds } from './stats.ts';

/** Fewest values of which an interval is given. */
export const leastValues = 6;

/** Values that belong together, for they were measured in the same block. */
export type Block = readonly number[];

/** A mean with what is needed of its distribution: variance and third central moment of the mean, and degrees of freedom. */
interface Estimate {
  readonly mean: number;
  readonly variance: number;
  readonly third: number;
  readonly df: number;
}

/**
 * Interval (95 %) of a mean over blocks: Student's t, corrected for the skewness that the values show by Hall's cubic transformation, which can
 * be turned round and so never swings back (Hall, J. R. Stat. Soc. B 54 (1992) 221); with one degree of freedom less, for the skewness is
 * found in the same values. Nothing is drawn. Of blocks with several values the mean is over all values, and a block counts as one.
 * docs/measurement.md has how often it covers the truth. Undefined below six blocks.
 */
export function meanInterval(blocks: readonly Block[]): Bounds | undefined {
  const values = valuesOf(blocks);
  return values.length < leastValues ? undefined : around(estimate(values), 1);
}

/** The same of mean(b) − mean(a) of two samples with nothing in common; degrees of freedom after Welch, Biometrika 34 (1947) 28. */
export function differenceInterval(a: readonly Block[], b: readonly Block[]): Bounds | undefined {
  const [x, y] = [valuesOf(a), valuesOf(b)];
  if (x.length < leastValues || y.length < leastValues) return undefined;
  const [first, second] = [estimate(x), estimate(y)];
  const variance = first.variance + second.variance;
  const spread = first.variance ** 2 / first.df + second.variance ** 2 / second.df;
  return around(
    {
      mean: second.mean - first.mean,
      variance,
      third: second.third - first.third,
      df: spread === 0 ? first.df : variance ** 2 / spread,
    },
    1,
  );
}

/** One value for each block, with the mean over all values; in a fixed order, so that the order of blocks does not matter. */
function valuesOf(blocks: readonly Block[]): readonly number[] {
  const sums = blocks.filter((b) => b.length > 0).map((b) => ({ sum: sum(b), count: b.length }));
  const count = sum(sums.map((s) => s.count)) / Math.max(1, sums.length);
  const mean = sum(sums.map((s) => s.sum)) / Math.max(1, sum(sums.map((s) => s.count)));
  return sums.map((s) => mean + (s.sum - mean * s.count) / count).sort((x, y) => x - y);
}

function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = sum(values) / n;
  const moment = (power: number): number => sum(values.map((v) => (v - mean) ** power));
  return { mean, variance: moment(2) / (n - 1) / n, third: moment(3) / n ** 3, df: n - 1 };
}

function around({ mean, variance, third, df }: Estimate, lost: number): Bounds {
  const error = Math.sqrt(variance);
  if (error === 0) return { lo: mean, hi: mean };
  const t = jstat.studentt.inv(0.975, Math.max(1, Math.floor(df - lost)));
  const skew = third / error ** 3;
  // Hall's T + λT²/3 + λ²T³/27 + λ/6 is a cube less something: turned round.
  const turned = (w: number): number =>
    Math.abs(skew) < 1e-6 ? w : (3 / skew) * (Math.cbrt(1 + skew * (w - skew / 6)) - 1);
  return { lo: mean - error * turned(t), hi: mean - error * turned(-t) };
}

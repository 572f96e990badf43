import { mean, sampleVariance } from 'simple-statistics';
import jstat from 'jstat';

/** Where a series changed: `index` is the first value after the change. `p` is of the stretches on both sides, up to the next change. */
export interface ChangePoint {
  readonly index: number;
  readonly before: number;
  readonly after: number;
  readonly p: number;
}

/** How sure a change must be, and how many values a stretch has at least. */
export interface ChangeOptions {
  /** Two-sided; candidates are taken up to ten times it, and weeded out until all are below it. */
  readonly maxP: number;
  readonly leastLength: number;
}

/**
 * Change points of a series, in order: E-divisive (Matteson and James, J. Am. Stat. Assoc. 109 (2014) 334) with Student's t-test for its
 * permutation test, so that the same series always gives the same points and nothing has to be drawn; a stretch is split where the energy
 * distance between its parts is greatest, as long as they differ at ten times `maxP`, and then the weakest point goes, and its neighbours
 * are judged again, until all are below `maxP` (Fleming et al., "Hunter", ICPE 2023, doi:10.1145/3578244.3583719). Pure.
 */
export function changePoints(series: readonly number[], options: ChangeOptions): readonly ChangePoint[] {
  const weak = Math.min(1, options.maxP * 10);
  let found: readonly number[] = [];
  for (;;) {
    const candidate = bestSplit(series, found, options.leastLength);
    if (candidate === undefined) break;
    const next = [...found, candidate].sort((a, b) => a - b);
    if (pointAt(series, next, candidate).p >= weak) break;
    found = next;
  }
  for (;;) {
    const points = found.map((index) => pointAt(series, found, index));
    const weakest = points.reduce<ChangePoint | undefined>((w, c) => (w === undefined || c.p > w.p ? c : w), undefined);
    if (weakest === undefined || weakest.p < options.maxP) return points;
    found = found.filter((index) => index !== weakest.index);
  }
}

/** The split of the greatest energy distance in any stretch between the points so far. */
function bestSplit(series: readonly number[], found: readonly number[], leastLength: number): number | undefined {
  const edges = [0, ...found, series.length];
  let best: { readonly index: number; readonly q: number } | undefined;
  edges.slice(1).forEach((to, i) => {
    const from = edges[i] ?? 0;
    const split = splitOf(series.slice(from, to), leastLength);
    if (split !== undefined && (best === undefined || split.q > best.q))
      best = { index: from + split.index, q: split.q };
  });
  return best?.index;
}

/**
 * The split of a stretch with the greatest Q = 2/(n+m) ΣΣ|x−y| − 2m/((n+m)(n−1)) Σ|x−x'| − 2n/((n+m)(m−1)) Σ|y−y'|, n values before it
 * and m after it; the m need not reach to the end, so that a change and its undoing do not hide each other. Undefined where the stretch is
 * too short for two parts. Equal to the definition, value by value (a test).
 */
export function splitOf(
  x: readonly number[],
  leastLength = 1,
): { readonly index: number; readonly q: number } | undefined {
  const length = x.length;
  // sums[j][i]: of |x[j] − x[k]| over all k below i.
  const sums = x.map((value) => {
    const row = new Float64Array(length + 1);
    for (let k = 0; k < length; k++) row[k + 1] = (row[k] ?? 0) + Math.abs(value - (x[k] ?? 0));
    return row;
  });
  const between = (j: number, from: number, to: number): number => (sums[j]?.[to] ?? 0) - (sums[j]?.[from] ?? 0);
  let best: { readonly index: number; readonly q: number } | undefined;
  let left = 0;
  for (let tau = 1; tau < length; tau++) {
    left += between(tau - 1, 0, tau - 1);
    if (tau < leastLength || length - tau < leastLength) continue;
    let [across, right] = [0, 0];
    for (let kappa = tau + 1; kappa <= length; kappa++) {
      across += between(kappa - 1, 0, tau);
      right += between(kappa - 1, tau, kappa - 1);
      const [n, m] = [tau, kappa - tau];
      if (m < leastLength) continue;
      const q =
        (2 / (n + m)) * across -
        (n > 1 ? ((2 * m) / ((n + m) * (n - 1))) * left : 0) -
        (m > 1 ? ((2 * n) / ((n + m) * (m - 1))) * right : 0);
      if (best === undefined || q > best.q) best = { index: tau, q };
    }
  }
  return best;
}

function pointAt(series: readonly number[], points: readonly number[], index: number): ChangePoint {
  const from = points.filter((p) => p < index).at(-1) ?? 0;
  const to = points.find((p) => p > index) ?? series.length;
  const [left, right] = [series.slice(from, index), series.slice(index, to)];
  return { index, before: mean(left), after: mean(right), p: studentTest(left, right) };
}

/**
 * Two-sided p of Student's t-test of two samples with one scatter (Student, Biometrika 6 (1908) 1). 1 where nothing can be said: fewer than
 * three values, or none on a side. Without any scatter 1 for equal means and 0 for others.
 */
export function studentTest(a: readonly number[], b: readonly number[]): number {
  const df = a.length + b.length - 2;
  if (a.length === 0 || b.length === 0 || df < 1) return 1;
  const squares = (values: readonly number[]): number =>
    values.length < 2 ? 0 : sampleVariance([...values]) * (values.length - 1);
  const difference = mean([...b]) - mean([...a]);
  const error = Math.sqrt(((squares(a) + squares(b)) / df) * (1 / a.length + 1 / b.length));
  if (error === 0) return difference === 0 ? 1 : 0;
  return Math.min(1, 2 * jstat.studentt.cdf(-Math.abs(difference) / error, df));
}

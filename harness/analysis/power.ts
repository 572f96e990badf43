import { leastPairs } from './permutation.ts';
import { studentQuantile } from './student.ts';

/** More blocks than anybody runs: what is asked for stops here, and the text says "more than". */
export const mostBlocks = 1000;
const power = 0.8;

/**
 * How many blocks would show a difference of `effectMs` four times out of five, judged by how much the differences scatter so
 * far: the smallest n with n ≥ k (t(1 − α/2, df) + t(0.8, df))² sd² / effect², where α is 0.05 over the number of comparisons
 * (Bonferroni, the worst that Holm may ask for), k = 1 and df = n − 1 for pairs, k = 2 and df = 2n − 2 for two runs; never fewer
 * than the permutation test needs. The textbooks' sample size of a t-test, with t for z. It comes from a scatter that itself is
 * a guess with few blocks: an order of magnitude. `mostBlocks` when it would be more.
 */
export function blocksNeeded(
  sdMs: number,
  effectMs: number,
  comparisons: number,
  design: 'paired' | 'two-sample' = 'paired',
): number {
  const samples = design === 'paired' ? 1 : 2;
  const tail = 0.05 / (2 * Math.max(1, comparisons));
  const enough = (n: number): boolean => {
    const df = samples * (n - 1);
    return n >= samples * ((studentQuantile(1 - tail, df) + studentQuantile(power, df)) * (sdMs / effectMs)) ** 2;
  };
  let lo = leastPairs(comparisons);
  let hi = mostBlocks;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (enough(mid)) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}

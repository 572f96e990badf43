import { leastPairs } from './permutation.ts';
import { studentQuantile } from './student.ts';

/** More blocks than anybody runs: what is asked for stops here, and the text says "more than". */
export const mostBlocks = 1000;
const power = 0.8;

/**
 * How many blocks would show a difference of `effectMs` four times out of five, judged by how much the differences scatter so
 * far: the smallest n with n ≥ k (t(1 − α/2, df) + t(0.8, df))² sd² / effect², where α is 0.05 over the number of comparisons, k = 1 and
 * df = n − 1 for pairs, k = 2 and df = 2n − 2 for two runs; never fewer than `least`. Bonferroni over all pairs, each time with its weight (a comparison of a time
 * with the weight 0.8 counts as 1.25), is the worst that closed testing comes to: mostly fewer are enough. The textbooks' sample size of a t-test, with t for z, which is close
 * to that of the permutation test. It comes from a scatter that itself is a guess with few blocks: an order of magnitude. `mostBlocks` when it
 * would be more.
 */
export function blocksNeeded(
  sdMs: number,
  effectMs: number,
  comparisons: number,
  design: 'paired' | 'two-sample' = 'paired',
  least = leastPairs(1),
): number {
  const samples = design === 'paired' ? 1 : 2;
  const tail = 0.05 / (2 * Math.max(1, comparisons));
  const enough = (n: number): boolean => {
    const df = samples * (n - 1);
    return n >= samples * ((studentQuantile(1 - tail, df) + studentQuantile(power, df)) * (sdMs / effectMs)) ** 2;
  };
  let lo = least;
  let hi = mostBlocks;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (enough(mid)) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}

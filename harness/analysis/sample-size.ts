import jstat from 'jstat';
import type { Look } from '../model/plan.ts';
import { leastPairs } from './permutation.ts';

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
    return n >= samples * ((jstat.studentt.inv(1 - tail, df) + jstat.studentt.inv(power, df)) * (sdMs / effectMs)) ** 2;
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

/**
 * Blocks after which a comparison may be looked at, before the last, and the level there. Six blocks that all point one way (p = 0.03125, over the
 * weight of downtime 0.039) decide at the first look, which spends most of the whole; eight, where two runbooks each beside another one need it, at the
 * second.
 */
const between: readonly Look[] = [
  { blocks: 6, level: 0.04 },
  { blocks: 8, level: 0.02 },
  { blocks: 11, level: 0.004 },
  { blocks: 14, level: 0.004 },
  { blocks: 17, level: 0.004 },
  { blocks: 20, level: 0.004 },
];
/** The last look's level, by how many come before it: what is left of 0.05 where the looks see for the most part the same blocks. */
const last: readonly number[] = [0.05, 0.03, 0.0175, 0.0125, 0.012, 0.011, 0.006];

/**
 * The looks of a comparison that ends as soon as it is decided, with `trials` blocks at most: at 6, 8, 11, 14, 17 and 20 blocks, the last one always
 * after the last block. The chance that any look shows a difference where there is none is at most 5 % over all of them: found by simulation of normal, long-tailed
 * and rarely great differences (docs/measurement.md has the tables, `looks.test.ts` holds the rate). In the terms of Lan and DeMets, Biometrika 70 (1983) 659,
 * a spending function that spends early. Empty for no blocks.
 */
export function looksFor(trials: number): readonly Look[] {
  if (trials < 1) return [];
  const before = between.filter(({ blocks }) => blocks < trials);
  return [...before, { blocks: trials, level: last[before.length] ?? 0 }];
}

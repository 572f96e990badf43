import { quantileSorted } from 'simple-statistics';
import { seeded } from '../model/random.ts';
import type { Bounds } from './stats.ts';
import { normalCdf, studentQuantile } from './student.ts';

/** Least number of blocks from which an arm's interval is shown; below it only the points are. */
export const bootstrapLeast = 10;

/** Values that belong together, for they were measured in the same block: drawn together or not at all. */
export type Block = readonly number[];

/**
 * Bootstrap interval (95 %) of a mean over blocks, seeded: whole blocks are drawn with replacement, and the mean is taken over
 * all values drawn. The quantiles are the expanded ones, Φ(±√(n/(n−1)) · t(n−1)) instead of 2.5 % and 97.5 %, because the plain
 * percentile interval is too narrow for ten blocks. Sources: Davison and Hinkley, Bootstrap Methods and their Application
 * (1997), for the percentile method and data in groups; Hesterberg, The American Statistician 69 (2015) 371, for the expansion.
 * Undefined below `bootstrapLeast` blocks.
 */
export function blockBootstrap(blocks: readonly Block[], seed: number, rounds = 2000): Bounds | undefined {
  const filled = blocks.filter((b) => b.length > 0);
  if (filled.length < bootstrapLeast) return undefined;
  return interval(draws(filled, seed, rounds), filled.length);
}

/**
 * The same of mean(b) − mean(a) of two runs whose blocks have nothing in common: each is drawn by itself.
 * Undefined when either has fewer than `least` blocks.
 */
export function twoSampleBootstrap(
  a: readonly Block[],
  b: readonly Block[],
  seed: number,
  least = bootstrapLeast,
  rounds = 2000,
): Bounds | undefined {
  const [fullA, fullB] = [a.filter((x) => x.length > 0), b.filter((x) => x.length > 0)];
  const n = Math.min(fullA.length, fullB.length);
  if (n < least || n < 2) return undefined;
  // One stream of numbers for both, so that swapping a and b only changes the sign.
  const [first, second] = [draws(fullA, seed, rounds), draws(fullB, seed + 1, rounds)];
  const swapped = [draws(fullA, seed + 1, rounds), draws(fullB, seed, rounds)] as const;
  const differences = first.map((x, i) => (second[i] ?? 0) - x);
  const mirrored = swapped[0].map((x, i) => (swapped[1][i] ?? 0) - x);
  return interval([...differences, ...mirrored], n);
}

/** `rounds` means of blocks drawn with replacement. Sorted first, so that the order of blocks does not matter. */
function draws(blocks: readonly Block[], seed: number, rounds: number): readonly number[] {
  const random = seeded(seed);
  const pool = blocks
    .map((block) => ({ sum: [...block].sort((x, y) => x - y).reduce((s, v) => s + v, 0), count: block.length }))
    .sort((x, y) => x.sum - y.sum || x.count - y.count);
  return Array.from({ length: rounds }, () => {
    let sum = 0;
    let count = 0;
    for (const _ of pool) {
      const block = pool[Math.floor(random() * pool.length)];
      sum += block?.sum ?? 0;
      count += block?.count ?? 0;
    }
    return sum / count;
  });
}

function interval(means: readonly number[], n: number): Bounds {
  const sorted = [...means].sort((x, y) => x - y);
  const tail = normalCdf(-Math.sqrt(n / (n - 1)) * studentQuantile(0.975, n - 1));
  return { lo: quantileSorted(sorted, tail), hi: quantileSorted(sorted, 1 - tail) };
}

import type { Look } from '../model/plan.ts';

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

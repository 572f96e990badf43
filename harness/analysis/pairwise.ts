import { blockPermutation, type CellTest } from './block-permutation.ts';
import { closedTesting } from './closed-testing.ts';
import type { ObservedTime } from './observed.ts';

/** Each arm's times by block; undefined where it has none. */
export type TimesByBlock = readonly (readonly (ObservedTime | undefined)[])[];

/** Of two arms i < j: their own p, and after closed testing over all pairs, at `j * arms + i`. */
export interface Pairwise {
  readonly own: Float64Array;
  readonly closed: Float64Array;
}

/** Values of an arm in each block, NaN where it has none; of all arms. */
type Table = readonly Float64Array[];

/**
 * p of every pair of arms (`closedTesting`, `blockPermutation`). A pair's is the greatest of three: of the times' middles, and of one arm's upper
 * ends against the other's lower ones. Cells of more arms have the middles only: what is not known of an instant moves all arms the same way,
 * and no pair's p is below its own.
 */
export function pairwise(
  times: TimesByBlock,
  { seed, level }: { readonly seed: number; readonly level: number },
): Pairwise {
  const arms = times.length;
  const table = (of: (t: ObservedTime) => number): Table =>
    times.map((row) => Float64Array.from(row, (t) => (t === undefined ? NaN : of(t))));
  const middles = table((t) => t.time);
  const sharp = times.every((row) => row.every((t) => t === undefined || t.lo === t.hi));
  const ends = sharp ? [middles] : [table((t) => t.lo), middles, table((t) => t.hi)];
  const own = new Float64Array(arms * arms);
  const rowsOf = (cell: readonly number[]): Table => cell.flatMap((arm) => middles[arm] ?? []);
  const test = (cell: readonly number[]): CellTest => {
    if (cell.length > 2) return blockPermutation(rowsOf(cell), seed);
    const [i = 0, j = 0] = cell;
    const tests = ends.map((rows, end) =>
      blockPermutation([ends[ends.length - 1 - end]?.[i] ?? [], rows[j] ?? []], seed),
    );
    const p = Math.max(...tests.map((t) => t.p));
    own[j * arms + i] = p;
    return { p, least: Math.max(...tests.map((t) => t.least)) };
  };
  return { closed: closedTesting(arms, test, level), own };
}

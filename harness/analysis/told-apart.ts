import type { Endpoint } from '../model/plan.ts';
import type { ObservedTime } from './observed.ts';
import type { Bounds } from './stats.ts';

/** What one arm came to in one block. Times in ms; the mean where it has several valid trials there. */
export interface ArmBlock {
  readonly downtimeMs: number;
  readonly ttr: ObservedTime;
}

/** An arm's valid trials by block; blocks of two arms belong together where they have the same key. */
export interface ArmBlocks {
  readonly id: string;
  readonly blocks: ReadonlyMap<string, ArmBlock>;
}

/** What is known of the difference of two arms in one of the two times. Everything is of b − a: above 0, a is sooner. Whole ms. */
export interface Told {
  /** Mean difference over the blocks in which both came back; absent where there is none. */
  readonly differenceMs?: number;
  /** 95 % of that; absent below six such blocks. */
  readonly interval?: Bounds;
  /** Blocks in which both came back. */
  readonly both: number;
  /** The same mean over all common blocks, what did not come back counted with the horizon. */
  readonly restrictedMs: number;
  /** Two-sided, of all common blocks; and adjusted over all pairs and both times. Absent where nothing can be shown. */
  readonly p?: number;
  readonly pAdjusted?: number;
  readonly minimumEffectMs: number;
  /** Which is shown to be sooner, by at least the minimum effect. */
  readonly sooner?: 'a' | 'b';
}

/** Two arms beside each other. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  /** Blocks in which both were valid. */
  readonly blocks: number;
  readonly times: Readonly<Record<Endpoint, Told>>;
  /** Which is shown to be better: sooner in one time, and not shown to be later in the other. */
  readonly better?: 'a' | 'b';
  /** Whether a (b) is shown to be no later than the other by the minimum effect or more, in both times. */
  readonly noWorse: { readonly a: boolean; readonly b: boolean };
}

export interface ToldApartOptions {
  readonly horizonMs: number;
  readonly seed: number;
  /** What an adjusted p must not be above: 0.05, or the look's. */
  readonly level: number;
}

/** Tells every pair of arms apart. Pure; the order of arms and blocks does not matter. */
export function tellApart(_arms: readonly ArmBlocks[], _options: ToldApartOptions): readonly Pair[] {
  throw new Error('not built yet');
}

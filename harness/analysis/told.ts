import { whole } from './numbers.ts';
import type { ObservedTime } from './observed.ts';
import { signFlipInterval } from './permutation.ts';
import type { Bounds } from './stats.ts';

/** What a difference must at least be to matter: so much, or a tenth of the slower mean, or twice what the instants are known to. */
export const leastEffectMs = 5000;
export const leastShare = 0.1;

/** What is known of the difference of two arms in one time. Everything is of b − a: above 0, a is sooner. Whole ms. */
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

/** Two arms' times of the same block. */
export type TimePair = readonly [ObservedTime, ObservedTime];

/** What was found of a pair: p, and after all adjustments; absent where nothing can be shown. */
export interface Tested {
  readonly p: number;
  readonly adjusted: number;
  /** What the adjusted p must not be above. */
  readonly level: number;
}

/**
 * Sums up two arms' times, block by block. Sooner is what has an adjusted p not above the level, at least the minimum effect, and an interval, where there is
 * one, that lies wholly on that side: one that comes back more often, but later where both do, is not sooner.
 */
export function toldOf(pairs: readonly TimePair[], tested: Tested | undefined, seed: number): Told {
  const back = pairs.filter(([x, y]) => x.event && y.event);
  const restricted = meanOf(pairs.map(middle));
  const interval = intervalOf(back, seed);
  const minimumEffectMs = minimumEffect(
    Math.max(meanOf(pairs.map(([x]) => x.time)), meanOf(pairs.map(([, y]) => y.time))),
    resolutionOf(pairs),
  );
  const told = {
    ...(back.length === 0 ? {} : { differenceMs: whole(meanOf(back.map(middle))) }),
    ...(interval === undefined ? {} : { interval }),
    both: back.length,
    restrictedMs: whole(restricted),
    minimumEffectMs,
  };
  if (tested === undefined) return told;
  const { p, adjusted, level } = tested;
  const agrees = interval === undefined || (restricted > 0 ? interval.lo > 0 : interval.hi < 0);
  const shown = adjusted <= level && agrees && Math.abs(told.restrictedMs) >= minimumEffectMs;
  return {
    ...told,
    p: fourDigits(p),
    pAdjusted: fourDigits(Math.max(p, adjusted)),
    ...(shown ? { sooner: restricted > 0 ? 'a' : 'b' } : {}),
  };
}

const least = ([x, y]: TimePair): number => y.lo - x.hi;
const middle = ([x, y]: TimePair): number => y.time - x.time;
const most = ([x, y]: TimePair): number => y.hi - x.lo;

/** Half of how far the mean difference moves between the ends of the instants, ms. */
export const resolutionOf = (pairs: readonly TimePair[]): number =>
  (meanOf(pairs.map(most)) - meanOf(pairs.map(least))) / 2;

/** The least difference that matters, whole ms, for the slower one's mean and a resolution. */
export const minimumEffect = (slowerMs: number, resolutionMs: number): number =>
  whole(Math.max(leastEffectMs, leastShare * slowerMs, 2 * resolutionMs));

/** From the lower ends' lower to the upper ends' upper end. */
function intervalOf(pairs: readonly TimePair[], seed: number): Bounds | undefined {
  const lower = signFlipInterval(pairs.map(least), seed);
  if (lower === undefined) return undefined;
  const sharp = pairs.every((pair) => least(pair) === most(pair));
  const upper = sharp ? lower : signFlipInterval(pairs.map(most), seed);
  return { lo: whole(lower.lo), hi: whole((upper ?? lower).hi) };
}

/** Mean; 0 for none. */
export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((s, v) => s + v, 0) / values.length;
export const fourDigits = (p: number): number => Number(p.toPrecision(4));

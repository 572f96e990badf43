import type { Endpoint } from '../model/plan.ts';
import type { Bounds } from './stats.ts';

/** What is compared of two arms: of runbooks downtime and the time to recover, of alerts the time to detect. */
export type Time = Endpoint | 'ttd';

/**
 * What a comparison shows:
 * - `faster`, `slower`: a before b, or after it: the adjusted p is not above the level, the interval, where there is one, lies on that side, and it is at
 *   least the minimum effect. Of two arms: so in one time, and not the other way round in the other;
 * - `mixed` (only of two arms): each is faster in one of the two times;
 * - `below-minimum`: significantly different, but by less than would matter;
 * - `not-shown`: no difference shown, which is not the same as none;
 * - `not-resolvable`: which is sooner depends on which end of the instants' intervals is taken, and their width is more than what would matter else;
 * - `neither`: no trial of either saw the event within the horizon;
 * - `too-few`: so few that nothing can be shown;
 * - `refused`: the environments differ;
 * - `no-data`: nothing to compare.
 */
export type ComparisonKind =
  | 'faster'
  | 'slower'
  | 'mixed'
  | 'below-minimum'
  | 'not-shown'
  | 'not-resolvable'
  | 'neither'
  | 'too-few'
  | 'refused'
  | 'no-data';

/** One side of one time. Whole ms. */
export interface Side {
  readonly n: number;
  /** How many recovered (alerts: noticed). */
  readonly events: number;
  /** Mean of those; absent where there is none. */
  readonly meanMs?: number;
  /** Mean of all, what did not recover counted with the horizon (alerts: the area under Kaplan and Meier's curve up to it). */
  readonly restrictedMs: number;
}

/** One time of two arms, and what can be said of its difference. Everything is of b − a: above 0, a is sooner. Whole ms. */
export interface TimeComparison {
  readonly time: Time;
  readonly kind: ComparisonKind;
  readonly sideA?: Side;
  readonly sideB?: Side;
  /** Where both recovered (two runs: those that recovered in each): blocks of which that is so, mean difference, 95 % of it from six on. */
  readonly both?: number;
  readonly differenceMs?: number;
  readonly interval?: Bounds;
  /** Mean difference of all, what did not recover counted with the horizon: what p is of. */
  readonly restrictedMs?: number;
  /** Half of how far that moves between the ends of the instants. */
  readonly resolutionMs?: number;
  /** The greatest p of both ends and the middles; and after all adjustments. */
  readonly p?: number;
  readonly pAdjusted?: number;
  readonly minimumEffectMs?: number;
  /** Blocks that would show the minimum effect four times out of five, where nothing was shown and there are at least three; 1000 stands for more. */
  readonly blocksNeeded?: number;
  /** Fewest with which anything can be shown, where there are fewer. */
  readonly leastBlocks?: number;
}

/** Two arms beside each other. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly kind: ComparisonKind;
  /** The whole of it in one line. */
  readonly says: string;
  /** Downtime, then the time to recover; of alerts the time to detect. */
  readonly times: readonly TimeComparison[];
  /** Was not declared before the first trial. */
  readonly exploratory?: true;
}

/** What one time shows, from its numbers. */
export function kindOf(
  numbers: Omit<TimeComparison, 'kind'>,
  asked: { readonly refused: boolean; readonly level: number; readonly sooner: 'a' | 'b' | undefined },
): ComparisonKind {
  const {
    time,
    sideA,
    sideB,
    p,
    pAdjusted = 1,
    interval,
    restrictedMs = 0,
    resolutionMs = 0,
    minimumEffectMs = 0,
  } = numbers;
  if (sideA === undefined || sideB === undefined) return 'no-data';
  if (asked.refused) return 'refused';
  if (time !== 'downtime' && sideA.events + sideB.events === 0) return 'neither';
  if (p === undefined) return 'too-few';
  // Where the instants' own width is the minimum effect, no number of blocks would help.
  if (minimumEffectMs <= 2 * resolutionMs + 1 && Math.abs(restrictedMs) < resolutionMs) return 'not-resolvable';
  if (asked.sooner !== undefined) return asked.sooner === 'a' ? 'faster' : 'slower';
  const agrees = interval === undefined || (restrictedMs > 0 ? interval.lo > 0 : interval.hi < 0);
  return pAdjusted <= asked.level && agrees && Math.abs(restrictedMs) < minimumEffectMs ? 'below-minimum' : 'not-shown';
}

/** What two arms' times show together. */
export function kindOfAll(kinds: readonly ComparisonKind[]): ComparisonKind {
  const [faster, slower] = [kinds.includes('faster'), kinds.includes('slower')];
  if (faster && slower) return 'mixed';
  const order = [
    'refused',
    'faster',
    'slower',
    'neither',
    'below-minimum',
    'not-shown',
    'not-resolvable',
    'too-few',
  ] as const;
  return order.find((kind) => kinds.includes(kind)) ?? 'no-data';
}

import { mean } from 'simple-statistics';
import type { Endpoint } from '../../model/plan.ts';
import { whole } from '../numbers.ts';
import type { ObservedTime } from '../observed.ts';
import { leastPairs, signFlip, signFlipInterval } from '../permutation.ts';
import type { Bounds } from '../stats.ts';
import { endpointWeights, fourDigits, minimumEffect } from '../significance.ts';
import type { Night } from './lines.ts';
import { blockTimes, pairUp, type Floors, type Pairs, type Timed } from './pooled.ts';

/** Fewer nights than these are never held against a baseline: of three, one that stands out is the minority. */
export const leastNights = 3;

/**
 * p adjusted must be below this. Not 0.05 as elsewhere: a comparison is asked once, and this every night of every scenario, against the same
 * baseline.
 */
const surest = 0.01;

/** How much of its error each of an arm's two times is given; where one of them is not known the other has the whole. */
export const weights: Readonly<Record<Timed['what'], number>> = { ...endpointWeights, ttd: 1 };

/** One time of one arm or alert: the baseline against the pooled nights, in pairs of blocks. Whole ms; a difference above 0 is longer now. */
export interface JudgedTime {
  readonly what: Endpoint | 'ttd';
  readonly pairs: number;
  /** Means, restricted to the horizon. */
  readonly thenMs: number;
  readonly nowMs: number;
  readonly differenceMs: number;
  readonly minimumEffectMs: number;
  /** 95 % of the difference, from the lower ends' interval to the upper ends'; only where it is shown. */
  readonly interval?: Bounds;
  /** Two-sided; and adjusted over all arms and both times, or over all alerts. Absent where there are too few pairs to show anything. */
  readonly p?: number;
  readonly pAdjusted?: number;
  /** Shown to be longer (shorter) in the pooled nights, whichever of them is left out. */
  readonly longer: boolean;
  readonly shorter: boolean;
}

/** What is asked of one arm or alert: its name and its times; what is looked up on both sides differs only for the canary. */
export interface Asked {
  readonly id: string;
  readonly times: readonly { readonly base: Timed; readonly now: Timed }[];
}

/** What came of it: those times that both the baseline and the pool have. */
export interface Judged {
  readonly id: string;
  readonly times: readonly JudgedTime[];
}

/** The times of everything asked, adjusted together. Pure. */
export function judge(
  asked: readonly Asked[],
  baseline: readonly Night[],
  pool: readonly Night[],
  floors: Floors,
): readonly Judged[] {
  const rows = asked.map(({ id, times }) => {
    const found = times.flatMap(({ base, now }) => {
      const pairsIn = (nights: readonly Night[]): Pairs =>
        pairUp(blockTimes(baseline, base, floors), blockTimes(nights, now, floors));
      const pairs = pairsIn(pool);
      return pairs.length === 0 ? [] : [{ what: base.what, pairs, pairsIn, ...measure(pairs) }];
    });
    const share = found.reduce((s, t) => s + weights[t.what], 0);
    return { id, found: found.map((t) => ({ ...t, weight: weights[t.what] / share })) };
  });
  const sure = adjusted(rows.map(({ found }) => found.map((t) => ({ p: t.p ?? 1, weight: t.weight }))));
  return rows.map(({ id, found }, arm) => ({
    id,
    times: found.map(({ what, pairs, pairsIn, ends, p, minimumEffectMs }, i): JudgedTime => {
      const pAdjusted = sure[arm]?.[i] ?? 1;
      const direction = Math.sign(ends.mid);
      // One night never decides: without any one of them the difference is still there, and still matters.
      const lasts = (): boolean =>
        pool.length >= leastNights &&
        pool.every((night) => {
          const rest = pairsIn(pool.filter((other) => other !== night));
          return rest.length > 0 && direction * mean(rest.map(([x, y]) => y.time - x.time)) >= minimumEffectMs;
        });
      // Which is longer must not hang on which end of the instants is taken.
      const oneWay = ends.lo > 0 || ends.hi < 0;
      const matters = Math.abs(ends.mid) >= minimumEffectMs;
      const shown = p !== undefined && pAdjusted < surest && oneWay && matters && lasts();
      const interval = shown ? intervalOf(pairs) : undefined;
      return {
        what,
        pairs: pairs.length,
        thenMs: whole(mean(pairs.map(([x]) => x.time))),
        nowMs: whole(mean(pairs.map(([, y]) => y.time))),
        differenceMs: whole(ends.mid),
        minimumEffectMs,
        ...(interval === undefined ? {} : { interval }),
        ...(p === undefined ? {} : { p: fourDigits(p), pAdjusted: fourDigits(pAdjusted) }),
        longer: shown && direction > 0,
        shorter: shown && direction < 0,
      };
    }),
  }));
}

interface Measured {
  /** The mean difference with the instants at their ends and in the middle, ms. */
  readonly ends: { readonly lo: number; readonly mid: number; readonly hi: number };
  readonly minimumEffectMs: number;
  readonly p?: number;
}

/** As `compare` measures: p is the greatest of the lower ends', the middles' and the upper ends'. */
function measure(pairs: Pairs): Measured {
  const cases = [lowest, middle, highest].map((d) => pairs.map(d));
  const [lo = 0, mid = 0, hi = 0] = cases.map((d) => mean(d));
  const slower = Math.max(mean(pairs.map(([x]) => x.time)), mean(pairs.map(([, y]) => y.time)));
  const minimumEffectMs = minimumEffect(slower, (hi - lo) / 2);
  const p = Math.max(...(sharp(pairs) ? cases.slice(1, 2) : cases).map((d) => signFlip(d)));
  return { ends: { lo, mid, hi }, minimumEffectMs, ...(pairs.length < leastPairs(1) ? {} : { p }) };
}

function intervalOf(pairs: Pairs): Bounds | undefined {
  const first = signFlipInterval(pairs.map(lowest));
  const last = sharp(pairs) ? first : signFlipInterval(pairs.map(highest));
  return first === undefined || last === undefined ? undefined : { lo: whole(first.lo), hi: whole(last.hi) };
}

type Pair = readonly [ObservedTime, ObservedTime];
const lowest = ([x, y]: Pair): number => y.lo - x.hi;
const middle = ([x, y]: Pair): number => y.time - x.time;
const highest = ([x, y]: Pair): number => y.hi - x.lo;

/** Whether all times are known to the millisecond, as downtimes are: then all ends are the same. */
const sharp = (pairs: Pairs): boolean => pairs.every(([x, y]) => x.lo === x.hi && y.lo === y.hi);

/** What is asked of one arm: p of each of its times, and how much of the arm's error that time is given. Weights of an arm add up to 1. */
export type AskedTogether = readonly { readonly p: number; readonly weight: number }[];

/**
 * Every p as it stands when all times of all arms were asked together, in the same shape. Closed testing (Marcus, Peritz and Gabriel, Biometrika 63
 * (1976) 655) with weighted Bonferroni: all arms of which anything is still to be shown have the same share of the error, and an arm's times share
 * it by their weights; what is given to a time that is shown goes to the other one of its arm first, and from an arm of which all is shown to the
 * other arms. No share ever falls when something is shown, so going from the least p over its share upwards gives the same as trying all
 * intersections (Hommel, Bretz and Maurer, Stat. Med. 26 (2007) 4063). The chance of any false one is kept whatever they have in common. With one
 * time an arm it is Holm's.
 */
export function adjusted(arms: readonly AskedTogether[]): readonly (readonly number[])[] {
  const out = arms.map((times) => times.map(() => 1));
  let left = arms.flatMap((times, arm) => times.map((time, i) => ({ ...time, arm, i })));
  let greatest = 0;
  while (left.length > 0) {
    const open = new Set(left.map((t) => t.arm)).size;
    const [next] = left
      .map((t) => {
        const ofArm = left.reduce((s, other) => (other.arm === t.arm ? s + other.weight : s), 0);
        return { t, over: (t.p * open * ofArm) / t.weight };
      })
      .sort((x, y) => x.over - y.over || y.t.weight - x.t.weight);
    if (next === undefined) break;
    greatest = Math.max(greatest, Math.min(1, next.over));
    const row = out[next.t.arm];
    if (row !== undefined) row[next.t.i] = greatest;
    left = left.filter((t) => t !== next.t);
  }
  return out;
}

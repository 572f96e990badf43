import { mean } from 'simple-statistics';
import type { Endpoint } from '../../model/plan.ts';
import { compare, type Comparison } from '../comparison.ts';
import type { Night } from './lines.ts';
import { blockTimes, pairUp, type Floors, type Pairs, type Timed } from './pooled.ts';
import { weightedHolm } from './weighted-holm.ts';

/** Fewer nights than these are never held against a baseline: of three, one that stands out is the minority. */
export const leastNights = 3;

/**
 * p adjusted must be below this. Not 0.05 as elsewhere: a comparison is asked once, and this every night of every scenario, against the same
 * baseline.
 */
const surest = 0.01;

/**
 * How much of the error each of an arm's two times is given: downtime scatters less, so what is given to it shows more. Where one of them is not
 * known the other has the whole.
 */
export const weights: Readonly<Record<Timed['what'], number>> = { downtime: 0.8, ttr: 0.2, ttd: 1 };

/** One time of one arm or alarm: the baseline (a) against the pooled nights (b), in pairs of blocks. Whole ms. */
export interface JudgedTime {
  readonly what: Endpoint | 'ttd';
  readonly comparison: Omit<Comparison, 'a' | 'b' | 'says'>;
  /** Over all arms and both times, or over all alarms; absent where nothing can be shown. */
  readonly pAdjusted?: number;
  /** Shown to be longer (shorter) in the pooled nights, whichever of them is left out. */
  readonly longer: boolean;
  readonly shorter: boolean;
}

/** What is asked of one arm or alarm: its name and its times; what is looked up on both sides differs only for the canary. */
export interface Asked {
  readonly id: string;
  readonly times: readonly { readonly base: Timed; readonly now: Timed }[];
}

/** The times of everything asked, adjusted together; of each that is in both the baseline and the pool. Pure. */
export function judge(
  asked: readonly Asked[],
  baseline: readonly Night[],
  pool: readonly Night[],
  floors: Floors,
): readonly { readonly id: string; readonly times: readonly JudgedTime[] }[] {
  const horizonMs = Math.min(...[...baseline, ...pool].flatMap((n) => [...n.arms.values()].map((l) => l.horizonMs)));
  const rows = asked.map(({ id, times }) => {
    const found = times.flatMap(({ base, now }) => {
      const pairs = (nights: readonly Night[]): Pairs =>
        pairUp(blockTimes(baseline, base, floors), blockTimes(nights, now, floors));
      const [comparison] = compareAlone(pairs(pool), horizonMs);
      return comparison === undefined ? [] : [{ what: base.what, comparison, pairs }];
    });
    const share = found.reduce((s, t) => s + weights[t.what], 0);
    return { id, found: found.map((t) => ({ ...t, weight: weights[t.what] / share })) };
  });
  const all = rows.flatMap((r) => r.found);
  const adjusted = weightedHolm(all.map((t) => ({ p: t.comparison.p ?? 1, weight: t.weight })));
  return rows.map(({ id, found }) => ({
    id,
    times: found.map((time): JudgedTime => {
      const { what, comparison, pairs } = time;
      const pAdjusted = adjusted[all.indexOf(time)] ?? 1;
      const { differenceMs = 0, minimumEffectMs = 0, kind } = comparison;
      const direction = Math.sign(differenceMs);
      // One night never decides: without any one of them the difference is still there, and still matters.
      const lasts = (): boolean =>
        pool.length >= leastNights &&
        pool.every((night) => {
          const rest = pairs(pool.filter((other) => other !== night));
          return rest.length > 0 && direction * mean(rest.map(([x, y]) => y.time - x.time)) >= minimumEffectMs;
        });
      const shown = (kind === 'faster' || kind === 'slower') && pAdjusted < surest && lasts();
      const { p } = comparison;
      return {
        what,
        comparison,
        ...(p === undefined ? {} : { pAdjusted: Number(pAdjusted.toPrecision(4)) }),
        longer: shown && differenceMs > 0,
        shorter: shown && differenceMs < 0,
      };
    }),
  }));
}

/** One comparison by itself; none of no pairs. What it says of p is not adjusted. */
function compareAlone(pairs: Pairs, horizonMs: number): readonly JudgedTime['comparison'][] {
  if (pairs.length === 0) return [];
  return compare(
    [
      {
        a: 'the baseline',
        b: 'tonight',
        design: 'paired',
        timesA: pairs.map(([x]) => x),
        timesB: pairs.map(([, y]) => y),
      },
    ],
    // An interval is only asked of what can be shown: it is most of the work.
    { horizonMs, seed: 1, refused: false, intervalsBelow: surest, sooner: 'is sooner than', unit: 'block' },
  ).map(({ a: _a, b: _b, says: _says, pAdjusted: _p, ...comparison }) => comparison);
}

import type { Interval } from '../model/units.ts';
import type { SliLog } from './log.ts';
import { latest, lowerBound } from './numbers.ts';
import type { Observation } from './observation.ts';
import { needsOf, silenceOf, type Outage } from './outages.ts';

/** Intended starts are sums of periods: rounding in the last digits must not make a window look unseen. */
const slackMs = 1e-3;

/** One SLI with its outages, in their order. */
export interface Broken {
  readonly sli: SliLog;
  readonly outages: readonly Outage[];
}

/** Service was stable. */
export interface Restored {
  /** Since when: between the greatest lower and the greatest upper end of the SLIs' own last outages before. */
  readonly at: Interval;
  /** Start of the stability window: what begins later is service that is down again. */
  readonly fromMs: number;
}

/**
 * The end of the first outage from which on no given SLI has an outage for a stability window, or undefined when the observation does not
 * contain one. The whole window must have been seen, without a gap; of a slow probe at least as many requests as end an outage.
 * @param changedMs when the change was over under a precaution: the window is after it as well, for a change that is still being made may break
 *   more. An outage that ended before and did not come back is over since its own end all the same.
 */
export function findStable(
  broken: readonly Broken[],
  toMs: number,
  holdMs: number,
  changedMs = Number.NEGATIVE_INFINITY,
): Restored | undefined {
  for (const { at, fromMs } of goodAgain(broken)) {
    const holds = broken.every(({ sli, outages }) => {
      const untilMs = Math.max(fromMs, changedMs) + Math.max(holdMs, (needsOf(sli.periodMs) + 1) * sli.periodMs);
      if (outages.some((o) => o.firstBadMs >= fromMs && o.firstBadMs < untilMs)) return false;
      return wasSeen(sli, fromMs, untilMs, toMs);
    });
    if (holds) return { at, fromMs };
  }
  return undefined;
}

/** The first instant at which every given SLI has had an outage and none is in one. */
export function findFirstGood(broken: readonly Broken[]): Interval | undefined {
  return goodAgain(broken)[0]?.at;
}

/** Instants at which an outage ended, every SLI had had one, and none was in one; earliest first. */
function goodAgain(broken: readonly Broken[]): readonly Restored[] {
  const ends = broken.flatMap(({ outages }) => outages.flatMap((o) => o.ended?.hi ?? []));
  return ends
    .sort((a, b) => a - b)
    .flatMap((fromMs) => {
      const last = broken.map(({ outages }) => outages.findLast((o) => o.firstBadMs < fromMs)?.ended);
      const over = last.filter((ended) => ended !== undefined && ended.hi <= fromMs) as readonly Interval[];
      const at = over.length === broken.length ? latest(over) : undefined;
      return at === undefined ? [] : [{ at, fromMs }];
    });
}

/** Whether the SLI was asked all through [fromMs, untilMs), and that lies within the observation. */
function wasSeen({ samples, periodMs }: SliLog, fromMs: number, untilMs: number, toMs: number): boolean {
  if (toMs < untilMs - slackMs) return false;
  let previousMs = fromMs;
  for (const { intendedMs } of samples.slice(lowerBound(samples, fromMs, (s) => s.intendedMs))) {
    if (intendedMs >= toMs) break;
    if (intendedMs - previousMs > silenceOf(periodMs)) return false;
    previousMs = intendedMs;
    if (intendedMs >= untilMs) break;
  }
  return previousMs + periodMs >= untilMs - slackMs;
}

/** Service that was never lost: stable since the change, when it was watched for a stability window after it. */
export function neverLost({ onset, toMs }: Pick<Observation, 'onset' | 'toMs'>, holdMs: number): Restored | undefined {
  if (onset === undefined || toMs < onset.hi + holdMs) return undefined;
  return { at: { lo: onset.lo, hi: onset.lo }, fromMs: onset.lo };
}

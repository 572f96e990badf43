import type { TrialRecord } from '../model/record.ts';
import { midpoint, type Interval } from '../model/units.ts';
import type { SliLog, TrialLog } from './log.ts';
import { latest, lowerBound, sum, whole } from './numbers.ts';
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
 * @param changedMs when the change was over under a prevention: the window is after it as well, for a change that is still being made may break
 *   more. An outage that ended before and did not recover is over since its own end all the same.
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

/** How long what the durability check stirred up may still be seen after it. */
const settleMs = 5000;

/** What is known of the first time that service was down again. */
export type DownAgain = NonNullable<TrialRecord['downAgain']>;

/**
 * While the harness itself deletes a pod to see whether that is survived: from the start of the verification until 5 s after the result.
 * Undefined where durability was not checked.
 */
export function durabilityCheck(log: TrialLog): Interval | undefined {
  const verify = log.of('phase').findLast((p) => p.name === 'verify' && p.state === 'started');
  const checked = log.of('durability').at(-1);
  return verify === undefined || checked === undefined ? undefined : { lo: verify.atMs, hi: checked.atMs + settleMs };
}

/**
 * So long must service be down again, in all, to undo a recovery. Real machines stall: in the kept runs three requests in a row failed now and
 * then, half a minute after a fix and for a second, on a cluster that nothing was wrong with. Whatever is still down at the end counts at any length.
 */
const relapseMs = 5000;

/**
 * What was down of anything that was broken after it had been stable; undefined where nothing was. One that begins in the durability check and
 * ends by itself is the harness' own doing. Outages of several SLIs that overlap are one; the first is told.
 * @param toMs end of the observation: an outage that is still on has lasted until then
 */
export function downAgain(
  broken: readonly Broken[],
  restored: Restored,
  checked: Interval | undefined,
  toMs: number,
): DownAgain | undefined {
  const own = (o: Outage): boolean =>
    checked !== undefined && o.ended !== undefined && o.overdueMs >= checked.lo && o.firstBadMs <= checked.hi;
  const later = broken
    .flatMap(({ sli, outages }) =>
      outages
        .filter((o) => o.firstBadMs >= restored.fromMs && !own(o))
        .map((o) => ({
          sli: sli.sli,
          fromMs: o.firstBadMs,
          toMs: o.ended === undefined ? toMs : o.lastBadMs,
          stands: o.ended === undefined,
        })),
    )
    .sort((a, b) => a.fromMs - b.fromMs);
  const stretches: { fromMs: number; toMs: number; readonly slis: Set<string> }[] = [];
  for (const outage of later) {
    const last = stretches.at(-1);
    if (last === undefined || outage.fromMs > last.toMs)
      stretches.push({ fromMs: outage.fromMs, toMs: outage.toMs, slis: new Set([outage.sli]) });
    else {
      last.toMs = Math.max(last.toMs, outage.toMs);
      last.slis.add(outage.sli);
    }
  }
  const [first] = stretches;
  if (first === undefined) return undefined;
  const totalMs = sum(stretches.map((one) => one.toMs - one.fromMs));
  return {
    afterMs: whole(Math.max(0, first.fromMs - midpoint(restored.at))),
    lastedMs: whole(first.toMs - first.fromMs),
    slis: [...first.slis].sort(),
    totalMs: whole(totalMs),
    relapse: totalMs >= relapseMs || later.some(({ stands }) => stands),
  };
}

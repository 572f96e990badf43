import { median } from 'simple-statistics';
import type { Plan } from '../model/plan.ts';
import { isValidOutcome } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import { midpoint, type Censored, type Interval } from '../model/units.ts';

/**
 * A time to something as survival analysis sees it, with both ends of what is known of it. Without the event all three are the
 * horizon: that it lasted at least so long is certain.
 */
export interface ObservedTime {
  readonly event: boolean;
  readonly lo: number;
  readonly time: number;
  readonly hi: number;
}

/** Restricted to the horizon: min(time, horizon) at either end and in the middle. */
export function restricted(time: Interval | Censored | undefined, horizonMs: number): ObservedTime {
  if (time === undefined || 'censored' in time || midpoint(time) > horizonMs) {
    return { event: false, lo: horizonMs, time: horizonMs, hi: horizonMs };
  }
  return { event: true, lo: time.lo, time: midpoint(time), hi: Math.min(horizonMs, time.hi) };
}

/** A trial's time to recover: service that went down again for good did not recover. */
export function observedTtr(record: TrialRecord, horizonMs: number): ObservedTime {
  return restricted(record.outcome === 'relapsed' ? undefined : record.ttr, horizonMs);
}

/**
 * The median of several times at either end and in the middle; the event where at least half had it.
 * @throws Error for none
 */
export function medianTime(times: readonly ObservedTime[]): ObservedTime {
  const of = (end: (t: ObservedTime) => number): number => median(times.map(end));
  return {
    event: times.filter((t) => t.event).length * 2 >= times.length,
    lo: of((t) => t.lo),
    time: of((t) => t.time),
    hi: of((t) => t.hi),
  };
}

/** Whether a trial says anything about its runbook. */
export const isValid = (record: TrialRecord): boolean => isValidOutcome(record.outcome);

/** Trials by the block that the plan has them in; one that the plan does not know is a block of its own. */
export function byBlock(plan: Plan, records: readonly TrialRecord[]): ReadonlyMap<string, readonly TrialRecord[]> {
  const blockOf = new Map(plan.trials.map((t) => [t.id, t.block]));
  const blocks = new Map<string, TrialRecord[]>();
  for (const record of records) {
    const block = blockOf.get(record.trialId);
    const key = block === undefined ? record.trialId : `block ${String(block)}`;
    blocks.set(key, [...(blocks.get(key) ?? []), record]);
  }
  return blocks;
}

import { mean, median } from 'simple-statistics';
import { armName } from '../model/control.ts';
import { grouped } from '../model/grouped.ts';
import type { Plan } from '../model/plan.ts';
import { isValidOutcome } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import { midpoint, uncensored, type Censored, type Interval } from '../model/units.ts';

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

/** A trial's time to recover where it did: service that relapsed did not. */
export const lastingTtr = ({ outcome, ttr }: Pick<TrialRecord, 'outcome' | 'ttr'>): Interval | undefined =>
  outcome === 'relapsed' ? undefined : uncensored(ttr);

/** The same, restricted to the horizon. */
export const observedTtr = (record: TrialRecord, horizonMs: number): ObservedTime =>
  restricted(lastingTtr(record), horizonMs);

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
  return grouped(records, ({ trialId }) => {
    const block = blockOf.get(trialId);
    return block === undefined ? trialId : `block ${block}`;
  });
}

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

/** Downtime and time to recover of each of these arms by block, of the valid trials that are given; the mean where an arm has several in a block. */
export function armBlocks(plan: Plan, arms: readonly string[], valid: readonly TrialRecord[]): readonly ArmBlocks[] {
  const found = new Map(arms.map((id) => [id, new Map<string, ArmBlock>()]));
  for (const [key, records] of byBlock(plan, valid)) {
    for (const [id, blocks] of found) {
      const mine = records.filter((r) => armName(r) === id);
      const ttr = together(mine.map((r) => observedTtr(r, plan.horizonMs)));
      if (ttr !== undefined) blocks.set(key, { downtimeMs: mean(mine.map((r) => r.badnessMs)), ttr });
    }
  }
  return [...found].map(([id, blocks]) => ({ id, blocks }));
}

/** The mean of several times at either end and in the middle; the event where any had it. Undefined for none. */
export function together(times: readonly ObservedTime[]): ObservedTime | undefined {
  if (times.length === 0) return undefined;
  const middle = (of: (t: ObservedTime) => number): number => times.reduce((s, t) => s + of(t), 0) / times.length;
  return {
    event: times.some((t) => t.event),
    lo: middle((t) => t.lo),
    time: middle((t) => t.time),
    hi: middle((t) => t.hi),
  };
}

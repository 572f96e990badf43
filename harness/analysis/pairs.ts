import { mean } from 'simple-statistics';
import { armName } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { byBlock, observedTtr, type ObservedTime } from './observed.ts';
import type { ArmBlock, ArmBlocks } from './told-apart.ts';

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

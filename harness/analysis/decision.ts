import { armName } from '../model/control.ts';
import { armsIn, isWanted, type Dropped, type Plan, type PlannedTrial } from '../model/plan.ts';
import { isSuccess } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import { sum } from './numbers.ts';
import { isValid } from './observed.ts';
import { isConfirmed, upTo } from './race.ts';
import { summarise } from './summary.ts';

/** What the declared rules say after a block: which arms are given up, and whether the run is decided. */
export interface Decision {
  readonly dropped: readonly Dropped[];
  readonly decided?: NonNullable<Plan['decided']>;
}

/**
 * Holds a run that is to be decided against its plan's own rules, after each whole block: an arm that never recovered in `dropAfter` blocks is
 * dropped once another one recovered every time; at a declared look the run ends when its verdict names something, or when nothing can be named any
 * more because no arm recovered every time. Pure: the same trials give the same answer, also when a run is gone on with.
 */
export function decide(plan: Plan, records: readonly TrialRecord[]): Decision {
  const { comparison } = plan;
  if (comparison?.decide !== true || plan.decided !== undefined) return { dropped: [] };
  const block = wholeBlocks(plan, records);
  const dropped = comparison.dropAfter === undefined ? [] : droppedAfter(plan, records, block, comparison.dropAfter);
  if (!comparison.looks.some(({ blocks }) => blocks === block)) return { dropped };
  const now = dropped.length === 0 ? plan : { ...plan, dropped: [...(plan.dropped ?? []), ...dropped] };
  const { verdict } = summarise(now, records);
  const why =
    verdict.kind === 'use' || verdict.kind === 'wait'
      ? `the declared rule was met, ${verdict.runbook ?? 'a runbook'} wins`
      : verdict.kind === 'none'
        ? 'no runbook recovered every time, so none can win'
        : undefined;
  return { dropped, ...(why === undefined ? {} : { decided: { afterBlock: block, why } }) };
}

/** How many blocks, from the first on, have a record of each trial that is still wanted. */
export function wholeBlocks(plan: Plan, records: readonly TrialRecord[]): number {
  const there = new Set(records.map(({ trialId }) => trialId));
  const open = plan.trials.filter((trial) => isWanted(plan, trial) && !there.has(trial.id));
  const last = Math.max(0, ...plan.trials.map(({ block }) => block));
  return Math.min(last, ...open.map(({ block }) => block - 1));
}

/** Whether this is a valid trial of an arm of the comparison, not of a control that runs the same runbook. */
const isTrialOf = (arm: string, r: TrialRecord): boolean => r.control === undefined && armName(r) === arm && isValid(r);

/** Valid trials of one arm of the comparison, in the first `block` blocks. */
function trialsOf(plan: Plan, records: readonly TrialRecord[], arm: string, block: number): readonly TrialRecord[] {
  return upTo(plan, records, block).filter((r) => isTrialOf(arm, r));
}

function droppedAfter(plan: Plan, records: readonly TrialRecord[], block: number, least: number): readonly Dropped[] {
  const counts = armsIn(plan).map((arm) => {
    const trials = trialsOf(plan, records, arm, block);
    return { arm, n: trials.length, k: trials.filter(({ outcome }) => isSuccess(outcome)).length };
  });
  const always = counts.find(({ n, k }) => n >= least && k === n);
  if (always === undefined) return [];
  return counts
    .filter(({ n, k }) => n >= least && k === 0)
    .map(({ arm, n }) => ({
      arm,
      afterBlock: block,
      why: `recovered in 0 of ${n}, ${always.arm} in ${always.k} of ${always.n}`,
    }));
}

/**
 * How long a trial is to be watched after service is stable, in ms: the plan's confirmation where its arm has none yet and may need one, else
 * `usualMs`. Of a run that is to be decided only the arm that leads so far is confirmed, from the first block on in which arms may be dropped.
 */
export function watchOf(plan: Plan, records: readonly TrialRecord[], trial: PlannedTrial, usualMs: number): number {
  const { comparison } = plan;
  if (comparison === undefined || trial.control !== undefined || !comparison.arms.includes(trial.runbook))
    return usualMs;
  const ours = records.filter((r) => isTrialOf(trial.runbook, r));
  const settled = ours.some((r) => r.downAgain?.relapse === true || isConfirmed(r, comparison.confirmMs));
  if (settled) return usualMs;
  const due = !comparison.decide || leaderOf(plan, records) === trial.runbook;
  return due ? Math.max(usualMs, comparison.confirmMs) : usualMs;
}

/** The arm that recovered every time with the least downtime, once there are as many blocks as may drop one; undefined before. */
function leaderOf(plan: Plan, records: readonly TrialRecord[]): string | undefined {
  const least = plan.comparison?.dropAfter ?? 1;
  const block = wholeBlocks(plan, records);
  if (block < least) return undefined;
  const clean = (plan.comparison?.arms ?? []).flatMap((arm) => {
    const trials = trialsOf(plan, records, arm, block);
    const whole = trials.length > 0 && trials.every(({ outcome }) => isSuccess(outcome));
    return whole ? [{ arm, downtimeMs: sum(trials.map((r) => r.badnessMs)) / trials.length }] : [];
  });
  return clean.sort((a, b) => a.downtimeMs - b.downtimeMs || (a.arm < b.arm ? -1 : 1))[0]?.arm;
}

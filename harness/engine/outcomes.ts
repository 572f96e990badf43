import { armName } from '../model/control.ts';
import { exitCodes } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { Outcome, TrialRecord } from '../model/record.ts';
import type { Claim } from '../model/runbook.ts';

/** What became of one trial, and what the scenario expected of its runbook. */
export interface TrialOutcome {
  readonly runbook: string;
  readonly trialId: string;
  readonly outcome: Outcome;
  readonly expect: Claim['expect'];
  /** It was run again, and the other counts. */
  readonly madeUpFor?: boolean;
}

/** What became of each trial of a run, in the order of its records. */
export function outcomesOf(plan: Plan, records: readonly TrialRecord[]): readonly TrialOutcome[] {
  const madeUpFor = new Set(plan.trials.map((trial) => trial.repeats));
  return records.map((r) => ({
    runbook: armName(r),
    trialId: r.trialId,
    outcome: r.outcome,
    expect: r.claim.expect,
    madeUpFor: madeUpFor.has(r.trialId),
  }));
}

/**
 * 1 when a runbook that the scenario expects to recover did not; else 4 when a trial gave no data and none made up for it; else 0. A runbook that
 * is expected to fail and fails is a result like any other.
 */
export function exitCodeOfOutcomes(outcomes: readonly TrialOutcome[]): number {
  const valid = outcomes.filter((o) => o.outcome !== 'invalid' && o.outcome !== 'unknown');
  if (valid.some((o) => o.expect === 'recovers' && o.outcome !== 'recovered' && o.outcome !== 'prevented'))
    return exitCodes.notRecovered;
  if (outcomes.some((o) => !valid.includes(o) && o.madeUpFor !== true)) return exitCodes.invalid;
  return exitCodes.done;
}

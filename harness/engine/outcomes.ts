import { armName } from '../model/control.ts';
import { exitCodes } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { claimAfter, type Outcome } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import type { Claim } from '../model/runbook.ts';

/** What became of one trial, and what the scenario expected of its runbook. */
export interface TrialOutcome {
  readonly runbook: string;
  readonly trialId: string;
  readonly outcome: Outcome;
  readonly expect: Claim['expect'];
  /** It was run again, and the other counts. */
  readonly replaced?: boolean;
}

/** What became of each trial of a run, in the order of its records. */
export function outcomesOf(plan: Plan, records: readonly TrialRecord[]): readonly TrialOutcome[] {
  const replaced = new Set(plan.trials.map((trial) => trial.repeats));
  return records.map((r) => ({
    runbook: armName(r),
    trialId: r.trialId,
    outcome: r.outcome,
    expect: r.claim.expect,
    replaced: replaced.has(r.trialId),
  }));
}

/**
 * 1 when a runbook that the scenario expects to recover did not; else 4 when a trial gave no data and none replaced it; else 0. A runbook that
 * is expected to fail and fails is a result like any other.
 */
export function exitCodeOfOutcomes(outcomes: readonly TrialOutcome[]): number {
  const claims = outcomes.map((o) => ({ ...o, claim: claimAfter(o.outcome, o.expect) }));
  if (claims.some(({ claim }) => claim === 'broken')) return exitCodes.notRecovered;
  if (claims.some(({ claim, replaced }) => claim === 'no-data' && replaced !== true)) return exitCodes.invalid;
  return exitCodes.done;
}

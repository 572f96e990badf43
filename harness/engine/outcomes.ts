import { exitCodes } from '../model/errors.ts';
import { claimAfter } from '../model/outcome.ts';
import type { PlannedTrial } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';

/**
 * 1 when a runbook that the scenario expects to recover did not, or the run's objective was not met; else 4 when a trial gave no data and none was run again in its place; else 0. A
 * runbook that is expected to fail and fails is a result like any other.
 */
export function exitCodeOfTrials(
  { trials }: { readonly trials: readonly Pick<PlannedTrial, 'repeats'>[] },
  records: readonly Pick<TrialRecord, 'trialId' | 'outcome' | 'claim'>[],
  objective?: NonNullable<RunSummary['objective']>['verdict'],
): number {
  const replaced = new Set(trials.map(({ repeats }) => repeats));
  const of = (claim: ReturnType<typeof claimAfter>) =>
    records.filter((r) => claimAfter(r.outcome, r.claim.expect) === claim);
  if (of('broken').length > 0 || objective === 'not met') return exitCodes.notRecovered;
  return of('no-data').every(({ trialId }) => replaced.has(trialId)) ? exitCodes.done : exitCodes.invalid;
}

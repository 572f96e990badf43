import type { Objective } from '../model/objective.ts';
import { isSuccess } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';
import { countOf, humanDuration } from '../model/units.ts';
import { isValid, lastingTtr } from './observed.ts';
import { atLeast } from './stats.ts';
import { list, percent } from './words.ts';

/** `stable within 5 min, no row lost` */
export const objectiveWords = ({ recoverMs, rows }: Objective): string =>
  [
    `stable within ${humanDuration(recoverMs)}`,
    ...(rows === undefined ? [] : [rows === 0 ? 'no row lost' : `at most ${countOf(rows, 'row')} lost`]),
  ].join(', ');

/**
 * Whether a trial met an objective: it recovered without harm, surely in time (the later end of what is known of its TTR), and what was lost was read
 * and is not too much.
 */
export function meets({ recoverMs, rows }: Objective, trial: TrialRecord): boolean {
  const { outcome, data } = trial;
  const lost = data === 'unknown' ? Infinity : data.lost;
  const ended = isSuccess(outcome) || (outcome === 'recovered-with-loss' && rows !== undefined);
  const ttr = lastingTtr(trial);
  const inTime = outcome === 'prevented' || (ttr !== undefined && ttr.hi <= recoverMs);
  return ended && inTime && (rows === undefined || lost <= rows);
}

/**
 * Whether the run met its objective: with at least one runbook in each of its valid trials. Undefined where it has none.
 * @param trials of runbooks, none of a control
 */
export function objectiveOf(plan: Plan, trials: readonly TrialRecord[]): RunSummary['objective'] {
  const { objective } = plan;
  if (objective === undefined) return undefined;
  const arms = plan.runbooks.flatMap(({ id }) => {
    const valid = trials.filter((trial) => trial.runbook === id && isValid(trial));
    const met = valid.filter((trial) => meets(objective, trial)).length;
    return valid.length === 0 ? [] : [{ runbook: id, met, of: valid.length, atLeast: atLeast(met, valid.length) }];
  });
  const words = objectiveWords(objective);
  const always = arms.filter(({ met, of }) => met === of);
  if (arms.length === 0) return { verdict: 'no data', says: `${words}: no data`, arms };
  if (always.length === 0) {
    const [best] = [...arms].sort((a, b) => b.met / b.of - a.met / a.of);
    const nearest =
      best === undefined || best.met === 0
        ? 'by no runbook'
        : `best ${best.runbook}, in ${best.met} of ${countOf(best.of, 'trial')}`;
    return { verdict: 'not met', says: `${words}: not met (${nearest})`, arms };
  }
  const most = Math.max(...always.map((arm) => arm.atLeast));
  return {
    verdict: 'met',
    says: `${words}: met by ${list(always.map((arm) => `${arm.runbook} in ${arm.met} of ${countOf(arm.of, 'trial')}`))}; the true chance is at least ${percent(most)} (95 %)${plan.profile === 'fast' ? '; with the shortened timers of the fast profile' : ''}`,
    arms,
  };
}

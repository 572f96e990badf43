import { armName } from '../model/control.ts';
import { grouped } from '../model/grouped.ts';
import { isWanted, type Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';
import { controlWarnings, summariseControls } from './summary-controls.ts';
import { summariseDetectors } from './summary-detectors.ts';
import { objectiveOf } from './objective.ts';
import { isValid } from './observed.ts';
import { summariseRunbook } from './summary-runbooks.ts';
import { verdictOf } from './verdict.ts';
import { crashWarnings, cutShortWarnings } from './warnings.ts';

/**
 * Sums up a run. Pure; the order of `records` does not matter. Trials of the plan that have no record count as planned and
 * not run.
 */
export function summarise(plan: Plan, records: readonly TrialRecord[]): RunSummary {
  const sorted = sortTrials(plan, records);
  const controls = sorted.filter(isControl);
  const arms = sorted.filter((r) => !isControl(r));
  const runbooks = plan.runbooks
    .filter((r) => arms.some((a) => a.runbook === r.id) || plan.trials.some((t) => armName(t) === r.id))
    .map((runbook) =>
      summariseRunbook(
        runbook,
        arms.filter((a) => a.runbook === runbook.id),
        plan,
      ),
    );
  const valid = arms.filter(isValid);
  const detectors = summariseDetectors(
    plan,
    // Where nothing breaks, no alert has anything to notice.
    valid.filter((r) => r.prevention !== true),
    controls.filter(isValid),
  );
  const controlArms = summariseControls(plan, sorted);
  const verdict = verdictOf(plan, runbooks, detectors, arms);
  const objective = objectiveOf(plan, arms);
  const environment = commonFacts(sorted);
  const broken = brokenByTheFault(valid.filter((r) => r.prevention !== true));
  return {
    schemaVersion: 1,
    runId: plan.runId,
    scenario: plan.scenario,
    profile: plan.profile,
    ...(plan.distribution === undefined ? {} : { distribution: environment['distribution'] ?? plan.distribution }),
    seed: plan.seed,
    createdEpochMs: plan.createdEpochMs,
    horizonMs: plan.horizonMs,
    holdMs: plan.holdMs,
    trials: {
      planned: plan.trials.filter((t) => t.control === undefined && isWanted(plan, t)).length,
      run: arms.length,
      valid: valid.length,
      invalid: arms.filter((r) => r.outcome === 'invalid').length,
      unknown: arms.filter((r) => r.outcome === 'unknown').length,
      controls: controls.length,
    },
    verdict: {
      ...verdict,
      warnings: [
        ...brokenPromises(plan, broken),
        ...verdict.warnings,
        ...controlWarnings(controlArms),
        ...crashWarnings(sorted),
        ...cutShortWarnings(plan, sorted),
      ],
    },
    ...(objective === undefined ? {} : { objective }),
    broke: broken.filter(({ trials, of }) => trials * 2 > of),
    runbooks,
    detectors,
    controls: controls.map(({ trialId, outcome, reason }) => ({ trialId, outcome, reason })),
    ...(controlArms.length === 0 ? {} : { controlArms }),
    noData: arms.flatMap(({ trialId, runbook, outcome, reason }) =>
      outcome === 'invalid' || outcome === 'unknown' ? [{ trialId, runbook, outcome, reason }] : [],
    ),
    environment,
  };
}

/** A trial that is no answer to the outage: of a control arm, or one in which nothing was meant to break. */
export function isControl(record: TrialRecord): boolean {
  const { control, runbook, onset, outcome } = record;
  return control !== undefined || runbook === 'none' || (onset === undefined && outcome !== 'invalid');
}

/** In the order of the plan; those that it does not know (their order is their id's) at the end. */
export function sortTrials<T extends TrialRecord>(plan: Plan, records: readonly T[]): readonly T[] {
  const place = new Map(plan.trials.map((t, i) => [t.id, i]));
  const at = (r: T): number => place.get(r.trialId) ?? plan.trials.length;
  return [...records].sort((a, b) => at(a) - at(b) || (a.trialId < b.trialId ? -1 : a.trialId > b.trialId ? 1 : 0));
}

/** Bad before the first changing command: the fault's own doing. Most frequent first. */
function brokenByTheFault(valid: readonly TrialRecord[]): RunSummary['broke'] {
  const count = new Map<
    string,
    { readonly sli: string; readonly title: string; trials: number; readonly of: number }
  >();
  for (const { slis, mitigation } of valid) {
    for (const { sli, title, firstSymptom } of slis) {
      if (firstSymptom === undefined || firstSymptom.hi >= (mitigation?.startMs ?? Infinity)) continue;
      const entry = count.get(sli) ?? { sli, title, trials: 0, of: valid.length };
      entry.trials++;
      count.set(sli, entry);
    }
  }
  return [...count.values()].sort((a, b) => b.trials - a.trials || (a.sli < b.sli ? -1 : 1));
}

/** SLIs that the postmortem says kept working, and that the outage broke: then it was another outage, or more of one. */
function brokenPromises(plan: Plan, broke: RunSummary['broke']): readonly string[] {
  const kept = new Set(plan.test?.probes.flatMap(({ sli, role }) => (role === 'keeps' ? [sli] : [])));
  return broke
    .filter(({ sli }) => kept.has(sli))
    .map(
      ({ sli, trials, of }) =>
        `${sli} keeps working in the postmortem, and the fault broke it in ${trials} of ${of} trials`,
    );
}

function commonFacts(records: readonly TrialRecord[]): Record<string, string> {
  const told = records.flatMap(({ environment }) => Object.entries(environment));
  const facts = grouped(told, ([key]) => key);
  return Object.fromEntries(
    [...facts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entries]) => {
        const all = [...new Set(entries.map(([, value]) => value))].sort();
        return [key, all.length <= 3 ? all.join(' / ') : `differs in each trial (${all.length} values)`];
      }),
  );
}

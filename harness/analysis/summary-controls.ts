import { mean } from 'simple-statistics';
import { armName, isFaultFree } from '../model/control.ts';
import type { Plan, PlannedControl } from '../model/plan.ts';
import type { Outcome } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import { humanDuration } from '../model/units.ts';
import type { ControlSummary } from '../model/summary.ts';
import { canaryOf } from './canary.ts';
import { firedAtNothing } from './checkers/alarms.ts';
import { whole } from './numbers.ts';
import { isValid, observedTtr } from './observed.ts';
import { atLeast, atMost, restrictedMean } from './stats.ts';
import { costsOf } from './summary-runbooks.ts';
import { list } from './words.ts';

/** Sums up the control arms of a run, in the plan's order; none where the plan has none. Pure. */
export function summariseControls(plan: Plan, records: readonly TrialRecord[]): readonly ControlSummary[] {
  return (plan.controls ?? []).map((planned) => summariseControl(planned, plan, records));
}

function summariseControl(planned: PlannedControl, plan: Plan, all: readonly TrialRecord[]): ControlSummary {
  const { id, kind, runbook, title } = planned;
  const records = all.filter((r) => r.control === kind && armName(r) === id);
  const valid = records.filter(isValid);
  const n = valid.length;
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of records) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const canary = kind === 'delayed' ? canaryOf(plan, all) : undefined;
  const base = {
    id,
    kind,
    ...(runbook === undefined ? {} : { runbook }),
    title,
    planned: plan.trials.filter((t) => t.repeats === undefined && armName(t) === id).length,
    n,
    outcomes,
    ...(isFaultFree(kind)
      ? { clean: share(outcomes['control-clean'] ?? 0, n), alarms: alarmsOf(valid) }
      : recoveryOf(valid, outcomes.recovered ?? 0, plan)),
    badnessMs: n === 0 ? 0 : whole(mean(valid.map((r) => r.badnessMs))),
    slis: badSlis(valid),
    ...costsOf(valid),
    failedTrials: valid.filter((r) => (r.mitigation?.failed ?? 0) > 0).length,
    ...(canary === undefined ? {} : { canary }),
  };
  return { ...base, measured: sentence(base) };
}

const share = (k: number, n: number): NonNullable<ControlSummary['clean']> => ({
  k,
  n,
  ...(n === 0 ? {} : { atLeast: sixDigits(atLeast(k, n)) }),
});
/** Of what should not be: how often it may still be. */
const mostShare = (k: number, n: number): NonNullable<ControlSummary['clean']> => ({
  k,
  n,
  ...(n === 0 ? {} : { atMost: sixDigits(atMost(k, n)) }),
});
const sixDigits = (x: number): number => Number(x.toFixed(6));

function recoveryOf(
  valid: readonly TrialRecord[],
  k: number,
  plan: Plan,
): Pick<ControlSummary, 'recovered' | 'meanTtrMs' | 'meanIsBound'> {
  const times = valid.map((r) => observedTtr(r, plan.horizonMs));
  if (times.length === 0) return { recovered: share(k, 0) };
  return {
    recovered: share(k, times.length),
    meanTtrMs: whole(restrictedMean(times, plan.horizonMs)),
    meanIsBound: times.some((t) => !t.event),
  };
}

function alarmsOf(valid: readonly TrialRecord[]): NonNullable<ControlSummary['alarms']> {
  const ids = [...new Set(valid.flatMap((r) => r.detectors.map((d) => d.id)))].sort();
  return ids.map((id) => {
    const seen = valid.flatMap((r) => r.detectors.filter((d) => d.id === id));
    const silent = seen.filter((d) => d.status === 'dead' || d.status === 'blind').length;
    return { id, ...mostShare(seen.filter(firedAtNothing).length, seen.length), silent };
  });
}

function badSlis(valid: readonly TrialRecord[]): ControlSummary['slis'] {
  const total = new Map<string, number>();
  for (const { slis } of valid) for (const { sli, badMs } of slis) total.set(sli, (total.get(sli) ?? 0) + badMs);
  return [...total]
    .filter(([, badMs]) => badMs > 0)
    .map(([sli, badMs]) => ({ sli, badMs: whole(badMs / valid.length) }))
    .sort((a, b) => b.badMs - a.badMs || (a.sli < b.sli ? -1 : 1));
}

function sentence(c: Omit<ControlSummary, 'measured'>): string {
  if (c.n === 0) return 'No valid trial: no data.';
  if (c.canary !== undefined) return `${c.canary.says}.`;
  const loud = (c.alarms ?? []).filter((a) => a.k > 0).map((a) => `${a.id} ${a.k} of ${a.n}`);
  const harmed = c.outcomes.harmed ?? 0;
  const bad = c.slis.slice(0, 4).map(({ sli, badMs }) => `${sli} ${humanDuration(badMs)}`);
  const parts = [
    ...(c.clean === undefined ? [] : [`clean ${c.clean.k} of ${c.n}`]),
    ...(c.recovered === undefined ? [] : [`recovered ${c.recovered.k} of ${c.n}`]),
    ...(harmed === 0 ? [] : [`did harm in ${harmed}`]),
    ...(c.clean === undefined || bad.length === 0 ? [] : [`downtime on average: ${list(bad)}`]),
    ...(c.data.lost === 0 ? [] : [`${c.data.lost} rows lost or damaged`]),
    ...(loud.length === 0 ? [] : [`${c.kind === 'healthy' ? 'false alarms' : 'alerts'}: ${list(loud)}`]),
    ...(c.failedTrials === 0 || c.kind !== 'on-healthy' ? [] : [`a step failed in ${c.failedTrials}`]),
  ];
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What of the controls belongs beside the verdict: false alarms, harm by a fix, and a comparison that does not see a delay. */
export function controlWarnings(arms: readonly ControlSummary[]): readonly string[] {
  return arms.flatMap((arm) => {
    const { id, kind, runbook = id, n, alarms = [], data, canary } = arm;
    const harmed = arm.outcomes.harmed ?? 0;
    return [
      ...alarms
        .filter((alarm) => kind === 'healthy' && alarm.k > 0)
        .map((alarm) => `alert ${alarm.id} fired on a healthy cluster (${alarm.k} of ${alarm.n})`),
      ...(kind === 'healthy' && data.lost > 0
        ? [`rows were lost on a healthy cluster in ${data.trialsWithLoss} of ${n} trials`]
        : []),
      ...(kind === 'on-healthy' && harmed > 0
        ? [`${runbook} did harm to a healthy cluster in ${harmed} of ${n} trials`]
        : []),
      ...(canary?.kind === 'not-seen' || canary?.kind === 'other' ? [`${canary.arm}: ${canary.says}`] : []),
    ];
  });
}

import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { countOf, humanDuration, midpoint, uncensored } from '../model/units.ts';
import type { DetectorSummary, RunbookSummary } from '../model/summary.ts';
import { isValid } from './observed.ts';
import { isSilent } from './race.ts';
import { leastEffectMs } from './significance.ts';
import { span } from './words.ts';

/** The alert that noticed the outage first, of those that did in every trial in which they were asked for long enough. */
export function firstAlarmOf(detectors: readonly DetectorSummary[]): DetectorSummary | undefined {
  const [first] = [...detectors]
    .filter((d) => d.counts.detected > 0 && d.counts.detected === (d.asked ?? d.n))
    .sort((a, b) => (a.ttd?.medianMs ?? Infinity) - (b.ttd?.medianMs ?? Infinity));
  return first?.ttd === undefined ? undefined : first;
}

/** That alert in one line; undefined where none was watched. */
export function alarmLine(detectors: readonly DetectorSummary[], plan: Plan): string | undefined {
  if (detectors.length === 0) return undefined;
  const first = firstAlarmOf(detectors);
  if (first?.ttd === undefined) {
    return `No alert detected it every time${detectors.some((d) => d.counts.detected > 0) ? '' : ', or even once'}`;
  }
  const story =
    plan.outage.undetectedMs > 0 ? `; in the postmortem it went unnoticed for ${span(plan.outage.undetectedMs)}` : '';
  return `First alert: ${first.id}, after ${humanDuration(first.ttd.medianMs)} (${first.counts.detected} of ${first.asked ?? first.n})${story}`;
}

/**
 * What belongs beside the verdict, in order of weight: what any runbook did, and what the named ones cost.
 * @param named the winner, or the candidates
 */
export function warningsOf(
  runbooks: readonly RunbookSummary[],
  detectors: readonly DetectorSummary[],
  named: readonly RunbookSummary[],
): readonly string[] {
  return [
    ...runbooks.flatMap(harmDone),
    ...runbooks.filter((r) => !r.prevention && r.recovered.k > 0).flatMap(neverSeen),
    ...named.flatMap(costs),
    ...runbooks.filter((r) => isSilent(r) || named.includes(r)).flatMap(withoutData),
    ...detectors.flatMap((d) =>
      d.counts.dead > 0 ? [`alert ${d.id} died in the outage (${d.counts.dead} of ${d.n})`] : [],
    ),
    ...runbooks.flatMap((r) => {
      if (r.agreement === 'contradicted') return [`the postmortem is contradicted on ${r.id}`];
      return r.agreement === 'mixed' ? [`${r.id} did not behave as expected every time`] : [];
    }),
  ];
}

function harmDone(r: RunbookSummary): readonly string[] {
  const of = (n: number): string => `in ${n} of ${countOf(r.n, 'trial')}`;
  const [harmed, relapsed] = [r.outcomes.harmed ?? 0, r.outcomes.relapsed ?? 0];
  return [
    ...(r.data.lost > 0 ? [`${r.id} lost or damaged ${countOf(r.data.lost, 'row')} ${of(r.data.trialsWithLoss)}`] : []),
    ...(harmed > 0 ? [`${r.id} did harm ${of(harmed)}`] : []),
    ...(relapsed > 0 ? [`${r.id} went down again after it was stable ${of(relapsed)}`] : []),
  ];
}

/** What recovered, and was never whole or never read back. */
function neverSeen(r: RunbookSummary): readonly string[] {
  const { missing } = r.fullRecovery;
  return [
    ...(r.fullRecovery.k === 0
      ? [`${r.id} was never fully recovered${missing.length === 0 ? '' : `: ${missing.slice(0, 3).join('; ')}`}`]
      : []),
    ...(r.data.unknown > 0 ? [`${r.id}: data could not be read in ${r.data.unknown} of ${countOf(r.n, 'trial')}`] : []),
  ];
}

/** What a named runbook does outside its blast radius. */
function costs(r: RunbookSummary): readonly string[] {
  const { deleted, bystanderBadMs } = r.collateral;
  const each = bystanderBadMs / r.n;
  return [
    ...(each >= leastEffectMs ? [`${r.id}: downtime of bystanders, ${humanDuration(each)} a trial`] : []),
    ...(deleted > 0
      ? [`${r.id} deleted ${countOf(deleted, 'object')} outside its blast radius in ${countOf(r.n, 'trial')}`]
      : []),
  ];
}

function withoutData(r: RunbookSummary): readonly string[] {
  const none = r.invalid + r.unknown;
  return none === 0 ? [] : [`${r.id}: ${none} of ${countOf(r.n + none, 'trial')} gave no data`];
}

/**
 * Where no runbook recovered even once: those that were on their way when their time was up. A machine that is slow needs a longer horizon, and says
 * by this that it is.
 */
export function cutShortWarnings(plan: Plan, records: readonly TrialRecord[]): readonly string[] {
  const active = records.filter((r) => r.mitigation !== undefined && isValid(r));
  if (active.some((r) => uncensored(r.ttr) !== undefined)) return [];
  const longer = `on a slow machine it may need longer (--horizon ${Math.ceil((2 * plan.horizonMs) / 60_000)}m)`;
  const [after] = active.flatMap(({ runbook, late }) => (late === undefined ? [] : [{ runbook, ms: midpoint(late) }]));
  if (after !== undefined)
    return [
      `${after.runbook} was stable after ${humanDuration(after.ms)}, when its ${humanDuration(plan.horizonMs)} were up: ${longer}`,
    ];
  const [closest] = active
    .flatMap(({ runbook, half }) => (half === undefined ? [] : [{ runbook, ...half }]))
    .sort((a, b) => a.down.length - b.down.length);
  if (closest === undefined) return [];
  const { runbook, broke, down } = closest;
  return [
    `${runbook} had ${broke.length - down.length} of ${countOf(broke.length, 'SLI')} good again when its ${humanDuration(plan.horizonMs)} were up: ${longer}`,
  ];
}

/** Checkers that crashed, with the reason and the trials: what they would have found is not known. */
export function crashWarnings(records: readonly TrialRecord[]): readonly string[] {
  const trials = new Map<string, string[]>();
  for (const { trialId, findings = [] } of records) {
    for (const { name, says } of findings.filter((f) => f.crashed === true)) {
      const line = `${name} is unknown (${says})`;
      trials.set(line, [...(trials.get(line) ?? []), trialId]);
    }
  }
  return [...trials].map(
    ([line, ids]) => `${line}: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ` and ${ids.length - 3} more` : ''}`,
  );
}

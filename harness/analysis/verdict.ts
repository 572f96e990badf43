import { median } from 'simple-statistics';
import type { Plan } from '../model/plan.ts';
import { humanDuration, midpoint, uncensored, type Interval } from '../model/units.ts';
import { rowsLost } from './data.ts';
import type { DetectorSummary } from './summary-detectors.ts';
import type { RunbookSummary } from './summary-runbooks.ts';

/** What to do in this outage, and how sure that is: the first thing in every report. */
export interface RunVerdict {
  /**
   * `use`: a runbook recovered every time. `wait`: it heals by itself, and no runbook was shown to be faster. `none`: nothing
   * recovered every time. `no-data`: no valid trial.
   */
  readonly kind: 'use' | 'wait' | 'candidates' | 'none' | 'no-data';
  readonly runbook?: string;
  /** Whole verdict in one line. */
  readonly headline: string;
  /** `recovered 2 of 2, back after 41 s`. */
  readonly result: string;
  /** What doing nothing gives. */
  readonly doingNothing?: string;
  /** The honest caveat: how sure this is with that many trials. */
  readonly sureness: string;
  /** The first alarm, in one line; absent when the scenario watches none. */
  readonly alarm?: string;
  /** What making the change with care would have spared, a line for each precaution that was tried. */
  readonly preventions: readonly string[];
  /** Data lost, harm, dead alarms, contradicted claims: in order of weight. */
  readonly warnings: readonly string[];
}

export function verdictOf(
  plan: Plan,
  arms: readonly RunbookSummary[],
  detectors: readonly DetectorSummary[],
  valid: number,
): RunVerdict {
  if (valid === 0) {
    return {
      kind: 'no-data',
      headline: 'No data: not one trial was valid',
      result: 'nothing is known about any runbook',
      sureness: 'No valid trial. See why below, and run it again.',
      preventions: [],
      warnings: [],
    };
  }
  const alarm = alarmLine(detectors, plan);
  const runbooks = arms.filter((r) => !r.prevention);
  const shared = {
    ...(alarm === undefined ? {} : { alarm }),
    preventions: arms
      .filter((r) => r.prevention && r.n > 0)
      .map((r) =>
        plan.runbooks.some(({ id, before }) => id === r.id && before !== undefined)
          ? beforehandLine(r)
          : preventionLine(r),
      ),
    warnings: warningsOf(arms, detectors),
  };
  const measured = runbooks.filter((r) => r.n > 0);
  if (measured.length === 0) {
    const least = Math.min(...arms.filter((r) => r.n > 0).map((r) => r.n));
    return {
      kind: 'none',
      headline:
        runbooks.length > 0
          ? 'No runbook has a valid trial'
          : `No runbook was run, only ${arms.length === 1 ? 'a precaution' : 'precautions'}`,
      result: 'nothing is known about any runbook',
      sureness: Number.isFinite(least) ? `${trials(valid)} in all: ${caveat(least)}` : `${trials(valid)} in all.`,
      ...shared,
    };
  }
  const sure = measured.filter((r) => r.recovered.k === r.n).sort(byTime);
  const idle = measured.find((r) => r.passive);
  const nothing = idle === undefined ? undefined : doingNothing(idle, plan);
  const doing = nothing === undefined ? {} : { doingNothing: `${idle?.id ?? 'wait'}: ${nothing}` };
  const healer = idle !== undefined && sure.includes(idle) ? idle : undefined;
  // A runbook earns only what it beats.
  const best = mildest(sure.filter((r) => !r.passive && (healer === undefined || faster(r, healer))));
  if (healer !== undefined && best === undefined) {
    const result = resultOf(healer);
    return {
      kind: 'wait',
      runbook: healer.id,
      headline: `Do nothing: ${healer.id} ${result}; no runbook was shown to be faster`,
      result,
      ...doing,
      sureness: surenessOf(healer, sure),
      ...shared,
    };
  }
  if (best !== undefined) {
    const result = resultOf(best);
    return {
      kind: 'use',
      runbook: best.id,
      headline: `Use ${best.id}: ${result}${nothing === undefined ? '' : `; ${idle?.id ?? 'wait'}: ${nothing}`}`,
      result,
      ...doing,
      sureness: surenessOf(best, sure),
      ...shared,
    };
  }
  const closest = measured
    .filter((r) => !r.passive)
    .sort((a, b) => b.recovered.k / b.n - a.recovered.k / a.n || byTime(a, b))[0];
  const near =
    closest === undefined || closest.recovered.k === 0
      ? 'none recovered even once'
      : `${closest.id} came closest, ${String(closest.recovered.k)} of ${String(closest.n)}`;
  return {
    kind: 'none',
    headline: `No runbook recovered every time: ${near}${nothing === undefined ? '' : `; ${idle?.id ?? 'wait'}: ${nothing}`}`,
    result: near,
    ...doing,
    sureness: `${trials(valid)} in all: ${caveat(Math.min(...measured.map((r) => r.n)))}`,
    ...shared,
  };
}

/** `lease-20s, set beforehand: recovered 0 of 2, back after 3 min` */
function beforehandLine(r: RunbookSummary): string {
  const { lost } = r.data;
  // A mean that has the horizon in it is no time after which it was back.
  const result = r.meanIsBound ? `recovered ${String(r.recovered.k)} of ${String(r.n)}` : resultOf(r);
  return `${r.id}, set beforehand: ${result}${lost === 0 ? '' : `, ${rowsLost(lost)}`}`;
}

/** `canary-update: prevented 1 of 2, else good again after 41 s; bad time 12 s` */
function preventionLine(r: RunbookSummary): string {
  const prevented = r.outcomes.prevented ?? 0;
  const back = r.points.filter((p) => p.outcome !== 'prevented').flatMap(({ ttr }) => uncensored(ttr) ?? []);
  const rest =
    prevented === r.n
      ? ''
      : back.length === r.n - prevented
        ? `, else good again after ${humanDuration(median(back.map(midpoint)))}`
        : ', else not always good again';
  return `${r.id}: prevented ${String(prevented)} of ${String(r.n)}${rest}; bad time ${humanDuration(r.badnessMs)}`;
}

/**
 * Which of the runbooks that recovered every time to use: of those that no other was shown to be faster than, the one that puts the least at
 * stake, then the one that leaves users the least bad time. Nobody should build a cluster anew for a second.
 */
function mildest(sure: readonly RunbookSummary[]): RunbookSummary | undefined {
  const cost = (a: RunbookSummary, b: RunbookSummary) =>
    a.destroys.length - b.destroys.length || a.badnessMs - b.badnessMs || byTime(a, b);
  return sure.filter((r) => !sure.some((other) => faster(other, r))).sort(cost)[0];
}

const byTime = (a: RunbookSummary, b: RunbookSummary): number =>
  (a.meanTtrMs ?? 0) - (b.meanTtrMs ?? 0) || (a.id < b.id ? -1 : 1);

function resultOf(runbook: RunbookSummary): string {
  const time = runbook.meanTtrMs === undefined ? '' : `, back after ${humanDuration(runbook.meanTtrMs)}`;
  return `recovered ${String(runbook.recovered.k)} of ${String(runbook.n)}${time}`;
}

function doingNothing(idle: RunbookSummary, plan: Plan): string {
  const { k, n } = idle.recovered;
  const lossy = idle.outcomes['recovered-with-loss'] ?? 0;
  if (lossy > 0 && k + lossy === n) {
    return `back after ${humanDuration(idle.meanTtrMs ?? 0)}, ${lossy === n ? '' : `${String(lossy)} of ${String(n)} times `}with data lost`;
  }
  if (k === 0 && idle.ttrRange === undefined) return `not within ${humanDuration(plan.horizonMs)}`;
  return k === n ? `also, after ${humanDuration(idle.meanTtrMs ?? 0)}` : `only ${String(k)} of ${String(n)}`;
}

/** Whether a's slowest trial was still faster than b's fastest, whichever end of the intervals is taken. */
function faster(a: RunbookSummary, b: RunbookSummary): boolean {
  const [mine, theirs] = [spans(a), spans(b)];
  return (
    mine.length > 0 && theirs.length > 0 && Math.max(...mine.map((i) => i.hi)) < Math.min(...theirs.map((i) => i.lo))
  );
}

const spans = (runbook: RunbookSummary): readonly Interval[] =>
  runbook.points.flatMap(({ ttr }) => uncensored(ttr) ?? []);

function surenessOf(best: RunbookSummary, sure: readonly RunbookSummary[]): string {
  const like = sure
    .filter((r) => r !== best && !r.passive && !faster(best, r))
    .map(
      (r) =>
        ` ${r.id} is not told apart from it in time${r.destroys.length > best.destroys.length ? ', and puts more at stake' : ''}.`,
    );
  const bounds = best.recovered.wilson;
  const range =
    bounds === undefined
      ? ''
      : ` Its true chance to recover may be anywhere from ${percent(bounds.lo)} to ${percent(bounds.hi)} (95 %).`;
  return `${trials(best.n)}: ${caveat(best.n)}${range}${like.join('')}`;
}

const trials = (n: number): string => (n === 1 ? '1 trial' : `${String(n)} trials`);

/** What so many trials of one runbook can and cannot show. */
function caveat(n: number): string {
  if (n <= 1) return 'an anecdote, not a proof.';
  if (n < 5) return 'no statistics; a direction, not a proof.';
  if (n < 10) return 'a smoke test; which differences in time are shown, compare says.';
  return 'enough for intervals.';
}

export const percent = (share: number): string => `${String(Math.round(share * 100))} %`;

function alarmLine(detectors: readonly DetectorSummary[], plan: Plan): string | undefined {
  if (detectors.length === 0) return undefined;
  const [first] = [...detectors]
    .filter((d) => d.points.length > 0 && d.counts.detected === d.n)
    .sort((a, b) => median(a.points.map((p) => midpoint(p.ttd))) - median(b.points.map((p) => midpoint(p.ttd))));
  if (first?.ttd === undefined) {
    return `No alarm noticed it every time${detectors.some((d) => d.counts.detected > 0) ? '' : ', or even once'}`;
  }
  const story =
    plan.outage.undetectedMs > 0 ? `; in the write-up it went unnoticed for ${span(plan.outage.undetectedMs)}` : '';
  return `First alarm: ${first.id}, after ${humanDuration(first.ttd.medianMs)} (${String(first.counts.detected)} of ${String(first.n)})${story}`;
}

function warningsOf(runbooks: readonly RunbookSummary[], detectors: readonly DetectorSummary[]): readonly string[] {
  const warnings: string[] = [];
  for (const r of runbooks) {
    if (r.data.lost > 0) {
      warnings.push(
        `${r.id} lost or damaged ${String(r.data.lost)} ${r.data.lost === 1 ? 'row' : 'rows'} in ${String(r.data.trialsWithLoss)} of ${String(r.n)} trials`,
      );
    }
    const harmed = r.outcomes.harmed ?? 0;
    if (harmed > 0) warnings.push(`${r.id} did harm in ${String(harmed)} of ${String(r.n)} trials`);
    const relapsed = r.outcomes.relapsed ?? 0;
    if (relapsed > 0) warnings.push(`${r.id} relapsed in ${String(relapsed)} of ${String(r.n)} trials`);
  }
  for (const d of detectors) {
    if (d.counts.dead > 0)
      warnings.push(`alarm ${d.id} died in the outage (${String(d.counts.dead)} of ${String(d.n)})`);
  }
  for (const r of runbooks) {
    if (r.agreement === 'contradicted') warnings.push(`the write-up is contradicted on ${r.id}`);
    else if (r.agreement === 'mixed') warnings.push(`${r.id} did not do every time what was expected`);
  }
  return warnings;
}

/** As humanDuration, but long times in days: `2 days 6 h`. */
export function span(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours < 48) return humanDuration(ms);
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${String(days)} days` : `${String(days)} days ${String(hours % 24)} h`;
}

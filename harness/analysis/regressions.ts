import type { Comparison } from './comparison.ts';
import type { Run } from '../model/run.ts';
import { summarise } from './summary.ts';
import type { Outcome } from '../model/outcome.ts';
import type { DetectorSummary, RunbookSummary } from '../model/summary.ts';

/**
 * What is worse in the second run, one line each. First what needs no statistics: data lost, harm done, a relapse, a runbook that always
 * recovered and does not in two trials, an alert that dies. Then what was shown to be slower. Timing alone without a shown
 * difference is never one.
 */
export function regressionsOf(
  first: Run,
  second: Run,
  comparisons: readonly (Comparison & { readonly name?: string })[],
  what: 'runbooks' | 'alarms',
): readonly string[] {
  const [before, after] = [summarise(first.plan, first.records), summarise(second.plan, second.records)];
  const asked = new Set(comparisons.map((c) => c.name));
  const pairsOf = <T extends { readonly id: string }>(a: readonly T[], b: readonly T[]) =>
    a.flatMap((x) => {
      const y = b.find((other) => other.id === x.id);
      return y === undefined || !asked.has(x.id) ? [] : [[x, y] as const];
    });
  const hard =
    what === 'runbooks'
      ? pairsOf(before.runbooks, after.runbooks).flatMap(([a, b]) => runbookRegressions(a, b))
      : pairsOf(before.detectors, after.detectors).flatMap(([a, b]) => alarmRegressions(a, b));
  const slower = comparisons
    .filter((c) => c.times.some((t) => t.kind === 'faster'))
    .map((c) => `${c.name ?? ''}: ${c.says}`);
  return [...hard, ...slower];
}

/** What became of a runbook's valid trials: of a run's, or of several nights'. */
export interface ArmCounts {
  readonly id: string;
  readonly n: number;
  readonly recovered: { readonly k: number };
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly data: { readonly trialsWithLoss: number };
}

const runbookRegressions = (a: RunbookSummary, b: RunbookSummary): readonly string[] => [
  ...costsMore(a, b),
  ...(b.passive ? [] : relapses(a, b)),
  ...endsLess(a, b),
];

/** Data lost or harm done in `b`, and none in `a`: one trial is enough. Nothing where either has no valid trial. */
export function costsMore(a: ArmCounts, b: ArmCounts): readonly string[] {
  if (a.n === 0 || b.n === 0) return [];
  const lines: string[] = [];
  if (a.data.trialsWithLoss === 0 && b.data.trialsWithLoss > 0) {
    lines.push(`${b.id}: lost data in ${b.data.trialsWithLoss} of ${b.n} trials, before in none`);
  }
  const harmed = b.outcomes.harmed ?? 0;
  if ((a.outcomes.harmed ?? 0) === 0 && harmed > 0) {
    lines.push(`${b.id}: did harm in ${harmed} of ${b.n} trials, before in none`);
  }
  return lines;
}

/**
 * Service was down again after the recovery in `b`, and never in `a`: like harm, one trial is enough. Not to be asked of what changes nothing,
 * where the outage comes and goes by itself.
 */
function relapses(a: ArmCounts, b: ArmCounts): readonly string[] {
  const relapsed = b.outcomes.relapsed ?? 0;
  return a.n > 0 && relapsed > 0 && (a.outcomes.relapsed ?? 0) === 0
    ? [`${b.id}: went down again in ${relapsed} of ${b.n} trials, before in none`]
    : [];
}

/** It always recovered in `a`, and did not in two trials of `b`: one may be bad luck. */
export function endsLess(a: ArmCounts, b: ArmCounts): readonly string[] {
  const of = (r: ArmCounts): string => `${r.recovered.k} of ${r.n}`;
  if (a.n === 0 || a.recovered.k < a.n || b.n - b.recovered.k < 2) return [];
  return [`${b.id}: recovered ${of(b)}, before ${of(a)}`];
}

function alarmRegressions(a: DetectorSummary, b: DetectorSummary): readonly string[] {
  if (a.counts.dead > 0 || b.counts.dead === 0 || a.n === 0) return [];
  return [`${b.id}: died in ${b.counts.dead} of ${b.n} trials, before in none`];
}

import { midpoint } from '../model/units.ts';
import { labelText } from './labels.ts';
import type { Rule } from './rules.ts';
import type { AlertSpan } from './state.ts';
import { hasLabels, rightLabels } from '../model/alert.ts';
import type { Truth } from './truth.ts';

/**
 * What became of a rule in a trial.
 * - `detected`: it began to fire after the onset and before the first change of the runbook;
 * - `noisy`: the same, but it had begun to fire in this trial when nothing was wrong, too: that it fires says nothing;
 * - `late`: only after that change: it may have noticed the fix;
 * - `pending`: its condition held, but not for as long as it must;
 * - `too-short`: it was evaluated for less than its `for` before that change, or before the end: it could not have fired;
 * - `missed`: nothing of that;
 * - `standing`: it fired already when the outage began, and no new alert came: it says nothing;
 * - `no-series`: it reads series of which there are none, so it can never fire here;
 * - `failed`: Prometheus could not evaluate it.
 */
export const cellStates = [
  'detected',
  'noisy',
  'late',
  'pending',
  'too-short',
  'missed',
  'standing',
  'no-series',
  'failed',
] as const;
export type CellState = (typeof cellStates)[number];

/** A rule in a trial, held against what is known of it. Durations in ms. */
export interface Verdict {
  readonly state: CellState;
  /** From the onset to the first firing evaluation. */
  readonly ttdMs?: number;
  /** The same from the first symptom: negative where it rang before users noticed. Absent where they never did. */
  readonly leadMs?: number;
  /** Labels of the alert that fired first, in short. */
  readonly who?: string;
  /** Whether what fired names the cause; absent where its name is not judged. */
  readonly name?: 'right' | 'wrong';
  /** How often it fired again after it had gone, from the onset until service was stable. */
  readonly flaps: number;
  /** Times it began to fire in a healthy stretch. */
  readonly falseAlarms: number;
  /** How long it could have done so: the healthy stretches, each less its `for`. */
  readonly couldFireMs: number;
}

/**
 * Holds what a rule did in a trial against the truth.
 * @param rule with the `for` that it ran with
 * @param known names of alerts that name the cause of some outage: one of them that fires in another one is wrong
 */
export function judge(
  rule: Pick<Rule, 'name' | 'forMs'>,
  spans: readonly AlertSpan[],
  truth: Truth,
  known: ReadonlySet<string>,
  broken: { readonly missing: readonly string[]; readonly failed: boolean },
): Verdict {
  const fired = spans.filter((span): span is AlertSpan & { firedMs: number } => span.firedMs !== undefined);
  const falseAlarms = episodes(fired).filter(({ fromMs }) =>
    truth.healthy.some((span) => fromMs >= span.fromMs && fromMs < span.toMs),
  ).length;
  const couldFireMs =
    broken.missing.length > 0
      ? 0
      : truth.healthy.reduce((sum, span) => sum + Math.max(0, span.toMs - span.fromMs - rule.forMs), 0);
  const base = { flaps: 0, falseAlarms, couldFireMs };
  if (broken.missing.length > 0) return { ...base, state: 'no-series' };
  const { onset, firstSymptom, changedMs = Infinity } = truth;
  if (onset === undefined) return { ...base, state: broken.failed ? 'failed' : 'missed' };

  const during = fired.filter(({ firedMs }) => firedMs >= onset.lo).sort((a, b) => a.firedMs - b.firedMs);
  const first = during.find(({ firedMs }) => firedMs <= changedMs);
  if (first !== undefined && falseAlarms > 0) return { ...base, state: 'noisy' };
  if (first !== undefined) {
    const named = during.filter(({ firedMs }) => firedMs <= changedMs);
    const untilMs = truth.stableMs ?? truth.endMs;
    const again = new Map<string, number>();
    for (const { labels, firedMs } of during) {
      if (firedMs <= untilMs) again.set(labelText(labels), (again.get(labelText(labels)) ?? 0) + 1);
    }
    const wanted = rightLabels(rule.name, truth.right, known);
    const isRight = named.some(({ labels }) => wanted?.some((right) => hasLabels(labels, right)));
    const name = wanted === undefined ? undefined : isRight ? 'right' : 'wrong';
    return {
      ...base,
      state: 'detected',
      ttdMs: first.firedMs - midpoint(onset),
      ...(firstSymptom === undefined ? {} : { leadMs: first.firedMs - midpoint(firstSymptom.interval) }),
      who: labelText(first.labels),
      ...(name === undefined ? {} : { name }),
      flaps: [...again.values()].reduce((sum, n) => sum + n - 1, 0),
    };
  }
  if (during.length > 0) return { ...base, state: 'late' };
  if (broken.failed) return { ...base, state: 'failed' };
  if (fired.some(({ endedMs = Infinity }) => endedMs > onset.lo)) return { ...base, state: 'standing' };
  if (Math.min(changedMs, truth.endMs, truth.dataToMs) - onset.hi < rule.forMs) return { ...base, state: 'too-short' };
  const pending = spans.some(({ firedMs, endedMs = Infinity }) => firedMs === undefined && endedMs > onset.hi);
  return { ...base, state: pending ? 'pending' : 'missed' };
}

/** When any alert of a rule fired, as stretches: what one page would have been. Unix ms. */
export function episodes(
  fired: readonly (AlertSpan & { firedMs: number })[],
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const out: { fromMs: number; toMs: number }[] = [];
  for (const { firedMs, endedMs = Infinity } of [...fired].sort((a, b) => a.firedMs - b.firedMs)) {
    const last = out.at(-1);
    if (last !== undefined && firedMs <= last.toMs) last.toMs = Math.max(last.toMs, endedMs);
    else out.push({ fromMs: firedMs, toMs: endedMs });
  }
  return out;
}

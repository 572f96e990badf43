import type { Millis } from '../model/units.ts';

/*
 * What becomes of an alert from one evaluation to the next. Prometheus' own machine is compiled into its server and runs by the wall clock, so over stored
 * data it is done again here; parity.test.ts holds it against promtool, which is that machine.
 * Source: prometheus/prometheus, rules/alerting.go, (*AlertingRule).Eval.
 */

/** A stretch of one alert, of one label set, from its first evaluation to that at which it was no longer there. Unix ms. */
export interface AlertSpan {
  readonly labels: Readonly<Record<string, string>>;
  readonly activeMs: number;
  /** When it began to fire; absent where it was pending only. */
  readonly firedMs?: number;
  /** When it went; absent where it still stood at the last evaluation. */
  readonly endedMs?: number;
}

/** What an evaluation found: the label sets of its result, by a key that is the same for the same set. */
export type Evaluation = ReadonlyMap<string, Readonly<Record<string, string>>>;

interface Standing {
  labels: Readonly<Record<string, string>>;
  activeMs: number;
  firedMs?: number;
  keptSinceMs?: number;
}

/**
 * Runs a rule's evaluations through pending and firing. An instant at which nothing was evaluated is simply not among them: time goes on, and nothing ends.
 * @param evaluations instants in Unix ms, ascending, each with what the expression gave
 */
export function alertSpans(
  evaluations: Iterable<readonly [atMs: number, result: Evaluation]>,
  { forMs, keepFiringForMs }: { readonly forMs: Millis | number; readonly keepFiringForMs: Millis | number },
): readonly AlertSpan[] {
  const spans: AlertSpan[] = [];
  const standing = new Map<string, Standing>();
  const spanOf = ({ labels, activeMs, firedMs }: Standing): AlertSpan => ({
    labels,
    activeMs,
    ...(firedMs === undefined ? {} : { firedMs }),
  });
  for (const [atMs, result] of evaluations) {
    for (const [key, labels] of result) {
      if (!standing.has(key)) standing.set(key, { labels, activeMs: atMs });
    }
    for (const [key, alert] of standing) {
      if (result.has(key)) delete alert.keptSinceMs;
      else {
        if (alert.firedMs !== undefined && keepFiringForMs > 0) {
          alert.keptSinceMs ??= atMs;
          if (atMs - alert.keptSinceMs < keepFiringForMs) continue;
        }
        standing.delete(key);
        spans.push({ ...spanOf(alert), endedMs: atMs });
        continue;
      }
      if (alert.firedMs === undefined && atMs - alert.activeMs >= forMs) alert.firedMs = atMs;
    }
  }
  return [...spans, ...[...standing.values()].map(spanOf)].sort((a, b) => a.activeMs - b.activeMs);
}

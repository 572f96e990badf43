import type { RunComparison } from '../analysis/comparison-runs.ts';
import { sortTrials, type RunSummary } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';

/**
 * The whole run as JSON: `{ schemaVersion, plan, summary, trials }`, keys sorted, so that two reports can be compared with
 * diff. The same inputs give the same bytes.
 */
export function jsonReport(summary: RunSummary, plan: Plan, records: readonly TrialRecord[]): string {
  return [...jsonReportPieces(summary, plan, records)].join('');
}

/** The same text in pieces, a trial at a time: of ten thousand trials it is longer than a string can be. */
export function* jsonReportPieces(
  summary: RunSummary,
  plan: Plan,
  records: readonly TrialRecord[],
): Generator<string, void> {
  const head = JSON.stringify({ schemaVersion: 1, plan, summary }, sortKeys, 2);
  // `trials` is the last of the sorted keys; within it everything stands two levels deeper than by itself.
  yield `${head.slice(0, -'\n}'.length)},\n  "trials": [`;
  let between = '';
  for (const record of sortTrials(plan, records)) {
    yield `${between}\n    ${JSON.stringify(record, sortKeys, 2).replace(/\n/g, '\n    ')}`;
    between = ',';
  }
  yield between === '' ? ']\n}\n' : '\n  ]\n}\n';
}

/** A comparison as JSON, keys sorted. The same inputs give the same bytes. */
export function comparisonJson(comparison: RunComparison): string {
  return sortedJson(comparison);
}

/** Any answer as JSON, keys sorted. */
export const sortedJson = (value: unknown): string => `${JSON.stringify(value, sortKeys, 2)}\n`;

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('a report must not contain NaN or infinity');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

import type { RunComparison } from '../analysis/comparison-runs.ts';
import { sortTrials, type RunSummary } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord, WholeOf } from '../model/record.ts';

/**
 * The whole run as JSON: `{ schemaVersion, plan, summary, trials }`, keys sorted, so that two reports can be compared with
 * diff. The same inputs give the same bytes. In pieces, a trial at a time: of ten thousand trials it is as long as a string can be, and no more
 * than one whole record is held.
 */
export function* jsonReportPieces(
  summary: RunSummary,
  plan: Plan,
  records: readonly TrialRecord[],
  wholeOf: WholeOf,
): Generator<string, void> {
  const head = JSON.stringify(sorted({ schemaVersion: 1, plan, summary }), null, 2);
  // `trials` is the last of the sorted keys.
  yield `${head.slice(0, -'\n}'.length)},\n  "trials": [`;
  let between = '';
  for (const { trialId } of sortTrials(plan, records)) {
    yield `${between}\n    ${inList(wholeOf(trialId))}`;
    between = ',';
  }
  yield between === '' ? ']\n}\n' : '\n  ]\n}\n';
}

/** A value as it stands in a list of the outermost object: two levels deeper than by itself. */
function inList(value: unknown): string {
  return JSON.stringify({ x: [sorted(value)] }, null, 2).slice('{\n  "x": [\n    '.length, -'\n  ]\n}'.length);
}

/** A comparison as JSON, keys sorted. The same inputs give the same bytes. */
export function comparisonJson(comparison: RunComparison): string {
  return sortedJson(comparison);
}

/** Any answer as JSON, keys sorted. */
export const sortedJson = (value: unknown): string => `${JSON.stringify(sorted(value), null, 2)}\n`;

/** The same value with its keys in order. (A function that JSON.stringify asks for each key takes three times as long.) */
function sorted(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('a report must not contain NaN or infinity');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((key) => [key, sorted(fields[key])]),
  );
}

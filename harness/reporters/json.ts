import { sortTrials } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord, WholeOf } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';

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
  yield `{
  "plan": ${nested(plan, 1)},
  "schemaVersion": 1,
  "summary": ${nested(summary, 1)},
  "trials": [`;
  let between = '';
  for (const { trialId } of sortTrials(plan, records)) {
    yield `${between}\n    ${nested(wholeOf(trialId), 2)}`;
    between = ',';
  }
  yield between === '' ? ']\n}\n' : '\n  ]\n}\n';
}

/** A value as it stands so many levels deep. Text in JSON has no line breaks of its own. */
const nested = (value: unknown, levels: number): string =>
  JSON.stringify(sorted(value), null, 2).replaceAll('\n', `\n${'  '.repeat(levels)}`);

/** Any answer as JSON, keys sorted. The same inputs give the same bytes. */
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

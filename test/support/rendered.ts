import { wholeAmong } from '../../harness/analysis/short-record.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { WholeRecord } from '../../harness/model/record.ts';
import type { RunSummary } from '../../harness/model/summary.ts';
import { reports, type ReportFormat } from '../../harness/reporters/all.ts';

/** A report of records that are in memory, as one text. */
export function rendered(
  format: ReportFormat,
  summary: RunSummary,
  plan: Plan,
  records: readonly WholeRecord[],
): string {
  return inOne(reports[format].render(summary, plan, records, wholeAmong(records)));
}

/** Text, or its pieces, as one text. */
export const inOne = (text: string | Iterable<string>): string =>
  typeof text === 'string' ? text : [...text].join('');

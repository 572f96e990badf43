import { wholeAmong } from '../../analysis/short-record.ts';
import type { Plan } from '../../model/plan.ts';
import type { WholeRecord } from '../../model/record.ts';
import type { RunSummary } from '../../model/summary.ts';
import { reports, type ReportFormat } from '../all.ts';

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

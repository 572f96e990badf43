import type { Plan } from '../model/plan.ts';
import type { TrialRecord, WholeOf } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';
import { htmlReport } from './html.ts';
import { jsonReportPieces } from './json.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { openMetricsReport } from './openmetrics.ts';

/**
 * Text, or pieces of it where the whole may be longer than a string can be.
 * @param indexHref the page that lists this run, for those reports that have links
 */
type Render = (
  summary: RunSummary,
  plan: Plan,
  records: readonly TrialRecord[],
  wholeOf: WholeOf,
  indexHref?: string,
) => string | Iterable<string>;

/** Every report of a run: its name for `--format`, its file, and what makes it. */
export const reports: Readonly<Record<ReportFormat, { readonly file: string; readonly render: Render }>> = {
  json: { file: 'report.json', render: jsonReportPieces },
  md: { file: 'report.md', render: markdownReport },
  html: { file: 'report.html', render: htmlReport },
  junit: { file: 'report.junit.xml', render: junitReport },
  openmetrics: { file: 'report.openmetrics.txt', render: openMetricsReport },
};

export type ReportFormat = 'json' | 'md' | 'html' | 'junit' | 'openmetrics';

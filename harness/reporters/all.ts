import type { RunSummary } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { htmlReport } from './html.ts';
import { jsonReport } from './json.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { openMetricsReport } from './openmetrics.ts';

type Render = (summary: RunSummary, plan: Plan, records: readonly TrialRecord[]) => string;

/** Every report of a run: its name for `--format`, its file, and what makes it. */
export const reports = {
  json: { file: 'report.json', render: jsonReport },
  md: { file: 'report.md', render: markdownReport },
  html: { file: 'report.html', render: htmlReport },
  junit: { file: 'report.junit.xml', render: junitReport },
  openmetrics: { file: 'report.openmetrics.txt', render: openMetricsReport },
} as const satisfies Readonly<Record<string, { readonly file: string; readonly render: Render }>>;

export type ReportFormat = keyof typeof reports;

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { summarise } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { htmlReport } from '../reporters/html.ts';
import { jsonReport } from '../reporters/json.ts';
import { markdownReport } from '../reporters/markdown.ts';

/** Writes report.json, report.md and report.html of a run from its plan and records: a pure function of the two. */
export function writeReports(runDir: string, plan: Plan, records: readonly TrialRecord[]): void {
  const summary = summarise(plan, records);
  writeFileSync(join(runDir, 'report.json'), jsonReport(summary, plan, records));
  writeFileSync(join(runDir, 'report.md'), markdownReport(summary, plan, records));
  writeFileSync(join(runDir, 'report.html'), htmlReport(summary, plan, records));
}

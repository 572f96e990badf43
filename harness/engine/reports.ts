import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { summarise } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { reports } from '../reporters/all.ts';
import { jsonReportPieces } from '../reporters/json.ts';

/** Writes every report of a run (JSON, Markdown, HTML, JUnit, OpenMetrics) from its plan and records: a pure function of the two. */
export function writeReports(runDir: string, plan: Plan, records: readonly TrialRecord[]): void {
  const summary = summarise(plan, records);
  writePieces(join(runDir, reports.json.file), jsonReportPieces(summary, plan, records));
  for (const { file, render } of Object.values(reports)) {
    if (file !== reports.json.file) writeFileSync(join(runDir, file), render(summary, plan, records));
  }
}

function writePieces(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
}

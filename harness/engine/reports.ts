import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { summarise, type RunSummary } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord, WholeOf } from '../model/record.ts';
import { reports } from '../reporters/all.ts';
import { wholeFrom } from './records.ts';

/**
 * Writes every report of a run (JSON, Markdown, HTML, JUnit, OpenMetrics) from its plan and records: a pure function of the two. Whole records are
 * fetched one after the other, for nothing holds all of them.
 * @returns the summary that they say
 */
export function writeReports(
  runDir: string,
  plan: Plan,
  records: readonly TrialRecord[],
  wholeOf: WholeOf = wholeFrom(runDir, plan),
): RunSummary {
  const summary = summarise(plan, records);
  for (const { file, render } of Object.values(reports)) {
    const text = render(summary, plan, records, wholeOf);
    writePieces(join(runDir, file), typeof text === 'string' ? [text] : text);
  }
  return summary;
}

function writePieces(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) writeAll(file, Buffer.from(piece));
  } finally {
    closeSync(file);
  }
}

/** A system may take less than it is given. */
function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

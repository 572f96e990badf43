import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { summarise } from '../analysis/summary.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord, WholeOf } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';
import { reports } from '../reporters/all.ts';
import { wholeFrom } from './records.ts';
import { indexHref, writeIndex } from './run-index.ts';

/**
 * Writes every report of a run (JSON, Markdown, HTML, JUnit, OpenMetrics) from its plan and records: a pure function of the two. Whole records are
 * fetched one after the other, for nothing holds all of them. The page that lists all runs of the folder is written with them.
 * @returns the summary that they say
 */
export function writeReports(
  runDir: string,
  plan: Plan,
  records: readonly TrialRecord[],
  wholeOf: WholeOf = wholeFrom(runDir, plan),
): RunSummary {
  const summary = summarise(plan, records);
  const index = indexHref(runDir, plan);
  for (const { file, render } of Object.values(reports)) {
    const text = render(summary, plan, records, wholeOf, index);
    writePieces(join(runDir, file), typeof text === 'string' ? [text] : text);
  }
  if (index !== undefined) writeIndex(dirname(dirname(runDir)));
  return summary;
}

/** So many bytes are written at once. */
const bufferBytes = 1 << 20;

/** Through one buffer: pieces of hundreds of megabytes in all would leave as much garbage else. */
function writePieces(path: string, pieces: Iterable<string>): void {
  const buffer = new Uint8Array(bufferBytes);
  const encoder = new TextEncoder();
  const file = openSync(path, 'w');
  let filled = 0;
  const flush = (): void => {
    // A system may take less than it is given.
    for (let at = 0; at < filled;) at += writeSync(file, buffer, at, filled - at);
    filled = 0;
  };
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const { read, written } = encoder.encodeInto(at === 0 ? piece : piece.slice(at), buffer.subarray(filled));
        at += read;
        filled += written;
        if (at < piece.length) flush();
      }
    }
    flush();
  } finally {
    closeSync(file);
  }
}

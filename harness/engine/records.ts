import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reanalyseKept } from '../analysis/kept.ts';
import { readEvents } from '../analysis/read.ts';
import { analyseTrial } from '../analysis/record.ts';
import { FiredrillError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { recordSchema, type WholeOf, type WholeRecord } from '../model/record.ts';
import { parseAs } from '../model/schema.ts';

const recordOf = (runDir: string, trialId: string) => join(runDir, 'trials', trialId, 'record.json');

/** Writes a trial's record beside its events. */
export function writeRecord(runDir: string, record: WholeRecord): void {
  writeFileSync(recordOf(runDir, record.trialId), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * A trial's record as it was written, when the trial ended or by the last `analyse`. Undefined when there is none, or one that was cut off while it was
 * written, or is another trial's, or is not as the schema says.
 */
function storedRecord(runDir: string, trialId: string): WholeRecord | undefined {
  try {
    const record = parseAs(recordSchema, readFileSync(recordOf(runDir, trialId), 'utf8'));
    return record.trialId === trialId ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A trial's record computed from its events. Undefined when it has none: killed before its first event, or kept without them.
 * @throws FiredrillError `usage` for a damaged log
 */
export function analysedRecord(runDir: string, trialId: string): WholeRecord | undefined {
  const path = join(runDir, 'trials', trialId, 'events.jsonl');
  if (!existsSync(path) || statSync(path).size === 0) return undefined;
  return analyseTrial(readEvents(readFileSync(path, 'utf8'), path));
}

/**
 * A trial's record by the definitions of today: the stored one, which is a twentieth of its events. Events are read only where there is no sound one,
 * or one by older definitions; without events an older one says what it can.
 * @param mend whether one that was computed from events is written, so that it need not be again
 * @throws FiredrillError `usage` for a damaged log
 */
export function currentRecord(runDir: string, trialId: string, plan: Plan, mend = false): WholeRecord | undefined {
  const stored = storedRecord(runDir, trialId);
  if (stored?.definitions === 2) return stored;
  const analysed = analysedRecord(runDir, trialId);
  if (analysed === undefined) return stored === undefined ? undefined : reanalyseKept(stored, plan);
  if (mend) writeRecord(runDir, analysed);
  return analysed;
}

/** Reads whole records of a run where they are needed, each again. @throws FiredrillError `usage` where one is gone meanwhile */
export const wholeFrom =
  (runDir: string, plan: Plan): WholeOf =>
  (trialId) => {
    const record = currentRecord(runDir, trialId, plan);
    if (record === undefined) throw new FiredrillError('usage', `${recordOf(runDir, trialId)} is gone`);
    return record;
  };

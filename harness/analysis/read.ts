import { FiredrillError, oneLine } from '../model/errors.ts';
import { eventSchema, type TrialEvent } from '../model/events.ts';
import { problemsOf } from '../model/schema.ts';
import { sumsOf } from './checksum.ts';

const knownTypes = new Set<string>(eventSchema.options.map((option) => option.shape.type.value));

/**
 * Parses the text of an `events.jsonl`. A half last line is what `kill -9` leaves and is dropped (the log then has no
 * `trial.ended`, which makes the trial invalid); any other bad line is an error, for a number computed from a damaged log
 * would look as good as any. So is a line that does not fit the one above it by its checksum; logs from before there were any have none.
 * (What of a log can be wrong though every line reads well: see `integrityOf`.)
 * @param name how the file is called in messages
 * @throws FiredrillError `usage` naming file and line
 */
export function readEvents(text: string, name = 'events.jsonl'): TrialEvent[] {
  const lines = text.split('\n');
  const complete = lines.at(-1) === '';
  const events: TrialEvent[] = [];
  /** The sum of the line above; undefined in a log without. */
  let sum: number | undefined = 0;
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const last = index === lines.length - 1 && !complete;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      if (last) return;
      throw bad(name, index, `not JSON (${oneLine(error)})`);
    }
    const sums = sumsOf(line.trimEnd(), sum ?? 0);
    if (events.length === 0 && sums === undefined) sum = undefined;
    if ((sum === undefined) !== (sums === undefined))
      throw bad(
        name,
        index,
        `it ${sums === undefined ? 'has no checksum, and those above have' : 'has a checksum, and those above have none'}`,
      );
    if (sums !== undefined) {
      if (sums.said !== sums.due)
        throw bad(
          name,
          index,
          'it does not follow from the line above: one was altered, or lines are missing, duplicated or out of order',
        );
      sum = sums.said;
    }
    const parsed = eventSchema.safeParse(value);
    if (parsed.success) {
      events.push(parsed.data);
      return;
    }
    const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
    if (typeof type === 'string' && !knownTypes.has(type)) {
      throw bad(
        name,
        index,
        `an event of the unknown type "${oneLine(type)}": written by another version of firedrill?`,
      );
    }
    throw bad(name, index, problemsOf(eventSchema, value)[0] ?? 'not an event');
  });
  return events;
}

function bad(name: string, index: number, why: string): FiredrillError {
  return new FiredrillError('usage', `${name} line ${index + 1}: ${why}`, {
    hint: `sed -n ${index + 1}p ${name}`,
  });
}

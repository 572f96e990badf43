import { crc32 } from 'node:zlib';

/**
 * Each line of an `events.jsonl` ends in `"sum"`: the CRC-32 (as in gzip, eight hexadecimal digits) of the line without it, carried on from
 * the sum of the line above, 0 before the first. So a line that is altered, missing, doubled, moved or of another log does not fit the one
 * above it. It guards against accidents, not against somebody who computes the sums again; and the end of a log is shown by `trial.ended`, not
 * by a sum.
 */
const suffix = /,"sum":"([0-9a-f]{8})"\}$/;
const suffixLength = ',"sum":"00000000"}'.length;

/** A line as it is stored. */
export interface SealedLine {
  readonly line: string;
  /** What the next line carries on from. */
  readonly sum: number;
}

/**
 * Adds the sum to an event's JSON.
 * @param json an object with at least one field
 * @param previous the sum of the line above; 0 for the first
 */
export function seal(json: string, previous: number): SealedLine {
  const sum = crc32(json, previous);
  return { line: `${json.slice(0, -1)},"sum":"${sum.toString(16).padStart(8, '0')}"}`, sum };
}

/** What a stored line says its sum is, and what it should be after the line above; undefined for a line without one. */
export function sumsOf(line: string, previous: number): { readonly said: number; readonly due: number } | undefined {
  const found = suffix.exec(line)?.[1];
  if (found === undefined) return undefined;
  return { said: Number.parseInt(found, 16), due: crc32(`${line.slice(0, -suffixLength)}}`, previous) };
}

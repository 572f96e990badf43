import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { nightLineSchema, type NightLine } from '../model/night.ts';
import { parseAs } from '../model/schema.ts';
import { writeWhole } from '../engine/write-whole.ts';

/**
 * The lines of a nightly history or baseline, in the file's order; none when there is no such file yet.
 * @throws FiredrillError `usage`, with the number of the first line that is none, for a history with a hole would be believed
 */
export function readLines(file: string): readonly NightLine[] {
  const path = resolve(file);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text, index): readonly NightLine[] => {
      if (text.trim() === '') return [];
      try {
        return [parseAs(nightLineSchema, text)];
      } catch (error) {
        throw new FiredrillError(
          'usage',
          `line ${index + 1} of ${file} is not a valid entry of a history: ${oneLine(error)}`,
          {
            hint: `sed -i.bak ${index + 1}d ${file}   # removes that line; the old file is ${file}.bak`,
            cause: error,
          },
        );
      }
    });
}

/** Puts lines in a file's place, whole or not at all. */
export function writeLines(file: string, lines: readonly NightLine[]): void {
  writeWhole(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** A short key over several texts, the same for the same ones. */
export const keyOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

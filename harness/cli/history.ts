import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { nightLineSchema, type NightLine } from '../model/night.ts';

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
        return [nightLineSchema.parse(JSON.parse(text))];
      } catch (error) {
        throw new FiredrillError('usage', `${file}, line ${index + 1} is no night of firedrill: ${oneLine(error)}`, {
          hint: `sed -i.bak ${index + 1}d ${file}   # leaves that line out; the file as it was is ${file}.bak`,
          cause: error,
        });
      }
    });
}

/** Puts lines in a file's place, whole or not at all: who is cut off in the middle keeps the old one. */
export function writeLines(file: string, lines: readonly NightLine[]): void {
  const path = resolve(file);
  const beside = `${path}.${process.pid}.new`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(beside, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new FiredrillError('usage', `${file} cannot be written: ${oneLine(error)}`, { cause: error });
  }
}

/** A short key over several texts, the same for the same ones. */
export const keyOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

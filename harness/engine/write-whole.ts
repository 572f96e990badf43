import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FiredrillError, oneLine } from '../model/errors.ts';

/**
 * Puts text in a file's place, whole or not at all: who is cut off in the middle keeps the old one.
 * @throws FiredrillError `usage` with the file's name
 */
export function writeWhole(file: string, text: string): void {
  const path = resolve(file);
  const beside = `${path}.${process.pid}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new FiredrillError('usage', `${file} cannot be written: ${oneLine(error)}`, { cause: error });
  }
}

import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { FiredrillError, oneLine } from '../model/errors.ts';

/**
 * Puts text in a file's place, whole or not at all: who is cut off in the middle keeps the old one.
 * @throws FiredrillError `usage` with the file's name
 */
export function writeWhole(file: string, text: string): void {
  const path = resolve(file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic.sync(path, text);
  } catch (error) {
    throw new FiredrillError('usage', `${file} cannot be written: ${oneLine(error)}`, { cause: error });
  }
}

import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { parseAs, type TypeOf } from '../model/schema.ts';

/**
 * What a stored JSON file says.
 * @param what it holds: `plan`
 * @param hint the next command where it does not
 * @throws FiredrillError `usage`, in one line: the file, the place in it, and what is wrong there
 */
export function readStored<S extends z.ZodType>(path: string, schema: S, what: string, hint: string): TypeOf<S> {
  try {
    return parseAs(schema, readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FiredrillError('usage', `${path} is not a valid firedrill ${what}: ${oneLine(error)}`, {
      hint,
      cause: error,
    });
  }
}

import { z } from 'zod';
import type { NodeSelector, Place } from '../model/step.ts';
import { durationOf, type Millis } from '../model/units.ts';
import { isNodes, placeOf } from './fence.ts';
import { isName } from './names.ts';

/** Kinds of values that several of the files have that users write. */

export const words = (what: string) => ({ error: `must be ${what}` });
export const text = z.string(words('a text')).min(1, words('a text that is not empty'));
export const name = z.string(words('a name')).refine(isName, 'must be lower-case letters, digits and dashes');

export const duration = z.string(words('a length of time such as 2s or 5m')).transform((value, context): Millis => {
  const ms = durationOf(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a length of time such as 2s or 5m' });
  return z.NEVER;
});

export const place = z.string(words('a place')).transform((value, context): Place => {
  const found = placeOf(value);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: 'must be workstation, control-plane, workers, nodes or worker-1' });
  return z.NEVER;
});

export const nodes = place.transform((value, context): NodeSelector => {
  if (isNodes(value)) return value;
  context.addIssue({ code: 'custom', message: 'must be control-plane, workers, nodes or worker-1' });
  return z.NEVER;
});

export const expression = z.string(words('a regular expression')).refine(
  (value) => {
    try {
      return new RegExp(value, 'm').source !== '';
    } catch {
      return false;
    }
  },
  { error: 'must be a regular expression' },
);

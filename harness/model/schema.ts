import { z } from 'zod';
import { oneLine } from './errors.ts';

/*
 * What schemas of stored things are made of. A thing that is stored has one schema, and its type is inferred from that: within a `schemaVersion` fields
 * are only added, so fields that a schema does not know are let through, and those that older versions did not write are optional.
 */

type Deep<T> = T extends readonly (infer U)[]
  ? readonly Deep<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T;

/** The type of what is like the schema; nothing in it is changed by whoever has it. */
export type TypeOf<S extends z.ZodType> = Deep<z.output<S>>;

export const text = z.string();
export const texts = z.array(text);
/** Milliseconds: a duration, or an instant of the trial's clock. */
export const ms = z.number();
export const whole = z.int();
export const version = z.literal(1, { error: 'written by another version of firedrill' });

/**
 * What a JSON text says, as it stands: fields that the schema does not know are in it, too.
 * @throws Error in one line: the place, and what is wrong there
 */
export function parseAs<S extends z.ZodType>(schema: S, json: string): TypeOf<S> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`not JSON (${oneLine(error)})`, { cause: error });
  }
  const [problem] = problemsOf(schema, value);
  if (problem !== undefined) throw new Error(problem);
  return value as TypeOf<S>;
}

/** What of a value is not like the schema, one line each with the place: `runbooks[wait].claim.says: is missing`. Empty when all of it is. */
export function problemsOf(schema: z.ZodType, value: unknown): readonly string[] {
  const { error } = schema.safeParse(value, { reportInput: true });
  return (error?.issues ?? []).map((issue) => {
    const place = placeOf(value, issue.path);
    const what =
      issue.code !== 'custom' && issue.input === undefined && place !== ''
        ? 'is missing'
        : issue.message.replace(/^Invalid (input|option): /, '');
    return place === '' ? what : `${place}: ${what}`;
  });
}

/** A path into a value as its author knows it: things in lists by their names. */
function placeOf(value: unknown, path: readonly PropertyKey[]): string {
  let at: unknown = value;
  let place = '';
  for (const key of path) {
    at = (at as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key];
    if (typeof key === 'number') place += `[${nameOf(at) ?? String(key)}]`;
    else place += `${place === '' ? '' : '.'}${String(key)}`;
  }
  return place;
}

function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, trialId, sli, name, runbook } = value as Readonly<Record<string, unknown>>;
  return [id, trialId, sli, name].find((one) => typeof one === 'string') ?? nameOf(runbook);
}

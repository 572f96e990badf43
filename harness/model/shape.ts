import { z } from 'zod';
import type { Scenario } from './scenario.ts';

/*
 * Node runs scenario files without looking at their types, and their authors may not have either: what TypeScript would say is said here, for whoever
 * starts a scenario with a typing mistake in it. What no type can say is in check.ts.
 */

const text = z.string();
const ms = z.number();
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const fn = z.custom((value) => typeof value === 'function', 'must be a function');
const nodes = z.union([z.enum(['control-plane', 'workers', 'nodes']), z.object({ worker: z.int().min(1) })], {
  error: 'must be control-plane, workers, nodes, or { worker: <number from 1> }',
});
const place = z.union([z.literal('workstation'), nodes], {
  error: 'must be workstation, control-plane, workers, nodes, or { worker: <number from 1> }',
});
const common = { name: text, timeoutMs: ms, changes: z.boolean() };
const step = z.discriminatedUnion('kind', [
  z.looseObject({ ...common, kind: z.literal('shell'), on: place, command: text }),
  z.looseObject({ ...common, kind: z.literal('until'), on: place, command: text }),
  z.looseObject({ ...common, kind: z.literal('reboot'), on: nodes }),
  z.looseObject({ ...common, kind: z.literal('power-off'), on: nodes }),
  z.looseObject({ ...common, kind: z.literal('on-panic'), on: nodes, then: z.enum(['reboot', 'halt']) }),
]);
const byProfile = z.looseObject({ fast: ms, stock: ms });

const scenarioShape = z.looseObject({
  outage: z.looseObject({
    title: text,
    source: text,
    date: text,
    says: list(text),
    undetectedMs: ms,
    recoveryMs: ms,
  }),
  fidelity: z.enum(['real', 'equivalent', 'emulated']),
  differences: list(text),
  cluster: z.looseObject({ workers: z.number(), workload: text }),
  setup: list(step).optional(),
  probes: list(
    z.looseObject({ sli: text, title: text, periodMs: ms, timeoutMs: ms, bystander: z.boolean(), open: fn }),
  ),
  breaks: list(text),
  keeps: list(text),
  fault: z.looseObject({
    id: text,
    title: text,
    source: text,
    targets: nodes,
    prepare: list(step),
    inject: list(step),
    witness: list(z.looseObject({ name: text, on: nodes, command: text, expect: text })),
    witnessDeadlineMs: ms,
    notYet: list(z.looseObject({ name: text, on: nodes, command: text, expect: text })).optional(),
    undo: list(step),
  }),
  detectors: list(
    z.looseObject({ id: text, title: text, expects: text, loop: fn, leastTtdMs: fn, periodMs: fn, watch: fn }),
  ),
  runbooks: list(
    z.looseObject({
      runbook: z.looseObject({
        id: text,
        title: text,
        why: text,
        before: list(step).optional(),
        instead: list(step).optional(),
        steps: list(step),
      }),
      claim: z.looseObject({ says: text, expect: z.enum(['recovers', 'does-not-recover', 'unknown']) }),
    }),
  ),
  holdMs: byProfile.optional(),
  horizonMs: byProfile,
} satisfies Record<keyof Scenario, z.ZodType>);

/** What of a value keeps it from being a scenario, one line each with the place: `runbooks[wait].claim.expect: ...`. Empty when it is one. */
export function shapeProblems(value: unknown): readonly string[] {
  const { error } = scenarioShape.safeParse(value, { reportInput: true });
  return (error?.issues ?? []).map((issue) => {
    const missing = issue.code === 'invalid_type' && issue.input === undefined;
    return `${placeOf(value, issue.path)}: ${missing ? 'is missing' : issue.message.replace(/^Invalid (input|option): /, '')}`;
  });
}

/** A path into a value as its author knows it: things in lists by their names. */
function placeOf(value: unknown, path: readonly PropertyKey[]): string {
  let at: unknown = value;
  let place = '';
  for (const key of path) {
    at = (at as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key];
    if (typeof key === 'number') place += `[${nameOf(at) ?? String(key)}]`;
    else place += `${place === '' ? '' : '.'}${String(key)}`;
  }
  return place;
}

function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, sli, name, runbook } = value as Readonly<Record<string, unknown>>;
  return [id, sli, name].find((one) => typeof one === 'string') ?? nameOf(runbook);
}

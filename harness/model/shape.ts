import { z } from 'zod';
import { components, datastores, inits } from './distribution.ts';
import { outageSchema } from './plan.ts';
import { claimSchema } from './runbook.ts';
import type { Scenario } from './scenario.ts';
import { ms, problemsOf, text } from './schema.ts';

/*
 * Node runs scenario files without looking at their types, and their authors may not have either: what TypeScript would say is said here, for whoever
 * starts a scenario with a typing mistake in it. What no type can say is in check.ts.
 */

const list = <T extends z.ZodType>(item: T) => z.array(item);
const fn = z.custom((value) => typeof value === 'function', 'must be a function');
const nodes = z.union([z.enum(['control-plane', 'workers', 'nodes']), z.object({ worker: z.int().min(1) })], {
  error: 'must be control-plane, workers, nodes, or { worker: <number from 1> }',
});
const place = z.union([z.literal('workstation'), nodes], {
  error: 'must be workstation, control-plane, workers, nodes, or { worker: <number from 1> }',
});
const common = { name: text, timeoutMs: ms, changes: z.boolean() };
const step = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('shell'), on: place, command: text }),
  z.object({ ...common, kind: z.literal('until'), on: place, command: text }),
  z.object({ ...common, kind: z.literal('reboot'), on: nodes }),
  z.object({ ...common, kind: z.literal('power-off'), on: nodes }),
  z.object({ ...common, kind: z.literal('on-panic'), on: nodes, then: z.enum(['reboot', 'halt']) }),
]);
const checks = list(z.object({ name: text, on: nodes, command: text, expect: text }));
const component = z.enum(components);
const requires = list(
  z.union(
    [
      z.strictObject({ apart: component }),
      z.strictObject({ unit: component }),
      z.strictObject({ daemonSet: component }),
      z.strictObject({ staticPod: component }),
      z.strictObject({ datastore: z.enum(datastores) }),
      z.strictObject({ init: z.enum(inits) }),
    ],
    {
      error: `must be { apart, unit, daemonSet or staticPod: <component> }, { datastore: <${datastores.join(' or ')}> } or { init: <${inits.join(' or ')}> }`,
    },
  ),
).optional();
const byProfile = z.object({ fast: ms, stock: ms });

const scenarioShape = z.object({
  outage: outageSchema,
  fidelity: z.enum(['real', 'equivalent', 'emulated']),
  differences: list(text),
  requires,
  cluster: z.object({ workers: z.number(), workload: text }),
  build: list(step).optional(),
  setup: list(step).optional(),
  probes: list(z.object({ sli: text, title: text, periodMs: ms, timeoutMs: ms, bystander: z.boolean(), open: fn })),
  breaks: list(text),
  users: fn.optional(),
  keeps: list(text),
  fault: z.object({
    id: text,
    title: text,
    source: text,
    requires,
    targets: nodes,
    prepare: list(step),
    inject: list(step),
    witness: checks,
    witnessDeadlineMs: ms,
    notYet: checks.optional(),
    undo: list(step),
  }),
  rightAlerts: z.array(z.object({ alertname: text, labels: z.record(text, text).optional() })).optional(),
  detectors: list(
    z.object({ id: text, title: text, expects: text, loop: fn, leastTtdMs: fn, periodMs: fn, watch: fn }),
  ),
  runbooks: list(
    z.object({
      runbook: z.object({
        id: text,
        title: text,
        why: text,
        requires,
        before: list(step).optional(),
        instead: list(step).optional(),
        steps: list(step),
      }),
      claim: claimSchema,
    }),
  ),
  holdMs: byProfile.optional(),
  horizonMs: byProfile,
} satisfies Record<keyof Scenario, z.ZodType>);

/** What of a value keeps it from being a scenario, one line each with the place: `runbooks[wait].claim.expect: ...`. Empty when it is one. */
export const shapeProblems = (value: unknown): readonly string[] => problemsOf(scenarioShape, value);

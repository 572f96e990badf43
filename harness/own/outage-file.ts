import { z } from 'zod';
import { distributionNames } from '../model/distribution.ts';
import { fidelities } from '../model/fault.ts';
import { claimSchema } from '../model/runbook.ts';
import { duration, expression, name, nodes, place, text, words } from './fields.ts';
import { sliFields } from './sli-fields.ts';

/** The schema of an outage in one YAML file (docs/own-outages.md): what a user writes, before anything in it is looked up. */

const stepFields = z.strictObject({
  run: text.optional(),
  until: text.optional(),
  reboot: nodes.optional(),
  name: text.optional(),
  on: place.optional(),
  timeout: duration.optional(),
  look: z.boolean().optional(),
  optional: z.boolean().optional(),
  finding: z.boolean().optional(),
  destroys: text.optional(),
});

const step = z.union([text, stepFields], { error: 'must be a command, or { run, until or reboot: ..., on: ... }' });
const steps = z.union([text, z.array(step)], { error: 'must be a command, or a list of steps' });
export type StepsField = z.output<typeof steps>;

const check = z.strictObject({ name: text.optional(), on: nodes.optional(), run: text, expect: expression });
const checks = z.union([check, z.array(check)], { error: 'must be { run, expect }, or a list of these' });
export type CheckFields = z.output<typeof check>;

const commandAlert = z.strictObject({
  id: name,
  title: text.optional(),
  command: z.strictObject({ on: nodes.optional(), run: text, fires: expression, every: duration.optional() }),
  right: expression.optional(),
});
export type CommandAlertFields = z.output<typeof commandAlert>;

const probeAlert = z.strictObject({ probe: name, streak: z.int().min(1).optional() });

export type ProbeAlertFields = z.output<typeof probeAlert>;

const runbook = z.strictObject({
  expect: claimSchema.shape.expect.optional(),
  says: text.optional(),
  title: text.optional(),
  why: text.optional(),
  use: text.optional(),
  file: text.optional(),
  run: steps.optional(),
});
export type RunbookFields = z.output<typeof runbook>;

export const outageFile = z.strictObject({
  title: text,
  source: text.optional(),
  says: z.array(text).min(1).optional(),
  fidelity: z.enum(fidelities).optional(),
  differences: z.array(text).optional(),
  on: nodes.optional(),
  distributions: z.array(z.enum(distributionNames)).min(1).optional(),
  workers: z.int().min(1).max(5).optional(),
  workload: text.optional(),
  watch: duration.optional(),
  setup: steps.optional(),
  build: steps.optional(),
  probes: z.record(name, sliFields).optional(),
  breaks: z.array(name).min(1, words('a list with one SLI at least')),
  keeps: z.array(name).optional(),
  alerts: z
    .array(
      z.union([text, commandAlert, probeAlert], {
        error: 'must be the name of an alert, { id, command } or { probe: <SLI> }',
      }),
    )
    .optional(),
  'right-alerts': z
    .array(
      z.union([text, z.strictObject({ alertname: text, labels: z.record(text, text).exactOptional() })], {
        error: 'must be the name of a rule, or { alertname, labels }',
      }),
    )
    .optional(),
  fault: z.strictObject({
    title: text.optional(),
    prepare: steps.optional(),
    inject: steps,
    witness: checks,
    within: duration.optional(),
    'not-yet': checks.optional(),
    undo: steps,
  }),
  runbooks: z.record(name, runbook.nullable()).optional(),
});
export type OutageFile = z.output<typeof outageFile>;

export type AlertField = NonNullable<OutageFile['alerts']>[number];

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
  title: text.describe('What is broken, in one line'),
  source: text.describe('Where it is reported').optional(),
  says: z.array(text).min(1).describe('What the report says').optional(),
  fidelity: z.enum(fidelities).optional(),
  differences: z.array(text).describe('What is not as it was in the report').optional(),
  on: nodes.describe('Where the fault is; commands that name no other place run there').optional(),
  distributions: z.array(z.enum(distributionNames)).min(1).optional(),
  workers: z.int().min(1).max(5).optional(),
  workload: text.optional(),
  watch: duration.describe('How long recovery is waited for after the onset').optional(),
  setup: steps.describe('On each cluster, before steady state').optional(),
  build: steps.describe('Once, before the snapshot that clusters are restored from').optional(),
  probes: z.record(name, sliFields).optional(),
  breaks: z
    .array(name)
    .min(1, words('a list with one SLI at least'))
    .describe('SLIs that must break, or the trial is invalid'),
  keeps: z.array(name).describe('SLIs that go on, as the report says').optional(),
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
    inject: steps.describe('What breaks it'),
    witness: checks.describe('What proves that it is broken'),
    within: duration.optional(),
    'not-yet': checks.describe('What proves that it is not broken yet').optional(),
    undo: steps.describe('Takes the fault back, whatever was done meanwhile'),
  }),
  runbooks: z.record(name, runbook.nullable()).optional(),
});
export type OutageFile = z.output<typeof outageFile>;

export type AlertField = NonNullable<OutageFile['alerts']>[number];

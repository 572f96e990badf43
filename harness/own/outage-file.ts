import { z } from 'zod';
import { distributionNames } from '../model/distribution.ts';
import { fidelities } from '../model/fault.ts';
import type { NodeSelector, Place } from '../model/step.ts';
import { claimSchema } from '../model/runbook.ts';
import { durationOf, type Millis } from '../model/units.ts';
import { isNodes, placeOf } from './fence.ts';
import { isName } from './names.ts';

/** The schema of an outage in one YAML file (docs/own-outages.md): what a user writes, before anything in it is looked up. */

const words = (what: string) => ({ error: `must be ${what}` });
const text = z.string(words('a text')).min(1, words('a text that is not empty'));
const name = z.string(words('a name')).refine(isName, 'must be lower-case letters, digits and dashes');

const duration = z.string(words('a length of time such as 2s or 5m')).transform((value, context): Millis => {
  const ms = durationOf(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a length of time such as 2s or 5m' });
  return z.NEVER;
});

const place = z.string(words('a place')).transform((value, context): Place => {
  const found = placeOf(value);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: 'must be workstation, control-plane, workers, nodes or worker-1' });
  return z.NEVER;
});

const nodes = place.transform((value, context): NodeSelector => {
  if (isNodes(value)) return value;
  context.addIssue({ code: 'custom', message: 'must be control-plane, workers, nodes or worker-1' });
  return z.NEVER;
});

const expression = z.string(words('a regular expression')).refine(
  (value) => {
    try {
      return new RegExp(value, 'm').source !== '';
    } catch {
      return false;
    }
  },
  { error: 'must be a regular expression' },
);

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

const probe = z.strictObject({
  title: text.optional(),
  on: place.optional(),
  run: text,
  expect: expression.optional(),
  every: duration.optional(),
  timeout: duration.optional(),
  slo: z.number().min(0).max(1).optional(),
  bystander: z.boolean().optional(),
});
export type ProbeFields = z.output<typeof probe>;

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
  probes: z.record(name, probe).optional(),
  breaks: z.array(name).min(1, words('a list with one SLI at least')),
  keeps: z.array(name).optional(),
  alerts: z
    .array(
      z.union([text, commandAlert, probeAlert], {
        error: 'must be the name of an alert, { id, command } or { probe: <SLI> }',
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

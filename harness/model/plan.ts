import { z } from 'zod';
import { controlKinds, type ControlKind } from './control.ts';
import { distributionNames } from './distribution.ts';
import { objectiveSchema } from './objective.ts';
import { profileSchema } from './profile.ts';
import { claimSchema } from './runbook.ts';
import { ms, text, texts, version, whole, type TypeOf } from './schema.ts';

export const triggerSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('oracle') }),
    z.object({ kind: z.literal('detector'), id: text }),
  ])
  .describe('When a runbook begins: a fixed delay after the onset (`oracle`), or when an alert fires');
export type Trigger = TypeOf<typeof triggerSchema>;

export const controlSchema = z
  .enum(controlKinds)
  .describe(
    'A control arm: no fault, a fix on a healthy cluster, the undo as a runbook, or a runbook started 30 s later',
  );

/** One trial to run: which runbook, in which block, with which seed. */
const plannedTrial = z.object({
  id: text,
  block: whole,
  runbook: text,
  control: controlSchema.exactOptional().describe('Absent in the arms that respond to the outage'),
  seed: z.number(),
  repeats: text.exactOptional().describe('The invalid trial that this one replaces: added to the plan during the run'),
});
export type PlannedTrial = TypeOf<typeof plannedTrial>;

const plannedStep = z
  .object({ name: text, on: text, command: text, changes: z.boolean(), destroys: text.exactOptional() })
  .describe('A step in words: what a reader of a stored run needs of it');
export type PlannedStep = TypeOf<typeof plannedStep>;
const plannedSteps = z.array(plannedStep);

const plannedControl = z.object({
  id: text.describe("The arm's name"),
  kind: controlSchema,
  runbook: text.exactOptional().describe("The runbook that it is about; absent where there is none of the scenario's"),
  title: text,
  steps: plannedSteps.exactOptional().describe('What is run, where it is no runbook of the plan'),
});
/** A control arm of a run: what it asks, for whoever reads the reports. */
export type PlannedControl = TypeOf<typeof plannedControl>;

/** The two times that a comparison is about, in the order in which they are asked. */
export const endpoints = ['downtime', 'ttr'] as const;
export type Endpoint = (typeof endpoints)[number];

const look = z
  .object({
    blocks: whole.describe('Number of complete blocks'),
    level: z.number().describe('What an adjusted p must not be above to count as shown at this look'),
  })
  .describe('A point at which the comparison is looked at');
export type Look = TypeOf<typeof look>;

const plannedComparison = z
  .object({
    arms: texts.describe('Runbooks that respond to the outage, by id'),
    endpoints: z.array(z.enum(endpoints)),
    looks: z
      .array(look)
      .describe('In the order of their blocks; one at the end of the plan where nothing is decided on the way'),
    decide: z.boolean().describe('Whether arms are dropped and the run ends as soon as it is decided'),
    dropAfter: whole
      .exactOptional()
      .describe(
        'An arm that never recovered in this many blocks, in which another recovered every time, is dropped. Only with `decide`',
      ),
    confirmMs: ms.describe(
      'How long the first recovery of each arm is watched after it is stable. No arm is named without that',
    ),
    amendments: z
      .array(z.object({ atEpochMs: ms, trialsSeen: whole, what: text }))
      .exactOptional()
      .describe('Changes after the run had begun, earliest first: what they compare is exploratory'),
  })
  .describe('How the arms will be compared, decided before the first trial');
export type PlannedComparison = TypeOf<typeof plannedComparison>;

const dropped = z
  .object({ arm: text, afterBlock: whole, why: text })
  .describe('An arm that was given up on the way, by the declared rule');
export type Dropped = TypeOf<typeof dropped>;

const checks = z
  .array(z.object({ name: text, on: text, command: text, expect: text }))
  .describe("Each command's output must match the regular expression");

const plannedTest = z
  .object({
    workers: whole,
    workload: text.describe('Folder under `manifests/`'),
    build: plannedSteps.exactOptional().describe('Done once, before the snapshot is taken'),
    setup: plannedSteps.describe("Done on every trial's cluster before steady state is measured"),
    fault: z.object({
      id: text,
      params: z.record(
        text,
        z.union([text, z.number(), z.boolean()], { error: 'must be a text, a number, true or false' }),
      ),
      targets: text,
      prepare: plannedSteps,
      inject: plannedSteps,
      witness: checks,
      witnessDeadlineMs: ms,
      notYet: checks
        .exactOptional()
        .describe('While one of these holds the fault is not in effect yet; absent where it takes effect at once'),
      undo: plannedSteps,
    }),
    probes: z.array(
      z.object({
        sli: text,
        periodMs: ms,
        timeoutMs: ms,
        slo: z.number().describe('Share of requests that must be good, 0 to 1'),
        role: z
          .enum(['breaks', 'keeps', 'bystander', 'watched'])
          .describe(
            '`breaks`: the outage must break it; `keeps`: it must not; `bystander`: outside the blast radius; `watched`: neither',
          ),
      }),
    ),
    detectors: z.array(z.object({ id: text, loop: text, expects: text })),
  })
  .describe(
    'What the trials do to a cluster and how they watch it: trials with different ones are not comparable. Absent in plans of older versions',
  );
export type PlannedTest = TypeOf<typeof plannedTest>;

/** The documented outage that a scenario replays, and what its postmortem claims. */
export const outageSchema = z.object({
  title: text,
  source: text.describe('Number and title of the postmortem'),
  date: text,
  says: texts.describe('One claim a line; printed beside the measurement'),
  undetectedMs: ms.describe('How long it went unnoticed in the postmortem; 0 when it does not say'),
  recoveryMs: ms.describe("How long the postmortem's own recovery took; 0 when it does not say"),
});

/** plan.json of a run: what was decided before anything was touched. */
export const planSchema = z.object({
  schemaVersion: version,
  runId: text,
  scenario: text,
  profile: profileSchema,
  beside: texts
    .exactOptional()
    .describe('Ids of runs on other distributions that drew their trials into the same blocks'),
  distribution: z
    .enum(distributionNames)
    .exactOptional()
    .describe("What the nodes run (k3d: k3s in k3d's containers); kubeadm where absent"),
  seed: z.number(),
  createdEpochMs: ms,
  trigger: triggerSchema.exactOptional().describe('When runbooks begin; oracle where absent'),
  trials: z.array(plannedTrial),
  outage: outageSchema.describe(
    "The scenario's own words that reports print, so that a stored run needs no code of that day",
  ),
  fidelity: text,
  differences: texts,
  test: plannedTest.exactOptional(),
  runbooks: z.array(
    z.object({
      id: text,
      title: text,
      why: text,
      says: text,
      expect: claimSchema.shape.expect,
      before: plannedSteps.exactOptional().describe("A prevention's steps, done before anything breaks"),
      instead: plannedSteps.exactOptional().describe('How a prevention makes the change that broke everything'),
      steps: plannedSteps,
      responder: text.exactOptional().describe('Who responds, as it was asked for, where there are no steps to follow'),
      markdown: text.exactOptional().describe("The page that it was read from, where it is a user's own"),
    }),
  ),
  comparison: plannedComparison.exactOptional(),
  dropped: z
    .array(dropped)
    .exactOptional()
    .describe('What was given up while the run went on, in that order; absent where nothing was'),
  decided: z
    .object({ afterBlock: whole, why: text })
    .exactOptional()
    .describe('Why the run ended before its last block; absent where it did not'),
  controls: z
    .array(plannedControl)
    .exactOptional()
    .describe('Control arms, which do not respond to the outage; absent where there are none'),
  objective: objectiveSchema.exactOptional().describe('What recovery must be like; absent where nothing was asked'),
  horizonMs: ms.describe('The horizon: how long after its onset a trial is watched at most'),
  holdMs: ms.describe('The stability window: how long service must have no outage to count as stable'),
});
export type Plan = TypeOf<typeof planSchema>;

/** `20251121-093015-4f2a`: sorts by time, short enough for container names. */
export function runIdOf(epochMs: number, seed: number): string {
  const stamp = new Date(epochMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${(seed % 65536).toString(16).padStart(4, '0')}`;
}

/** Whether a folder is named as one of a run is. */
export const isRunId = (name: string): boolean => /^\d{8}-\d{6}-[0-9a-f]{4}$/.test(name);

/** The arms of a plan's comparison that were not dropped; none where nothing was declared. */
export function armsIn({ comparison, dropped }: Pick<Plan, 'comparison' | 'dropped'>): readonly string[] {
  return (comparison?.arms ?? []).filter((arm) => !(dropped ?? []).some((d) => d.arm === arm));
}

/** Whether a trial of a plan is still to be run: its arm was not dropped before its block, and the run was not decided. */
export function isWanted(
  { dropped, decided }: Pick<Plan, 'dropped' | 'decided'>,
  { runbook, control, block }: PlannedTrial,
): boolean {
  if (decided !== undefined && block > decided.afterBlock) return false;
  return !(dropped ?? []).some((d) => control === undefined && d.arm === runbook && block > d.afterBlock);
}

/** The kinds of control arms that a plan has: what makes the same ones again. */
export function controlsOf(plan: Plan): readonly ControlKind[] {
  return [...new Set((plan.controls ?? []).map(({ kind }) => kind))];
}

import { z } from 'zod';
import { controlKinds } from './control.ts';
import { limitNames } from './limits.ts';
import { profileSchema } from './profile.ts';
import { claimSchema } from './runbook.ts';
import { ms, text, texts, version, whole } from './schema.ts';

/*
 * The one truth of a trial: `events.jsonl`, one JSON object a line, appended and flushed as things happen. Every number in
 * every report is a pure function of these lines (see docs/measurement.md), so the first event carries all the parameters
 * that the analysis needs. All `…Ms` fields are milliseconds since the trial's zero on one monotonic clock, unless the name
 * says `Epoch`.
 */

export const phaseNames = [
  'provision',
  'workload',
  'steady',
  'inject',
  'observe',
  'runbook',
  'recover',
  'verify',
  'teardown',
] as const;
/** The phases of a trial, in their order. */
export type PhaseName = (typeof phaseNames)[number];

/** An event of a type: what happened, and the line's sequence number and the instant at which it was written. */
const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape, seq: whole, atMs: ms });

const trialStarted = event('trial.started', {
  schemaVersion: version,
  trialId: text,
  scenario: text,
  runbook: text,
  profile: profileSchema,
  seed: whole,
  wallEpochMs: ms,
  /** SLIs that must break; SLIs that must not. */
  breaks: texts,
  keeps: texts,
  probes: z.array(
    z.object({
      sli: text,
      title: text,
      periodMs: ms,
      timeoutMs: ms,
      slo: z.number().optional(),
      bystander: z.boolean(),
    }),
  ),
  detectors: z.array(
    z.object({
      id: text,
      title: text,
      loop: text,
      leastTtdMs: ms,
      periodMs: ms,
      expects: text,
      /** Of an alert of a rule; absent for others. */
      right: z.array(z.record(text, text)).optional(),
      /** Of an alert of a rule whose name is neither right nor wrong. */
      judged: z.literal(false).optional(),
    }),
  ),
  /** A control arm: with no fault, or with one and no answer of interest by itself. */
  control: z.enum(controlKinds).optional(),
  /** The change is made in a way that should prevent the outage: nothing has to break. */
  prevention: z.boolean().optional(),
  /** Who responds, where there are no steps to follow. */
  responder: text.optional(),
  claim: claimSchema,
  steps: z.array(z.object({ name: text, command: text, changes: z.boolean(), destroys: text.optional() })),
  holdMs: ms,
  horizonMs: ms,
  runbookDelayMs: ms,
  /** How long service is watched after it is stable; absent in logs from before there was such a watch. */
  watchMs: ms.optional(),
});

const environment = event('environment', { facts: z.record(text, text) });

const phase = event('phase', {
  name: z.enum(phaseNames),
  state: z.enum(['started', 'done', 'failed']),
  /** When this phase gives up, for the progress display. */
  deadlineMs: ms.optional(),
  detail: text.optional(),
});

const sample = event('sample', {
  sli: text,
  n: whole,
  intendedMs: ms,
  startedMs: ms,
  endedMs: ms,
  ok: z.boolean(),
  error: text.optional(),
});

const reading = event('detector', {
  detector: text,
  /** `ended`: its watch stopped by itself (an error, or its source went away). */
  state: z.enum(['quiet', 'firing', 'alive', 'blind', 'ended']),
  what: text.optional(),
  /** Of an alert of a rule that fires. */
  labels: z.record(text, text).optional(),
});

/** The monitoring that runs beside a trial: its intervals, the targets of each job, and why a job has none. */
const monitoring = event('monitoring', {
  scrapeMs: ms,
  evaluationMs: ms,
  groupWaitMs: ms,
  groupIntervalMs: ms,
  repeatIntervalMs: ms,
  lookbackMs: ms,
  targets: z.record(text, whole),
  absent: z.record(text, text),
});

/**
 * One time that one alert was there, as Prometheus itself kept it: the evaluations at which it became pending, began to fire and was seen for
 * the last time. When somebody was told of it is a `detector` event. Written after the trial; to within one evaluation interval.
 */
export const alertSchema = event('alert', {
  alertname: text,
  labels: z.record(text, text),
  /** Absent where it fired at once. */
  pendingMs: ms.optional(),
  /** Absent where it never fired. */
  firingMs: ms.optional(),
  lastMs: ms,
});

/** A command of the set-up, the fault, its undo or the runbook. `index` counts within its `part`. */
const step = event('step', {
  part: z.enum(['setup', 'prepare', 'inject', 'undo', 'runbook']),
  index: whole,
  name: text,
  on: text,
  command: text,
  changes: z.boolean(),
  /** What it prints is a finding. */
  finding: z.boolean().optional(),
  state: z.enum(['started', 'done', 'failed', 'skipped']),
  exitCode: whole.optional(),
  /** The last lines of stdout and stderr, secrets removed. */
  output: text.optional(),
});

/** One look of the witness. `confirmed` is true when every check held on every target; `evidence` is what it saw. */
const witness = event('witness', { confirmed: z.boolean(), evidence: texts });

/** A look that proves that the fault was not in effect at `sinceMs`, when it began; trial milliseconds. `evidence` is what it saw. */
const notYet = event('not-yet', { sinceMs: ms, evidence: texts });

/** The cluster as its API says it, once a second; `reachable` is false when it does not answer. */
const state = event('state', {
  reachable: z.boolean(),
  nodesReady: whole.optional(),
  nodes: whole.optional(),
  podsDesired: whole.optional(),
  podsReady: whole.optional(),
  pending: whole.optional(),
  terminating: whole.optional(),
  restarts: whole.optional(),
});

/** Everything that exists, before the fault and at the end; `inside` says whether it is in the blast radius. */
const inventory = event('inventory', {
  when: z.enum(['before', 'after']),
  objects: z.array(z.object({ name: text, uid: text, owner: text, restarts: whole, inside: z.boolean() })),
});

const durability = event('durability', {
  ok: z.boolean(),
  detail: text,
  /** The pod that was deleted for it; absent where none was, and in logs of older versions. */
  deletedUid: text.exactOptional(),
});

export const auditSchema = event('audit', {
  store: text,
  acknowledged: whole,
  missing: whole,
  altered: whole,
  duplicated: whole,
  unexpected: whole,
  oldestLostAckMs: ms.optional(),
});
/** The final read could not be done: loss is unknown, not zero. */
const auditFailed = event('audit.failed', { store: text, why: text });

/** One second of the user load that k6 drives: requests intended to start in it. `epochMs` is that second's wall time. */
export const loadSchema = event('load', {
  secondMs: ms,
  good: whole,
  bad: whole,
  dropped: whole,
});

/**
 * The harness' own health over the last interval: event-loop delay (99th percentile, ms), CPU use (cores), lateness of probes
 * (ms); on Linux also the share of the last 10 s in which some task of the machine waited for a CPU (percent), the share of the
 * interval in which the harness' own thread waited for one (0 to 1), and the share of all CPU time that the machine's host gave
 * to others (0 to 1). In some intervals also how many threads of the trial's containers ran and how many waited for a CPU, on average
 * since the last time that it was said, and the share of all CPU time that what does not belong to the trial took (0 to 1).
 */
const harness = event('harness', {
  loopDelayP99Ms: ms,
  latenessP99Ms: ms,
  cpuCores: z.number(),
  cpuPressure: z.number().optional(),
  waitedShare: z.number().optional(),
  stolenShare: z.number().optional(),
  nodesRunning: z.number().optional(),
  nodesWaiting: z.number().optional(),
  othersShare: z.number().optional(),
});

/** How a responder's part in a trial ended. `commands` counts all that it gave, noted or not. */
const responder = event('responder', {
  how: z.enum(['done', 'late', 'over', 'flooded', 'failed']),
  says: text,
  commands: whole,
});

/** An abort condition held, and the trial is being stopped: what it is about, its bound and what was there (units: see `Limits`). */
const limit = event('limit', { name: z.enum(limitNames), limit: z.number(), measured: z.number() });

/**
 * The shift of a person on call, in a drill: it begins on the healthy cluster, and ends when service has held (`restored`), the time is up (`limit`), or the person
 * gave up or left.
 */
const onCall = event('on-call', { state: z.enum(['began', 'restored', 'limit', 'gave-up', 'left']) });

/** A hint that a person on call took, and what it costs, in ms that are added to the time to recover. `index` counts from 0. */
const hint = event('hint', { index: whole, title: text, says: text, costMs: ms });

const note = event('note', { text });

/** Always last: why the trial stopped. `completed` says nothing about recovery. */
export const trialEndedSchema = event('trial.ended', {
  cause: z.enum(['completed', 'no-steady-state', 'no-witness', 'interrupted', 'limit', 'environment', 'error']),
  detail: text.optional(),
});

/** A line of events.jsonl. One schema for each type: an intersection of body and instant takes four times as long, and there are thousands of lines in a trial. */
export const eventSchema = z.discriminatedUnion('type', [
  trialStarted,
  environment,
  phase,
  sample,
  reading,
  monitoring,
  alertSchema,
  step,
  witness,
  notYet,
  state,
  inventory,
  durability,
  auditSchema,
  auditFailed,
  loadSchema,
  harness,
  responder,
  limit,
  onCall,
  hint,
  note,
  trialEndedSchema,
]);

type BodyOf<T> = T extends unknown ? Omit<T, 'seq' | 'atMs'> : never;
/** What happened, without when. */
export type EventBody = BodyOf<z.infer<typeof eventSchema>>;
export type EventOf<T extends EventBody['type']> = Extract<EventBody, { type: T }>;

/** A line of events.jsonl: the body with its sequence number and the instant at which it was written. */
export type TrialEvent = EventBody & { readonly seq: number; readonly atMs: number };

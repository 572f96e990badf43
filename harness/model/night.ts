import { z } from 'zod';
import { controlKinds } from './control.ts';
import { claimSchema } from './runbook.ts';
import { ms, type TypeOf } from './schema.ts';

const count = z.int().min(0);

/** A time with both ends of what is known of it, restricted to the horizon; without the event all three are the horizon. */
const time = z.object({ event: z.boolean(), lo: ms, time: ms, hi: ms });

/**
 * One line of a nightly run's history: what later nights need of one arm of one scenario in one night. Durations in ms. A baseline is a
 * file of the same lines, with the facts of the environment beside their key.
 */
export const nightLineSchema = z.object({
  schemaVersion: z.literal(1),
  /** Of the night's run, in UTC, for people; `epochMs` is what is computed with. */
  date: z.string(),
  epochMs: ms,
  runId: z.string(),
  scenario: z.string(),
  arm: z.string(),
  kind: z.enum(controlKinds).exactOptional(),
  runbook: z.string(),
  /** What the scenario expects of the runbook; absent for controls. */
  expect: claimSchema.shape.expect.exactOptional(),
  seed: z.number(),
  horizonMs: ms,
  /** Key of the environment; `mixed` where the night's trials had more than one. */
  fingerprint: z.string(),
  facts: z.record(z.string(), z.string()).exactOptional(),
  planned: count,
  /** All trials, by what became of them. */
  outcomes: z.record(z.string(), count),
  /** Invalid trials in which no witness confirmed the fault. */
  unwitnessed: count,
  /** Valid trials in which rows were lost or damaged. */
  withLoss: count,
  /** Recovered trials after which something was not as before: pods, alerts, durability. */
  notWhole: count,
  /** Valid trials with a relapse; absent in lines from before it was recorded: then by outcome. */
  downAgain: count.exactOptional(),
  /** Valid trials in which each alert was asked, detected the outage, was dead. */
  alarms: z.record(z.string(), z.object({ n: count, detected: count, dead: count })),
  /**
   * Of each block with a valid trial under a fault: downtime (absent in lines from before it was recorded), time to recover, and where nothing
   * was done the alarms' times to detect.
   */
  blocks: z.array(
    z.object({
      block: z.int(),
      downtimeMs: ms.exactOptional(),
      ttr: time,
      ttd: z.record(z.string(), time).exactOptional(),
    }),
  ),
});

/** A line of the history, checked. */
export type NightLine = TypeOf<typeof nightLineSchema>;

/** The environment's key where a night's trials had more than one. */
export const mixedEnvironment = 'mixed';

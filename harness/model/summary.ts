import { z } from 'zod';
import { outcomeSchema } from './outcome.ts';
import { controlSchema } from './plan.ts';
import { alertStages, detectorStatus, partsSchema } from './record.ts';
import { claimSchema } from './runbook.ts';
import { ms, text, texts, version, whole, type TypeOf } from './schema.ts';
import { intervalSchema, timeToSchema } from './units.ts';

const outcomeCounts = z.partialRecord(outcomeSchema, whole);
const data = z
  .object({ lost: whole, trialsWithLoss: whole, unknown: whole })
  .describe('Rows lost or damaged over all trials, and trials in which that is unknown');
const collateral = z
  .object({ restarts: whole, deleted: whole, bystanderBadMs: ms })
  .describe('Sums over the trials, outside the blast radius');
const share = z.object({
  k: whole,
  n: whole,
  atLeast: z.number().exactOptional().describe('What the true share is at least: 95 %, exact, one-sided'),
  wilson: intervalSchema.exactOptional().describe('Only in reports of before'),
});
const upTo = share.extend({
  atMost: z
    .number()
    .exactOptional()
    .describe('What the true share is at most: 95 %, exact, one-sided; of alerts, in place of `atLeast`'),
});

const runbookSummary = z.object({
  id: text,
  title: text,
  passive: z.boolean().describe('Changes nothing (`wait`): what heals by itself'),
  prevention: z
    .boolean()
    .describe(
      'A prevention: something done beforehand, or a careful way to make the change that broke everything; not a response to an outage',
    ),
  n: whole.describe('Valid trials; only these are in the numbers'),
  invalid: whole,
  unknown: whole,
  outcomes: outcomeCounts,
  recovered: share.describe('Trials with the outcome `recovered` or `prevented`, of n'),
  meanTtrMs: ms
    .exactOptional()
    .describe(
      'Restricted mean: mean(min(time to recover, horizon)); a trial that did not recover, or relapsed, counts with the horizon',
    ),
  meanTtrEnds: intervalSchema.exactOptional().describe('The same mean at the lower and upper ends of every time'),
  meanIsBound: z.boolean().describe('True when some never recovered: then the mean is a lower bound'),
  meanTtrInterval: intervalSchema
    .exactOptional()
    .describe('95 % of the mean of those that recovered, over blocks, from six on, with both ends of each time'),
  medianTtrMs: ms.exactOptional().describe('Only when at least half recovered'),
  ttrRange: intervalSchema.exactOptional().describe('Lowest and highest end of the intervals of those that recovered'),
  points: z.array(z.object({ trialId: text, outcome: outcomeSchema, ttr: timeToSchema })),
  survival: z
    .array(z.object({ timeMs: ms, share: z.number(), atRisk: whole, events: whole }))
    .exactOptional()
    .describe('Kaplan-Meier: the share not yet recovered just after each instant at which some did (middles)'),
  parts: partsSchema.exactOptional().describe('Means over the trials that were restored'),
  fullRecovery: z.object({
    k: whole,
    n: whole,
    meanMs: ms.exactOptional().describe('Over those that reached it'),
    restrictedMs: ms
      .exactOptional()
      .describe('Over all; those that did not count with the horizon. Absent in reports of before'),
    missing: texts.describe('What was missing where it was not reached, most frequent first'),
  }),
  badnessMs: ms.describe('Mean downtime'),
  watchedStableMs: ms
    .exactOptional()
    .describe('The longest watch after it was stable in which it stayed so; absent where it never was'),
  data,
  collateral,
  commands: z.object({ planned: whole, failedTrials: whole }),
  destroys: texts,
  says: text,
  expect: claimSchema.shape.expect,
  agreement: z
    .enum(['as-said', 'contradicted', 'mixed', 'silent', 'no-data'])
    .describe("How the postmortem's claim fares: `silent` when it makes none, `no-data` without a valid trial"),
  measured: text.describe('What was measured, in one sentence, to stand beside `says`'),
  responder: z
    .object({
      trials: whole,
      firstLookMs: ms.exactOptional().describe('Median, from the onset, over the trials in which it looked'),
      firstChangeMs: ms
        .exactOptional()
        .describe('Median, from the onset, over the trials in which it changed anything'),
      commands: z.number().describe('Mean'),
      changes: z.number().describe('Mean'),
      endings: texts.describe('How its part ended, most frequent first'),
    })
    .exactOptional()
    .describe('Of a responder: what it did in the valid trials'),
  findings: texts.exactOptional().describe('What its diagnosis found, most frequent first; absent when it has none'),
});
/** One runbook over its valid trials. Durations in ms. */
export type RunbookSummary = TypeOf<typeof runbookSummary>;

const canary = z
  .object({
    kind: z
      .enum(['seen', 'other', 'not-seen', 'undecided'])
      .describe(
        '`seen`: both times are shown to be longer, and 30 s is within the interval, or off by less than would matter. `other`: shown, but 30 s is not. ' +
          '`not-seen`: not shown, with blocks enough to show something: other differences of that size cannot be believed to be seen either. ' +
          '`undecided`: too few blocks, or nothing to compare',
      ),
    arm: text,
    runbook: text,
    blocks: whole.describe('In which both were valid'),
    differenceMs: ms
      .exactOptional()
      .describe('How much later service recovered: mean over the blocks in which both recovered'),
    interval: intervalSchema.exactOptional().describe('95 %, ms; absent below six such blocks'),
    says: text.describe('All of it in one clause; the arm is not named'),
  })
  .describe('Whether the comparison detected that the runbook started 30 s later');
export type Canary = TypeOf<typeof canary>;

const controlSummary = z.object({
  id: text,
  kind: controlSchema,
  runbook: text.exactOptional(),
  title: text,
  planned: whole,
  n: whole.describe('Valid trials; only these are in the numbers'),
  outcomes: outcomeCounts,
  clean: upTo
    .exactOptional()
    .describe('Without a fault: trials in which no indicator was bad, no alert fired and nothing was lost'),
  alarms: z
    .array(upTo.extend({ id: text, silent: whole }))
    .exactOptional()
    .describe(
      'Without a fault: trials in which each alert fired, and in which it was dead or blind. On a healthy cluster left alone: false alarms',
    ),
  recovered: upTo.exactOptional().describe('With a fault: trials that recovered'),
  meanTtrMs: ms.exactOptional().describe('With a fault: mean(min(time to recover, horizon))'),
  meanIsBound: z.boolean().exactOptional(),
  badnessMs: ms.describe('Mean downtime of what the outage has to break'),
  slis: z.array(z.object({ sli: text, badMs: ms })).describe('Mean downtime of those that had any, worst first'),
  data,
  collateral,
  failedTrials: whole.describe('Trials in which a step of the runbook failed'),
  canary: canary.exactOptional(),
  measured: text.describe('What was measured, in one sentence'),
});
/** One control arm over its valid trials. Durations in ms. */
export type ControlSummary = TypeOf<typeof controlSummary>;

const detectorSummary = z.object({
  id: text,
  title: text,
  loop: text,
  leastTtdMs: ms.describe('The minimum time to detect: the shortest that its loop allows'),
  judged: z.literal(false).exactOptional().describe('Of an alert of a rule whose name is neither right nor wrong'),
  n: whole,
  asked: whole
    .exactOptional()
    .describe(
      'Trials in which it was evaluated for longer than its minimum time to detect. Absent in reports of definitions 1',
    ),
  counts: z.record(detectorStatus, whole),
  ttd: z
    .object({ minMs: ms, medianMs: ms, maxMs: ms })
    .exactOptional()
    .describe(
      'Of the middles: minimum and maximum over the trials that it detected; the median by Kaplan and Meier, in which a trial that it did not detect ' +
        'counts for as long as it was evaluated. Absent where that does not reach one half',
    ),
  notWithinMs: ms
    .exactOptional()
    .describe(
      'Where there is no median time to detect: it is longer than this, the longest that it was evaluated. Absent where it never was',
    ),
  points: z.array(z.object({ trialId: text, ttd: intervalSchema })),
  what: text.exactOptional().describe('What it said the first time it was right'),
  stages: alertStages.exactOptional().describe('Of the first trial that an alert of a rule detected'),
  trouble: text.exactOptional().describe('What it said when it was wrong, or why it was blind or died'),
  falseAlarms: whole.describe('Alerts without a fault, over the baselines and the control trials'),
  watchedMs: ms,
  couldFireMs: ms
    .exactOptional()
    .describe(
      'Of the time watched without a fault, in which it could have fired: each watch less its minimum time to detect. 0 is not testable. ' +
        'Absent in reports of definitions 1',
    ),
  perHour: z
    .object({ rate: z.number(), upper: z.number().describe('The rate that the data still allow (95 %)') })
    .exactOptional()
    .describe('False alarms; absent when there was no fault-free time in which it could have fired'),
  savedMs: ms
    .exactOptional()
    .describe(
      'How much earlier than in the postmortem the outage would have been detected, by the median time to detect; absent without one',
    ),
});
/** One alert over all valid trials. Durations in ms. */
export type DetectorSummary = TypeOf<typeof detectorSummary>;

const verdict = z.object({
  kind: z
    .enum(['use', 'wait', 'candidates', 'none', 'no-data'])
    .describe(
      '`use`: this runbook, for each other one either does worse by a hard fact or is shown to be no better. `wait`: the same of doing nothing. ' +
        '`candidates`: some recovered every time, and none is shown to be the one to use. `none`: no runbook can be named. `no-data`: no valid trial',
    ),
  runbook: text.exactOptional(),
  candidates: texts.exactOptional().describe('Safest first'),
  headline: text.describe('The verdict in one line'),
  result: text.describe('`recovered 8 of 8, TTR 41 s, downtime 38 s`'),
  doingNothing: text.exactOptional().describe('What doing nothing gives'),
  sureness: text.describe('How sure this is with that many trials, and why not another one'),
  decisions: texts
    .exactOptional()
    .describe(
      'Which arms were given up on the way and why the run ended when it did, by the declared rules; absent where nothing was decided',
    ),
  alarm: text.exactOptional().describe('The first alert, in one line; absent when the scenario watches none'),
  preventions: texts.describe('What the preventions that were tried would have avoided, one line each'),
  warnings: texts.describe('Data lost, harm, dead alerts, contradicted claims: worst first'),
});
/** What to do in this outage, and how sure that is: the first thing in every report. */
export type RunVerdict = TypeOf<typeof verdict>;

/** What a report says of all trials of a run together. */
export const summarySchema = z.object({
  schemaVersion: version,
  runId: text,
  scenario: text,
  profile: text,
  distribution: text
    .exactOptional()
    .describe('What the nodes ran, a stand-in being called one; absent where it was kubeadm'),
  seed: z.number(),
  createdEpochMs: ms,
  horizonMs: ms,
  holdMs: ms,
  trials: z.object({ planned: whole, run: whole, valid: whole, invalid: whole, unknown: whole, controls: whole }),
  verdict,
  objective: z
    .object({
      verdict: z.enum(['met', 'not met', 'no data']),
      says: text.describe('In one line'),
      arms: z.array(z.object({ runbook: text, met: whole, of: whole, atLeast: z.number() })),
    })
    .exactOptional()
    .describe('Whether the recovery objective was met, by each runbook; absent where the run has none'),
  broke: z
    .array(z.object({ sli: text, title: text, trials: whole, of: whole }))
    .describe(
      'What the fault itself broke: bad before the first changing command, in more than half of the valid trials. Most frequent first',
    ),
  runbooks: z.array(runbookSummary).describe('In the order of the plan'),
  detectors: z.array(detectorSummary),
  controls: z
    .array(z.object({ trialId: text, outcome: outcomeSchema, reason: text }))
    .describe('Trials of controls, one by one'),
  controlArms: z
    .array(controlSummary)
    .exactOptional()
    .describe('What the controls showed, in the order of the plan; absent where none were planned'),
  noData: z
    .array(z.object({ trialId: text, runbook: text, outcome: z.enum(['invalid', 'unknown']), reason: text }))
    .describe('Trials that gave no data, and why'),
  environment: z.record(text, text).describe('What trials had in common; facts that differ are listed as `a / b`'),
});
/** Everything that a report of a run says, as data: no reporter computes a number of its own. Durations in ms. */
export type RunSummary = TypeOf<typeof summarySchema>;

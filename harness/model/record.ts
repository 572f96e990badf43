import { z } from 'zod';
import { auditSchema, loadSchema } from './events.ts';
import { outcomeSchema } from './outcome.ts';
import { controlSchema } from './plan.ts';
import { profileSchema } from './profile.ts';
import { claimSchema } from './runbook.ts';
import { ms, text, texts, version, whole, type TypeOf } from './schema.ts';
import { intervalSchema, timeToSchema } from './units.ts';

export const detectorStatus = z
  .enum(['detected', 'missed', 'dead', 'blind', 'misdiagnosed', 'noisy'])
  .describe(
    '`missed`: alive and silent. `dead`: neither fired nor beat. `blind`: alive and said it could not see. ' +
      '`misdiagnosed`: fired only with something unexpected, in a control at all. `noisy`: was firing before the fault',
  );

export const alertStages = z
  .object({ pendingMs: ms.exactOptional(), firingMs: ms })
  .describe(
    'Of an alert of a rule: when Prometheus had it pending and firing, from the later end of the onset (negative: before it), to within an ' +
      'evaluation. Its time to detect ends later, with the notification; `pendingMs` is absent where it fired at once',
  );

/** One alert in one trial. */
const detectorRecord = z.object({
  id: text,
  title: text,
  loop: text,
  leastTtdMs: ms,
  status: detectorStatus,
  ttd: intervalSchema.exactOptional().describe('Time to detect, from the onset'),
  what: text.exactOptional().describe('What the alert said'),
  stages: alertStages.exactOptional(),
  judged: z
    .literal(false)
    .exactOptional()
    .describe('Of an alert of a rule: its name is neither right nor wrong, so that it detects whatever it rings for'),
  falseAlarms: whole,
  askedMs: ms
    .exactOptional()
    .describe(
      'How long after the onset it was evaluated: to the first changing command, or to the end of the trial where nothing was changed. ' +
        'What fires later may have noticed the fix. Absent in records of definitions 1',
    ),
});
export type DetectorRecord = TypeOf<typeof detectorRecord>;

const band = z
  .object({ fromMs: ms, toMs: ms, good: z.boolean() })
  .describe("A stretch of one SLI's timeline in which it was good or bad, for drawing. Trial milliseconds");
export type Band = TypeOf<typeof band>;

/** What of an SLI is held of many trials. */
const sliRecord = z.object({
  sli: text,
  title: text,
  firstSymptom: intervalSchema.exactOptional(),
  badMs: ms.describe(
    'Downtime: every failed request stands for one period, from the inject command to the horizon or the end',
  ),
});

const wholeSliRecord = sliRecord.extend({
  bystander: z.boolean(),
  periodMs: ms.exactOptional().describe('Between two requests; absent in records of definitions 1'),
  slo: z
    .number()
    .exactOptional()
    .describe('The share of requests that must be good; absent in records of definitions 1'),
  broke: z.boolean().describe('Whether it had an outage between onset and end'),
  ttr: timeToSchema
    .exactOptional()
    .describe('Since when it was stable, from the onset; censored when never. Absent when it never broke'),
  samples: whole,
  bad: whole,
  lastError: text.exactOptional(),
  bands: z.array(band),
});
/** An SLI with what is needed to draw it. */
export type WholeSliRecord = TypeOf<typeof wholeSliRecord>;

/** A step with its instants, in trial milliseconds. */
const stepRecord = z.object({
  part: text,
  name: text,
  finding: z.boolean().exactOptional().describe('What it printed is a finding'),
  fromMs: ms,
  toMs: ms,
  ok: z.boolean(),
  output: text
    .exactOptional()
    .describe('What it printed; where only the numbers of a trial are kept, only of findings'),
});

const wholeStepRecord = stepRecord.extend({
  on: text,
  command: text,
  changes: z.boolean(),
  exitCode: whole.exactOptional(),
});
/** A step as it was typed. */
export type WholeStepRecord = TypeOf<typeof wholeStepRecord>;

const dataLoss = z.object({
  stores: z.array(auditSchema.omit({ type: true, seq: true, atMs: true })),
  lost: whole,
  rpoMs: ms.exactOptional().describe('Onset minus the oldest lost acknowledgement; absent when nothing was lost'),
});
export type DataLoss = TypeOf<typeof dataLoss>;

const collateral = z
  .object({
    restarts: whole,
    deleted: whole,
    bystanderBadMs: ms,
    restartsInside: whole,
    deletedInside: whole,
  })
  .describe(
    'Outside the blast radius: container restarts, objects deleted, downtime of bystanders; inside it, for comparison',
  );
export type Collateral = TypeOf<typeof collateral>;

const harm = z
  .object({ slis: texts, objects: texts })
  .describe(
    'What the runbook left worse than it had found it: SLIs in an outage at the end, objects outside the blast radius gone for good',
  );
export type Harm = TypeOf<typeof harm>;

const responderRecord = z
  .object({
    firstLookMs: ms.exactOptional().describe('Its first command that only looked; from the onset'),
    firstChangeMs: ms.exactOptional().describe('Its first command that changed anything, or may have; from the onset'),
    commands: whole,
    changes: whole.describe('Commands that changed anything, or may have'),
    how: text
      .exactOptional()
      .describe('`done`: ended by itself; `late`, `over`, `flooded`, `failed`. Absent where the trial was cut off'),
    says: text.exactOptional(),
  })
  .describe('What a responder did: commands through the kubectl and ssh that it was given');
export type ResponderRecord = TypeOf<typeof responderRecord>;

const finding = z.object({
  name: text,
  verdict: z.enum(['good', 'bad', 'unknown']),
  says: text.describe('One clause: why'),
  crashed: z.literal(true).exactOptional().describe('The checker itself failed, and says nothing of the trial'),
});
export type FindingRecord = TypeOf<typeof finding>;

export const partsSchema = z
  .object({ waitingMs: ms, mitigatingMs: ms, settlingMs: ms })
  .describe(
    'Disjoint parts of the time to recover that add up to its middle: before the first changing command, while the runbook ran, after it',
  );

const trialRecord = z.object({
  schemaVersion: version,
  definitions: z
    .literal(2)
    .exactOptional()
    .describe('By which definitions of docs/measurement.md the numbers were computed; absent: those of before, 1'),
  from: z
    .literal('bands')
    .exactOptional()
    .describe("Computed from the timelines of an older record, not from events: requests' ends are unknown"),
  trialId: text,
  scenario: text,
  runbook: text,
  control: controlSchema.exactOptional(),
  profile: profileSchema,
  seed: z.number(),
  wallEpochMs: ms,
  outcome: outcomeSchema,
  prevention: z.literal(true).exactOptional().describe('The change was made under a prevention'),
  reason: text.describe('One sentence: why this outcome'),
  claim: claimSchema,
  onset: intervalSchema
    .exactOptional()
    .describe('From the inject command to the witness or the first effect; trial milliseconds'),
  firstSymptom: z.object({ sli: text, interval: intervalSchema }).exactOptional(),
  detectors: z.array(detectorRecord),
  mitigation: z.object({ startMs: ms, endMs: ms, commands: whole, failed: whole, destroys: texts }).exactOptional(),
  responder: responderRecord.exactOptional().describe('Where somebody responded instead of following a runbook'),
  firstGood: timeToSchema
    .exactOptional()
    .describe('When everything that broke was first good at once, from the onset; absent where `ttr` is'),
  ttr: timeToSchema
    .exactOptional()
    .describe(
      'Time to recover: since when service was stable, with no outage for a stability window, which is not added; from the onset. ' +
        'Absent for invalid trials',
    ),
  fullRecovery: timeToSchema.exactOptional(),
  watchedStableMs: ms
    .exactOptional()
    .describe('How long it was watched after it was stable; absent where it never was'),
  downAgain: z
    .object({
      afterMs: ms.describe('How long after it was stable that outage began'),
      lastedMs: ms.describe('How long that lasted at least'),
      slis: texts,
      totalMs: ms.describe('Over all outages after it was stable: how long anything was down'),
      relapse: z
        .boolean()
        .describe(
          'Whether that undoes the recovery: 5 s or more in all, or down at the end. Less is a blip, which counts as downtime',
        ),
    })
    .exactOptional()
    .describe('The first outage after it was stable'),
  late: intervalSchema
    .exactOptional()
    .describe('Since when service was stable, where that was only after the horizon; from the onset'),
  half: z
    .object({ broke: texts, down: texts })
    .exactOptional()
    .describe(
      'Where it was not stable within the horizon, and not all was down when it was over: what broke, and what of it was',
    ),
  fullRecoveryMissing: texts.describe('Why full recovery was not reached, if it was not'),
  parts: partsSchema.exactOptional(),
  badnessMs: ms.describe('Downtime: mean over the indicators that had to break of theirs'),
  slis: z.array(sliRecord),
  data: z
    .union([dataLoss, z.literal('unknown')], { error: 'must be what was read of each store, or "unknown"' })
    .describe('`unknown` when the final read could not be done or nothing was read'),
  collateral: z.union([collateral, z.literal('unknown')]),
  harm: harm.exactOptional(),
  load: z.object({ good: whole, bad: whole, dropped: whole }),
  harness: z
    .object({
      loopDelayP99Ms: ms,
      latenessP99Ms: ms,
      starved: z.boolean(),
      why: text.exactOptional(),
      stolenShare: z
        .number()
        .exactOptional()
        .describe('The share of CPU time that the host of this machine gave to others'),
      crowdedShare: z
        .number()
        .exactOptional()
        .describe("The share of the nodes' time in which they waited while other programs had the CPU"),
    })
    .describe('How far the instrument can be believed'),
  findings: z
    .array(finding)
    .exactOptional()
    .describe('What each checker found; in memory without what was good; absent in records of before'),
  environment: z.record(text, text),
  phases: z.array(z.object({ name: text, fromMs: ms, toMs: ms })),
  steps: z.array(stepRecord),
  endMs: ms.describe('End of observation in trial milliseconds'),
});
/**
 * Every number of one trial, derived from its events and from nothing else: what summaries, comparisons and verdicts read, and all of it that is kept in
 * memory of many trials. Of steps only those of the runbook and findings are held then.
 */
export type TrialRecord = TypeOf<typeof trialRecord>;

/** record.json: a trial's numbers, and what is needed to draw it, which is most of it. */
export const recordSchema = trialRecord.extend({
  witness: texts.describe('What showed that the fault was in effect'),
  slis: z.array(wholeSliRecord),
  steps: z.array(wholeStepRecord),
  loadSeries: z
    .array(loadSchema.omit({ type: true, seq: true, atMs: true }))
    .describe('User load second by second, for the timeline'),
});
export type WholeRecord = TypeOf<typeof recordSchema>;

/** Fetches a trial's whole record where one is needed: of many trials they are not all held in memory. */
export type WholeOf = (trialId: string) => WholeRecord;

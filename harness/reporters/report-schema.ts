import { z } from 'zod';
import { controlKinds } from '../model/control.ts';
import type { RunSummary } from '../analysis/summary.ts';
import { endpoints, type Plan } from '../model/plan.ts';
import { outcomes } from '../model/outcome.ts';
import type { WholeRecord } from '../model/record.ts';

/** What report.json holds. */
export interface Report {
  readonly schemaVersion: 1;
  readonly plan: Plan;
  readonly summary: RunSummary;
  readonly trials: readonly WholeRecord[];
}

const text = z.string();
const ms = z.number();
const whole = z.int();
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const interval = z
  .object({ lo: z.number(), hi: z.number() })
  .describe('What is only known to lie between two instants');
const censored = z
  .object({ censored: z.literal(true), at: ms })
  .describe('Had not happened when the watch ended, `at` ms after the onset');
const timeTo = z.union([interval, censored]);
const profile = z.enum(['stock', 'fast']);
const expects = z.enum(['recovers', 'does-not-recover', 'unknown']);
const outcome = z.enum(outcomes);
const control = z
  .enum(controlKinds)
  .describe(
    'A control arm: no fault, a cure on a healthy cluster, the undo as a runbook, or a runbook begun 30 s later',
  );
const status = z.enum(['detected', 'missed', 'dead', 'blind', 'misdiagnosed', 'noisy']);
const parts = z
  .object({ waitingMs: ms, mitigatingMs: ms, settlingMs: ms })
  .describe('Disjoint parts of the time to recover');
const version = z.literal(1);

const plannedStep = z.object({
  name: text,
  on: text,
  command: text,
  changes: z.boolean(),
  destroys: text.exactOptional(),
});

export const triggerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('oracle') }),
  z.object({ kind: z.literal('detector'), id: text }),
]);

const plannedTest = z
  .object({
    workers: whole,
    workload: text,
    setup: list(plannedStep),
    fault: z.object({
      id: text,
      params: z.record(text, z.union([text, z.number(), z.boolean()])).readonly(),
      targets: text,
      prepare: list(plannedStep),
      inject: list(plannedStep),
      witness: list(z.object({ name: text, on: text, command: text, expect: text })),
      witnessDeadlineMs: ms,
      notYet: list(z.object({ name: text, on: text, command: text, expect: text })).exactOptional(),
      undo: list(plannedStep),
    }),
    probes: list(
      z.object({
        sli: text,
        periodMs: ms,
        timeoutMs: ms,
        slo: z.number(),
        role: z.enum(['breaks', 'keeps', 'bystander', 'watched']),
      }),
    ),
    detectors: list(z.object({ id: text, loop: text, expects: text })),
  })
  .describe('What the trials do to a cluster and how they watch it; absent in plans of older versions');

/** plan.json: what was decided before anything was touched. */
export const planSchema = z.object({
  schemaVersion: version,
  runId: text,
  scenario: text,
  profile,
  seed: z.number(),
  createdEpochMs: ms,
  trigger: triggerSchema.exactOptional().describe('When runbooks begin; oracle where absent'),
  trials: list(
    z.object({
      id: text,
      block: whole,
      runbook: text,
      control: control.exactOptional(),
      seed: z.number(),
      repeats: text.exactOptional(),
    }),
  ),
  outage: z.object({
    title: text,
    source: text,
    date: text,
    says: list(text),
    undetectedMs: ms,
    recoveryMs: ms,
  }),
  fidelity: text,
  differences: list(text),
  test: plannedTest.exactOptional(),
  runbooks: list(
    z.object({
      id: text,
      title: text,
      why: text,
      says: text,
      expect: expects,
      before: list(plannedStep).exactOptional(),
      instead: list(plannedStep).exactOptional(),
      steps: list(plannedStep),
    }),
  ),
  controls: list(
    z.object({
      id: text,
      kind: control,
      runbook: text.exactOptional(),
      title: text,
      steps: list(plannedStep).exactOptional(),
    }),
  )
    .exactOptional()
    .describe('Arms that are no answers to the outage; absent where none were asked for'),
  comparison: z
    .object({
      arms: list(text),
      endpoints: list(z.enum(endpoints)),
      looks: list(z.object({ blocks: whole, level: z.number() })),
      decide: z.boolean(),
      dropAfter: whole.exactOptional(),
      confirmMs: ms,
      amendments: list(z.object({ atEpochMs: ms, trialsSeen: whole, what: text })).exactOptional(),
    })
    .exactOptional()
    .describe('How the arms will be compared, decided before the first trial'),
  dropped: list(z.object({ arm: text, afterBlock: whole, why: text })).exactOptional(),
  decided: z.object({ afterBlock: whole, why: text }).exactOptional(),
  horizonMs: ms.describe('Every trial is watched so long after its onset at most'),
  holdMs: ms.describe('Service must be good so long on end to count as restored'),
});

const detectorRecord = z.object({
  id: text,
  title: text,
  loop: text,
  leastTtdMs: ms,
  status,
  ttd: interval.exactOptional(),
  what: text.exactOptional(),
  falseAlarms: whole,
  askedMs: ms.exactOptional(),
});

const sliRecord = z.object({
  sli: text,
  title: text,
  bystander: z.boolean(),
  periodMs: ms.exactOptional(),
  slo: z.number().exactOptional(),
  broke: z.boolean(),
  firstSymptom: interval.exactOptional(),
  ttr: timeTo.exactOptional(),
  badMs: ms,
  samples: whole,
  bad: whole,
  lastError: text.exactOptional(),
  bands: list(z.object({ fromMs: ms, toMs: ms, good: z.boolean() })),
});

const audit = z.object({
  store: text,
  acknowledged: whole,
  missing: whole,
  altered: whole,
  duplicated: whole,
  unexpected: whole,
  oldestLostAckMs: ms.optional(),
});

/** record.json: every number of one trial. */
export const recordSchema = z.object({
  schemaVersion: version,
  definitions: z.literal(2).exactOptional().describe('Of docs/measurement.md; absent: those of before, 1'),
  from: z
    .literal('bands')
    .exactOptional()
    .describe("Computed from timelines, not from events: requests' ends are unknown"),
  trialId: text,
  scenario: text,
  runbook: text,
  control: control.exactOptional(),
  profile,
  seed: z.number(),
  wallEpochMs: ms,
  outcome,
  prevention: z.literal(true).exactOptional().describe('The change was made under a precaution'),
  reason: text,
  claim: z.object({ says: text, expect: expects }),
  onset: interval
    .exactOptional()
    .describe('From the inject command to the witness or the first effect; trial milliseconds'),
  witness: list(text),
  firstSymptom: z.object({ sli: text, interval }).exactOptional(),
  detectors: list(detectorRecord),
  mitigation: z
    .object({ startMs: ms, endMs: ms, commands: whole, failed: whole, destroys: list(text) })
    .exactOptional(),
  firstGood: timeTo.exactOptional().describe('When everything that broke was first good at once, from the onset'),
  ttr: timeTo
    .exactOptional()
    .describe('Time to recover: since when service was stable, from the onset; absent for invalid trials'),
  fullRecovery: timeTo.exactOptional(),
  watchedStableMs: ms.exactOptional().describe('How long it was watched after it was stable'),
  downAgain: z
    .object({ afterMs: ms, lastedMs: ms, slis: list(text), totalMs: ms, relapse: z.boolean() })
    .exactOptional()
    .describe('The first outage after it was stable'),
  fullRecoveryMissing: list(text),
  parts: parts.exactOptional(),
  badnessMs: ms.describe('Downtime: mean over the indicators that had to break of theirs'),
  slis: list(sliRecord),
  data: z.union([z.object({ stores: list(audit), lost: whole, rpoMs: ms.exactOptional() }), z.literal('unknown')]),
  collateral: z.object({
    restarts: whole,
    deleted: whole,
    bystanderBadMs: ms,
    restartsInside: whole,
    deletedInside: whole,
  }),
  load: z.object({ good: whole, bad: whole, dropped: whole }),
  harness: z.object({
    loopDelayP99Ms: ms,
    latenessP99Ms: ms,
    starved: z.boolean(),
    why: text.exactOptional(),
    stolenShare: z.number().exactOptional(),
  }),
  environment: z.record(text, text).readonly(),
  phases: list(z.object({ name: text, fromMs: ms, toMs: ms })),
  steps: list(
    z.object({
      part: text,
      name: text,
      on: text,
      command: text,
      changes: z.boolean(),
      finding: z.boolean().exactOptional().describe('What it printed is a finding'),
      fromMs: ms,
      toMs: ms,
      ok: z.boolean(),
      exitCode: whole.exactOptional(),
      output: text.exactOptional(),
    }),
  ),
  loadSeries: list(z.object({ secondMs: ms, good: z.number(), bad: z.number(), dropped: z.number() })),
  endMs: ms,
});

/** Of k of n. */
const bounds = {
  atLeast: z.number().exactOptional().describe('What the true share is at least: 95 %, exact, one-sided'),
  wilson: interval.exactOptional().describe('Only in reports of before'),
};

const runbookSummary = z.object({
  id: text,
  title: text,
  passive: z.boolean(),
  prevention: z.boolean().describe('A way to make the change, and no answer to an outage that is there'),
  n: whole.describe('Valid trials; only these are in the numbers'),
  invalid: whole,
  unknown: whole,
  outcomes: z.partialRecord(outcome, whole).readonly(),
  recovered: z.object({ k: whole, n: whole, ...bounds }),
  meanTtrMs: ms.exactOptional().describe('Restricted mean: mean(min(time to recover, horizon))'),
  meanTtrEnds: interval.exactOptional().describe('The same mean at the lower and upper ends of every time'),
  meanIsBound: z.boolean().describe('True when some never recovered: then the mean is a lower bound'),
  meanTtrInterval: interval.exactOptional().describe('95 % of the mean of those that came back, from six blocks on'),
  medianTtrMs: ms.exactOptional(),
  ttrRange: interval.exactOptional(),
  points: list(z.object({ trialId: text, outcome, ttr: timeTo })),
  survival: list(z.object({ timeMs: ms, share: z.number(), atRisk: whole, events: whole }))
    .exactOptional()
    .describe('Kaplan-Meier: the share not back yet just after each instant'),
  parts: parts.exactOptional(),
  fullRecovery: z.object({
    k: whole,
    n: whole,
    meanMs: ms.exactOptional().describe('Over those that reached it'),
    restrictedMs: ms.exactOptional().describe('Over all; those that did not count with the horizon'),
    missing: list(text),
  }),
  badnessMs: ms.describe('Mean downtime'),
  watchedStableMs: ms.exactOptional().describe('The longest watch after it was stable in which it stayed so'),
  data: z.object({ lost: whole, trialsWithLoss: whole, unknown: whole }),
  collateral: z.object({ restarts: whole, deleted: whole, bystanderBadMs: ms }),
  commands: z.object({ planned: whole, failedTrials: whole }),
  destroys: list(text),
  says: text,
  expect: expects,
  agreement: z.enum(['as-said', 'contradicted', 'mixed', 'silent', 'no-data']),
  measured: text,
  findings: list(text).exactOptional().describe('What its diagnosis found, most frequent first'),
});

const share = z.object({ k: whole, n: whole, ...bounds, atMost: z.number().exactOptional() });

const controlSummary = z.object({
  id: text,
  kind: control,
  runbook: text.exactOptional(),
  title: text,
  planned: whole,
  n: whole.describe('Valid trials; only these are in the numbers'),
  outcomes: z.partialRecord(outcome, whole).readonly(),
  clean: share.exactOptional().describe('Without a fault: nothing bad, no alarm, nothing lost'),
  alarms: list(share.extend({ id: text, silent: whole }))
    .exactOptional()
    .describe('Without a fault: trials in which each alarm fired, and in which it was dead or blind'),
  recovered: share.exactOptional(),
  meanTtrMs: ms.exactOptional(),
  meanIsBound: z.boolean().exactOptional(),
  badnessMs: ms,
  slis: list(z.object({ sli: text, badMs: ms })).describe('Mean downtime of those that had any'),
  data: z.object({ lost: whole, trialsWithLoss: whole, unknown: whole }),
  collateral: z.object({ restarts: whole, deleted: whole, bystanderBadMs: ms }),
  failedTrials: whole,
  canary: z
    .object({
      kind: z.enum(['seen', 'other', 'not-seen', 'undecided']),
      arm: text,
      runbook: text,
      blocks: whole,
      differenceMs: ms.exactOptional(),
      interval: interval.exactOptional(),
      says: text,
    })
    .exactOptional()
    .describe('Whether the comparison saw that the runbook was begun 30 s later'),
  measured: text,
});

const detectorSummary = z.object({
  id: text,
  title: text,
  loop: text,
  leastTtdMs: ms.describe('The least time to detect that its loop could ever have'),
  n: whole,
  asked: whole.exactOptional().describe('Trials in which it was asked for longer than its least time to detect'),
  counts: z.record(status, whole).readonly(),
  ttd: z.object({ minMs: ms, medianMs: ms, maxMs: ms }).exactOptional(),
  notWithinMs: ms.exactOptional().describe('Where there is no median time to detect: it is longer than this'),
  points: list(z.object({ trialId: text, ttd: interval })),
  what: text.exactOptional(),
  trouble: text.exactOptional(),
  falseAlarms: whole,
  watchedMs: ms,
  couldFireMs: ms.exactOptional().describe('Of the time watched without a fault, in which it could have fired'),
  perHour: z.object({ rate: z.number(), upper: z.number() }).exactOptional(),
  savedMs: ms.exactOptional(),
});

const summarySchema = z.object({
  schemaVersion: version,
  runId: text,
  scenario: text,
  profile: text,
  seed: z.number(),
  createdEpochMs: ms,
  horizonMs: ms,
  holdMs: ms,
  trials: z.object({
    planned: whole,
    run: whole,
    valid: whole,
    invalid: whole,
    unknown: whole,
    controls: whole,
  }),
  verdict: z.object({
    kind: z.enum(['use', 'wait', 'candidates', 'none', 'no-data']),
    runbook: text.exactOptional(),
    candidates: list(text).exactOptional().describe('Mildest first'),
    headline: text,
    result: text,
    doingNothing: text.exactOptional(),
    sureness: text,
    decisions: list(text).exactOptional().describe('What was dropped, and why the run ended, by the declared rules'),
    alarm: text.exactOptional(),
    preventions: list(text),
    warnings: list(text),
  }),
  broke: list(z.object({ sli: text, title: text, trials: whole, of: whole })).describe('What the fault itself broke'),
  runbooks: list(runbookSummary),
  detectors: list(detectorSummary),
  controls: list(z.object({ trialId: text, outcome, reason: text })),
  controlArms: list(controlSummary)
    .exactOptional()
    .describe('What the controls showed; absent where none were planned'),
  noData: list(z.object({ trialId: text, runbook: text, outcome: z.enum(['invalid', 'unknown']), reason: text })),
  environment: z.record(text, text).readonly(),
});

/**
 * report.json, checked where one is read. Fields that it does not know are let through: within a version fields are only added.
 * That it knows all there are today is a type check (below) and a test on the kept runs.
 */
export const reportSchema = z
  .object({ schemaVersion: version, plan: planSchema, summary: summarySchema, trials: list(recordSchema) })
  .describe('report.json of a firedrill run: everything that its reports say. Durations in milliseconds.');

type Deep<T> = T extends readonly (infer U)[]
  ? readonly Deep<U>[]
  : T extends object
    ? { readonly [K in keyof T]-?: Deep<T[K]> }
    : T;
/** `true` when both have the same fields of the same types, optional ones too. */
type Same<A, B> = [Deep<A>, Deep<B>] extends [Deep<B>, Deep<A>] ? true : never;
const _knowsAll: Same<z.output<typeof reportSchema>, Report> = true;

/** The published JSON Schema of report.json; `docs/report.schema.json` holds it. */
export function reportJsonSchema(): string {
  const schema = z.toJSONSchema(reportSchema, { io: 'input', target: 'draft-2020-12' });
  return `${JSON.stringify({ title: 'firedrill report', ...schema }, null, 2)}\n`;
}

/** What is wrong with something that should be like the schema, in one line: where, and what. Undefined when nothing is. */
export function problemOf(schema: z.ZodType, value: unknown): string | undefined {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (issue === undefined) return undefined;
  const where = issue.path.map(String).join('.');
  return `${where === '' ? '' : `${where}: `}${issue.message}`;
}

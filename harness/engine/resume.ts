import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, renameSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FiredrillError } from '../model/errors.ts';
import { trialEndedSchema, type EventOf } from '../model/events.ts';
import { controlsOf, isWanted, type Plan, type PlannedComparison, type PlannedTest } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { Scenario } from '../model/scenario.ts';
import { parseAs } from '../model/schema.ts';
import { makePlan } from './plan.ts';

/** A run that is gone on with: its folder, what was decided, and what is there. */
export interface Resumed {
  readonly runDir: string;
  readonly plan: Plan;
  /** Of all trials that left events. */
  readonly records: readonly TrialRecord[];
}

/**
 * The plan of a run that is gone on with: the same trials, seeds and phases, and blocks beside them when there are to be more than it
 * had. (Blocks are drawn one after the other, so that those of a longer plan begin like those of a shorter one.)
 *
 * @param trials blocks in all; fewer than the plan has change nothing
 * @param trialsSeen how many have their result: more blocks than were declared are an amendment, and so exploratory
 * @throws FiredrillError `usage` when the scenario is not what it was when the run began: its trials would not be of one kind
 */
export function resumePlan(old: Plan, scenario: Scenario, trials: number, trialsSeen = 0): Plan {
  const now = makePlan({
    scenarioId: old.scenario,
    scenario,
    profile: old.profile,
    ...(old.distribution === undefined ? {} : { distribution: old.distribution }),
    ...(old.beside === undefined ? {} : { beside: old.beside }),
    trials: Math.max(blocksOf(old), trials),
    seed: old.seed,
    runbooks: old.runbooks.map(({ id }) => id),
    controls: controlsOf(old),
    ...(old.comparison === undefined ? {} : { decide: old.comparison.decide, confirmMs: old.comparison.confirmMs }),
    createdEpochMs: old.createdEpochMs,
  });
  const changed = changedSince(old, now);
  if (changed !== undefined)
    throw new FiredrillError(
      'usage',
      `cannot resume run ${old.runId}: scenario ${old.scenario} has changed since (its ${changed})`,
      { hint: `npm run scenario ${old.scenario}` },
    );
  const wider = blocksOf(now) > blocksOf(old);
  return {
    ...old,
    trials: [...now.trials, ...old.trials.filter(({ repeats }) => repeats !== undefined)],
    ...(wider && old.comparison !== undefined ? { comparison: amended(old, now, old.comparison, trialsSeen) } : {}),
  };
}

/** Which part of a plan is not as it was, in words; undefined when its trials are of the same kind. Old plans do not tell everything. */
function changedSince(old: Plan, now: Plan): string | undefined {
  const first = old.trials.filter(({ repeats }) => repeats === undefined);
  const parts: readonly (readonly [string, unknown, unknown])[] = [
    ...(old.test === undefined || now.test === undefined
      ? []
      : testParts.map(([what, key]) => [what, old.test?.[key], now.test?.[key]] as const)),
    ['runbooks', old.runbooks, now.runbooks],
    ['controls', old.controls, now.controls],
    ['horizon', old.horizonMs, now.horizonMs],
    ['stability window', old.holdMs, now.holdMs],
    ['fidelity', old.fidelity, now.fidelity],
    ['trials', first, now.trials.slice(0, first.length)],
  ];
  return parts.find(([, then, today]) => !isDeepStrictEqual(stored(then), stored(today)))?.[0];
}

/** As it would be read back from a file: what is undefined is not there. */
const stored = (value: unknown): unknown => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

const testParts: readonly (readonly [string, keyof PlannedTest])[] = [
  ['fault', 'fault'],
  ['build', 'build'],
  ['setup', 'setup'],
  ['probes', 'probes'],
  ['detectors', 'detectors'],
  ['workload', 'workload'],
  ['number of workers', 'workers'],
];

/** More blocks than were declared: a further look, which nobody had planned. Before anything was seen it is a plan like any other. */
function amended(old: Plan, now: Plan, before: PlannedComparison, trialsSeen: number): PlannedComparison {
  const looks = now.comparison?.looks ?? before.looks;
  if (trialsSeen === 0) return { ...before, looks };
  const what = `${blocksOf(now)} blocks instead of ${blocksOf(old)}`;
  return {
    ...before,
    looks,
    amendments: [...(before.amendments ?? []), { atEpochMs: Date.now(), trialsSeen, what }],
  };
}

/** What must be the same for the trials of one run to be compared, by its name among a trial's facts. */
const facts = (nodeImage: string): Readonly<Record<string, string>> => ({
  'image.node': nodeImage,
  kernel: release(),
  cpus: String(cpus().length),
});

/** @throws FiredrillError `usage` when this is not the machine, or not the image, that the run began with */
export function requireSameMachine(resumed: Resumed, nodeImage: string): void {
  for (const { environment } of resumed.records) {
    for (const [name, now] of Object.entries(facts(nodeImage))) {
      const then = environment[name];
      if (then !== undefined && then !== now)
        throw new FiredrillError(
          'usage',
          `cannot resume run ${resumed.plan.runId} here: ${name} is ${now}, but was ${then} when it began`,
          { hint: `npm run scenario ${resumed.plan.scenario}` },
        );
    }
  }
}

/** What a trial ended by, in its last event; undefined when it was cut off, or never begun. */
export function endOf(trialDir: string): EventOf<'trial.ended'>['cause'] | undefined {
  const path = join(trialDir, 'events.jsonl');
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    // The last event is short.
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, 16_384));
    readSync(file, tail, 0, tail.length, size - tail.length);
    const last = tail.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    return parseAs(trialEndedSchema, last).cause;
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Whether a trial's last event says that it ended by itself, with data or without: it need not be run again. */
function isOver(trialDir: string): boolean {
  const cause = endOf(trialDir);
  return cause !== undefined && cause !== 'interrupted' && cause !== 'environment';
}

/** The trials of a plan that are not among those of a run that ended by themselves. */
export function remaining({ runDir, records }: Resumed, plan: Plan): Plan['trials'] {
  const there = new Set(records.map(({ trialId }) => trialId));
  return plan.trials.filter(
    (trial) => isWanted(plan, trial) && (!there.has(trial.id) || !isOver(join(runDir, 'trials', trial.id))),
  );
}

/** Whether a run has all its trials, and no fewer blocks than are wanted: there is nothing to go on with. */
export function isComplete(run: Resumed, trials: number): boolean {
  return blocksOf(run.plan) >= trials && remaining(run, run.plan).length === 0;
}

const blocksOf = (plan: Plan) => Math.max(...plan.trials.map(({ block }) => block));

/**
 * The trials that need not be run again, by id: those that ended by themselves, invalid ones too. What is left of others is set aside
 * under the name `<trial>.cut-<n>`, where no report looks.
 */
export function keepFinished(resumed: Resumed): Map<string, TrialRecord> {
  const trials = join(resumed.runDir, 'trials');
  const kept = new Map<string, TrialRecord>();
  for (const { id } of resumed.plan.trials) {
    const dir = join(trials, id);
    if (!existsSync(dir)) continue;
    const record = resumed.records.find(({ trialId }) => trialId === id);
    if (record !== undefined && isOver(dir)) {
      kept.set(id, record);
      continue;
    }
    const before = readdirSync(trials).filter((name) => name.startsWith(`${id}.cut-`)).length;
    renameSync(dir, join(trials, `${id}.cut-${before + 1}`));
  }
  return kept;
}

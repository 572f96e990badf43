import { armName, isFaultFree } from '../../model/control.ts';
import { mixedEnvironment, type NightLine } from '../../model/night.ts';
import type { Plan } from '../../model/plan.ts';
import { isSuccess, type Outcome } from '../../model/outcome.ts';
import type { TrialRecord } from '../../model/record.ts';
import type { Run } from '../../model/run.ts';
import { environmentDifferences, fingerprint, type Difference } from '../environments.ts';
import { sum, whole } from '../numbers.ts';
import { byBlock, isValid, type ObservedTime, observedTtr, restricted, together } from '../observed.ts';

/** The runbook that does nothing: alerts are timed in its trials, for nothing ends the outage before they fire. */
export const waitArm = 'wait';

/** A night of one scenario: its lines by arm, and where it ran. */
export interface Night {
  readonly runId: string;
  readonly scenario: string;
  readonly epochMs: number;
  readonly fingerprint: string;
  readonly arms: ReadonlyMap<string, NightLine>;
}

/** What a run comes to as a night: its lines, the facts of its environment, and in which of them its own trials differed. */
export interface Tonight extends Night {
  readonly facts: Readonly<Record<string, string>>;
  readonly mixed: readonly Difference[];
}

/**
 * The lines of a run. Pure.
 * @param key a short key over several texts, the same for the same ones
 */
export function nightOf({ plan, records }: Run, key: (parts: readonly string[]) => string): Tonight {
  const valid = records.filter(isValid);
  const mixed = [...environmentDifferences(valid, valid), ...definitionDifferences(valid)];
  const facts = factsOf(plan, valid);
  const print =
    mixed.length > 0
      ? mixedEnvironment
      : key(
          Object.entries(facts)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .flat(),
        );
  const arms = new Map<string, { readonly arm: Arm; readonly planned: number }>();
  for (const trial of plan.trials) {
    const id = armName(trial);
    const planned = (arms.get(id)?.planned ?? 0) + (trial.repeats === undefined ? 1 : 0);
    arms.set(id, { arm: trial, planned });
  }
  const lines = [...arms].map(([id, { arm, planned }]) =>
    lineOf(
      plan,
      arm,
      planned,
      records.filter((r) => armName(r) === id),
      print,
    ),
  );
  return {
    runId: plan.runId,
    scenario: plan.scenario,
    epochMs: plan.createdEpochMs,
    fingerprint: print,
    arms: new Map(lines.map((line) => [line.arm, line])),
    facts,
    mixed,
  };
}

type Arm = Pick<Plan['trials'][number], 'runbook' | 'control'>;

/** By which definitions a record's numbers were computed: those of two definitions are never held against each other. */
const definitionsOf = ({ definitions }: TrialRecord): string => String(definitions ?? 1);

function definitionDifferences(valid: readonly TrialRecord[]): readonly Difference[] {
  const [first, second] = [...new Set(valid.map(definitionsOf))].sort();
  return first === undefined || second === undefined ? [] : [{ fact: 'definitions', a: first, b: second }];
}

/** The environment, and what else times depend on: stability window, horizon, trigger, and how they are defined. */
function factsOf(plan: Plan, valid: readonly TrialRecord[]): Readonly<Record<string, string>> {
  const [first] = valid;
  const { trigger } = plan;
  return {
    ...(first === undefined ? {} : Object.fromEntries(fingerprint(first))),
    'plan.hold': String(plan.holdMs),
    'plan.horizon': String(plan.horizonMs),
    'plan.trigger': trigger === undefined || trigger.kind === 'oracle' ? 'oracle' : `detector:${trigger.id}`,
    'plan.profile': plan.profile,
    // Not said of the first definitions, so that histories from before there were others keep their key.
    ...(first?.definitions === undefined ? {} : { definitions: definitionsOf(first) }),
  };
}

function lineOf(plan: Plan, arm: Arm, planned: number, records: readonly TrialRecord[], print: string): NightLine {
  const { control, runbook } = arm;
  const valid = records.filter(isValid);
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of records) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const expect = control === undefined ? plan.runbooks.find((r) => r.id === runbook)?.expect : undefined;
  return {
    schemaVersion: 1,
    date: new Date(plan.createdEpochMs).toISOString().slice(0, 10),
    epochMs: plan.createdEpochMs,
    runId: plan.runId,
    scenario: plan.scenario,
    arm: armName(arm),
    ...(control === undefined ? {} : { kind: control }),
    runbook,
    ...(expect === undefined ? {} : { expect }),
    seed: plan.seed,
    horizonMs: plan.horizonMs,
    fingerprint: print,
    planned,
    outcomes,
    unwitnessed: records.filter((r) => r.outcome === 'invalid' && unwitnessed(r)).length,
    withLoss: valid.filter((r) => r.data !== 'unknown' && r.data.lost > 0).length,
    notWhole: valid.filter((r) => isSuccess(r.outcome) && r.fullRecoveryMissing.length > 0).length,
    downAgain: valid.filter((r) => r.downAgain?.relapse === true).length,
    alarms: alarmsOf(valid),
    blocks: isFaultFree(control) ? [] : blocksOf(plan, valid, control === undefined && runbook === waitArm),
  };
}

/** The fault was injected, and its witness did not see it. A trial that was cut off before says nothing of the fault. */
const unwitnessed = (record: TrialRecord): boolean =>
  record.onset === undefined && record.reason.startsWith('no witness confirmed the fault');

function alarmsOf(valid: readonly TrialRecord[]): NightLine['alarms'] {
  const alarms: Record<string, { n: number; detected: number; dead: number }> = {};
  for (const { detectors } of valid) {
    for (const { id, status } of detectors) {
      const alarm = (alarms[id] ??= { n: 0, detected: 0, dead: 0 });
      alarm.n++;
      if (status === 'detected') alarm.detected++;
      if (status === 'dead') alarm.dead++;
    }
  }
  return alarms;
}

function blocksOf(plan: Plan, valid: readonly TrialRecord[], alarms: boolean): NightLine['blocks'] {
  const blockOf = new Map(plan.trials.map((t) => [t.id, t.block]));
  return [...byBlock(plan, valid).values()].flatMap((records) => {
    const block = blockOf.get(records[0]?.trialId ?? '');
    const ttr = together(records.map((r) => observedTtr(r, plan.horizonMs)));
    if (block === undefined || ttr === undefined) return [];
    const downtimeMs = whole(sum(records.map((r) => r.badnessMs)) / records.length);
    return [{ block, downtimeMs, ttr: rounded(ttr), ...(alarms ? { ttd: ttdOf(records, plan.horizonMs) } : {}) }];
  });
}

function ttdOf(records: readonly TrialRecord[], horizonMs: number): Record<string, ObservedTime> {
  const ids = [...new Set(records.flatMap((r) => r.detectors.map((d) => d.id)))].sort();
  return Object.fromEntries(
    ids.flatMap((id) => {
      const times = records.flatMap((r) => r.detectors.filter((d) => d.id === id));
      const time = together(times.map((d) => restricted(d.ttd, horizonMs)));
      return time === undefined ? [] : [[id, rounded(time)] as const];
    }),
  );
}

const rounded = ({ event, lo, time, hi }: ObservedTime): ObservedTime => ({
  event,
  lo: whole(lo),
  time: whole(time),
  hi: whole(hi),
});

/** Lines as nights, in the order of time; of a run that is there twice the later lines count. */
export function nightsOf(lines: readonly NightLine[]): readonly Night[] {
  const nights = new Map<string, { night: Omit<Night, 'arms'>; arms: Map<string, NightLine> }>();
  for (const line of lines) {
    const { runId, scenario, epochMs, fingerprint: print } = line;
    const key = `${scenario}/${runId}`;
    const entry = nights.get(key) ?? { night: { runId, scenario, epochMs, fingerprint: print }, arms: new Map() };
    entry.arms.set(line.arm, line);
    nights.set(key, entry);
  }
  return [...nights.values()]
    .map(({ night, arms }) => ({ ...night, arms }))
    .sort((a, b) => a.epochMs - b.epochMs || (a.runId < b.runId ? -1 : 1));
}

import { FiredrillError } from '../model/errors.ts';
import type { Plan, PlannedStep, PlannedTrial, Trigger } from '../model/plan.ts';
import type { ProfileName } from '../model/profile.ts';
import { timersOf, type Scenario } from '../model/scenario.ts';
import type { Step } from '../model/step.ts';
import { seeded, shuffled } from '../model/random.ts';
import { commandOf, placeName } from './steps.ts';

export interface PlanOptions {
  readonly scenarioId: string;
  readonly scenario: Scenario;
  readonly profile: ProfileName;
  readonly trials: number;
  readonly seed: number;
  /** Only these runbooks; all when absent. */
  readonly runbooks?: readonly string[];
  readonly createdEpochMs: number;
  readonly trigger?: Trigger;
}

/**
 * What a run will do, decided before anything is touched: `trials` blocks, each with every chosen runbook once in a seeded
 * random order, so that a machine that grows slower during the night is not taken for a slower runbook.
 */
export function makePlan(options: PlanOptions): Plan {
  const { scenario, scenarioId, seed } = options;
  const known = scenario.runbooks.map((c) => c.runbook.id);
  for (const id of options.runbooks ?? [])
    if (!known.includes(id))
      throw new FiredrillError('usage', `scenario ${scenarioId} has no runbook "${id}" (it has ${known.join(', ')})`, {
        hint: `npm run firedrill -- describe ${scenarioId}`,
      });
  const chosen = scenario.runbooks.filter(
    (c) => options.runbooks === undefined || options.runbooks.includes(c.runbook.id),
  );
  const random = seeded(seed);
  const trials: PlannedTrial[] = [];
  for (let block = 1; block <= options.trials; block++)
    for (const { runbook } of shuffled(chosen, random))
      trials.push({ id: `${runbook.id}-${block}`, block, runbook: runbook.id, seed: Math.floor(random() * 2 ** 31) });
  return {
    schemaVersion: 1,
    runId: runIdOf(options.createdEpochMs, seed),
    scenario: scenarioId,
    profile: options.profile,
    seed,
    createdEpochMs: options.createdEpochMs,
    trigger: options.trigger ?? { kind: 'oracle' },
    trials,
    outage: { ...scenario.outage, says: [...scenario.outage.says] },
    fidelity: scenario.fidelity,
    differences: [...scenario.differences],
    runbooks: chosen.map(({ runbook, claim }) => ({
      id: runbook.id,
      title: runbook.title,
      why: runbook.why,
      says: claim.says,
      expect: claim.expect,
      ...(runbook.before === undefined ? {} : { before: runbook.before.map(planned) }),
      ...(runbook.instead === undefined ? {} : { instead: runbook.instead.map(planned) }),
      steps: runbook.steps.map(planned),
    })),
    horizonMs: scenario.horizonMs[options.profile],
    holdMs: timersOf(scenario, options.profile).holdMs,
  };
}

/** Of the planned trials so many, at most, are run again when they were invalid: a machine that spoils more is not to be measured on. */
const repeatable = 0.2;

/** The trial that makes up for an invalid one: once for each, and for a fifth of the plan at most. Undefined beyond that. */
export function repeatOf(plan: Plan, trial: PlannedTrial): PlannedTrial | undefined {
  const repeats = plan.trials.filter((t) => t.repeats !== undefined).length;
  const first = plan.trials.length - repeats;
  if (trial.repeats !== undefined || repeats >= Math.ceil(first * repeatable)) return undefined;
  const seed = Math.floor(seeded(trial.seed)() * 2 ** 31);
  return { ...trial, id: `${trial.id}-again`, seed, repeats: trial.id };
}

/** A step as reports print it. */
function planned(step: Step): PlannedStep {
  return {
    name: step.name,
    on: placeName(step.on),
    command: commandOf(step),
    changes: step.changes,
    ...(step.destroys === undefined ? {} : { destroys: step.destroys }),
  };
}

/** `20251121-093015-4f2a`: sorts by time, short enough for container names. */
function runIdOf(epochMs: number, seed: number): string {
  const stamp = new Date(epochMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${(seed % 65536).toString(16).padStart(4, '0')}`;
}

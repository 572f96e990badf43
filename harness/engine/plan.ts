import { FiredrillError } from '../model/errors.ts';
import type { WitnessCheck } from '../model/fault.ts';
import { armName, noRunbook, undoRunbook } from '../model/control.ts';
import { looksFor } from '../analysis/sample-size.ts';
import {
  endpoints,
  runIdOf,
  type Plan,
  type PlannedComparison,
  type PlannedControl,
  type PlannedStep,
  type PlannedTest,
  type PlannedTrial,
  type Trigger,
} from '../model/plan.ts';
import type { DistributionName } from '../model/distribution.ts';
import type { Objective } from '../model/objective.ts';
import { defaultSlo, type Probe } from '../model/probe.ts';
import { profiles, type ProfileName } from '../model/profile.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import { timersOf, type Scenario } from '../model/scenario.ts';
import type { Step } from '../model/step.ts';
import { seeded, shuffled } from '../model/random.ts';
import { controlArms, runbookOf, titleOf, type Arm, type ControlWord } from './controls.ts';
import { commandOf, placeName } from './steps.ts';

export interface PlanOptions {
  readonly scenarioId: string;
  readonly scenario: Scenario;
  readonly profile: ProfileName;
  /** What the nodes run, and what the scenario was made for; default: kubeadm. */
  readonly distribution?: DistributionName;
  readonly trials: number;
  readonly seed: number;
  /** Only these runbooks; all when absent. */
  readonly runbooks?: readonly string[];
  /** Arms beside the runbooks; none when absent. */
  readonly controls?: readonly ControlWord[];
  readonly createdEpochMs: number;
  /** Ids of runs with which it shares its blocks. */
  readonly beside?: readonly string[];
  readonly trigger?: Trigger;
  /** Arms are dropped and the run ends by declared rules; it has all its blocks when absent. */
  readonly decide?: boolean;
  /** What recovery must be like; nothing when absent. */
  readonly objective?: Objective;
  /** How long an arm is watched, once, after service is stable; 0: none is. The profile's when absent. */
  readonly confirmMs?: number;
}

/** An arm that recovered in none of so many blocks is given up once another recovered in all: one that recovers in 8 of 10 is, in 4 % of runs. */
const dropAfter = 2;

/**
 * What a run will do, decided before anything is touched: `trials` blocks, each with every chosen runbook and every control once in
 * a seeded random order, so that a machine that grows slower during the night is not taken for a slower runbook.
 *
 * @throws FiredrillError `usage` for a runbook that there is not, or a control that no chosen runbook can be in
 */
export function makePlan(options: PlanOptions): Plan {
  const { scenario, scenarioId, seed } = options;
  const known = scenario.runbooks.map((c) => c.runbook.id);
  for (const id of options.runbooks ?? [])
    if (!known.includes(id))
      throw new FiredrillError('usage', `scenario ${scenarioId} has no runbook "${id}" (it has ${known.join(', ')})`, {
        hint: `npm run firedrill -- describe ${scenarioId}`,
      });
  const words = options.controls ?? [];
  const chosen = scenario.runbooks.filter(
    ({ runbook: { id } }) =>
      options.runbooks === undefined || options.runbooks.includes(id) || (id === 'wait' && words.includes('wait')),
  );
  const controls = controlArms(
    chosen,
    words.flatMap((word) => (word === 'wait' ? [] : [word])),
  );
  const arms: readonly Arm[] = [...chosen.map(({ runbook }) => ({ runbook: runbook.id })), ...controls];
  const random = seeded(seed);
  const trials: PlannedTrial[] = [];
  for (let block = 1; block <= options.trials; block++)
    for (const arm of shuffled(arms, random))
      trials.push({ id: `${armName(arm)}-${block}`, block, ...arm, seed: Math.floor(random() * 2 ** 31) });
  return {
    schemaVersion: 1,
    runId: runIdOf(options.createdEpochMs, seed),
    scenario: scenarioId,
    profile: options.profile,
    ...(options.distribution === undefined || options.distribution === 'kubeadm'
      ? {}
      : { distribution: options.distribution }),
    ...(options.beside === undefined ? {} : { beside: [...options.beside] }),
    seed,
    createdEpochMs: options.createdEpochMs,
    trigger: options.trigger ?? { kind: 'oracle' },
    trials,
    outage: { ...scenario.outage, says: [...scenario.outage.says] },
    fidelity: scenario.fidelity,
    differences: [...scenario.differences],
    test: testOf(scenario, options.profile),
    runbooks: chosen.map(({ runbook, claim, markdown }) => ({
      id: runbook.id,
      title: runbook.title,
      why: runbook.why,
      says: claim.says,
      expect: claim.expect,
      ...(runbook.before === undefined ? {} : { before: runbook.before.map(planned) }),
      ...(runbook.instead === undefined ? {} : { instead: runbook.instead.map(planned) }),
      steps: runbook.steps.map(planned),
      ...(runbook.responder === undefined ? {} : { responder: runbook.responder }),
      ...(markdown === undefined ? {} : { markdown }),
    })),
    comparison: comparisonOf(options, chosen),
    ...(controls.length === 0 ? {} : { controls: controls.map((arm) => plannedControl(arm, scenario)) }),
    ...(options.objective === undefined ? {} : { objective: options.objective }),
    horizonMs: scenario.horizonMs[options.profile],
    holdMs: timersOf(scenario, options.profile).holdMs,
  };
}

function testOf(scenario: Scenario, profile: ProfileName): PlannedTest {
  const { cluster, build, setup = [], fault, probes, breaks, keeps, detectors } = scenario;
  const { id, params, prepare, inject, witness, witnessDeadlineMs, notYet, undo } = fault;
  const looked = (check: WitnessCheck) => ({ ...check, on: placeName(check.on) });
  const role = ({ sli, bystander }: Probe): PlannedTest['probes'][number]['role'] =>
    breaks.includes(sli) ? 'breaks' : keeps.includes(sli) ? 'keeps' : bystander ? 'bystander' : 'watched';
  return {
    ...cluster,
    ...(build === undefined ? {} : { build: build.map(planned) }),
    setup: setup.map(planned),
    fault: {
      id,
      params,
      targets: placeName(fault.targets),
      prepare: prepare.map(planned),
      inject: inject.map(planned),
      witness: witness.map(looked),
      witnessDeadlineMs,
      ...(notYet === undefined ? {} : { notYet: notYet.map(looked) }),
      undo: undo.map(planned),
    },
    probes: probes.map((probe) => {
      const { sli, periodMs, timeoutMs, slo = defaultSlo } = probe;
      return { sli, periodMs, timeoutMs, slo, role: role(probe) };
    }),
    detectors: detectors.map((d) => ({ id: d.id, loop: d.loop(profiles[profile]), expects: d.expects })),
  };
}

/** What is compared and how, declared before the first trial. */
function comparisonOf(options: PlanOptions, chosen: readonly ClaimedRunbook[]): PlannedComparison {
  const { trials, decide = false, profile } = options;
  return {
    arms: chosen.filter(({ runbook: r }) => r.before === undefined && r.instead === undefined).map((c) => c.runbook.id),
    endpoints,
    looks: decide ? looksFor(trials) : [{ blocks: trials, level: 0.05 }],
    decide,
    ...(decide ? { dropAfter } : {}),
    confirmMs: options.confirmMs ?? profiles[profile].confirmMs,
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

function plannedControl(arm: Arm, scenario: Scenario): PlannedControl {
  const { runbook, control = 'healthy' } = arm;
  const own = runbook !== noRunbook && runbook !== undoRunbook;
  const steps = own ? [] : (runbookOf(scenario, arm)?.runbook.steps ?? []);
  return {
    id: armName(arm),
    kind: control,
    ...(own ? { runbook } : {}),
    title: titleOf(arm),
    ...(steps.length === 0 ? {} : { steps: steps.map(planned) }),
  };
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

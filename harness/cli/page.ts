import { isAbsolute } from 'node:path';
import { commandOf, placeName } from '../engine/steps.ts';
import { controlArms, delayOf, healthyWatchMs, titleOf } from '../engine/controls.ts';
import { armName, controlKinds } from '../model/control.ts';
import type { Fault, WitnessCheck } from '../model/fault.ts';
import type { Plan, Trigger } from '../model/plan.ts';
import { profiles, type ProfileName } from '../model/profile.ts';
import type { ClaimedRunbook, Runbook } from '../model/runbook.ts';
import { timersOf, type Scenario } from '../model/scenario.ts';
import type { Step } from '../model/step.ts';
import { humanDuration } from '../model/units.ts';

/** Where a scenario's workload is, as it is said. */
const workloadName = ({ cluster: { workload } }: Pick<Scenario, 'cluster'>): string =>
  isAbsolute(workload) ? workload : `manifests/${workload}`;

/**
 * Pages for people, in Markdown that reads well in a terminal. They print the very values that the engine executes.
 */

const expectations = {
  recovers: 'should recover (exit 1 if it does not)',
  'does-not-recover': 'should not recover',
  unknown: 'untried',
} as const;

const looked = (check: WitnessCheck): readonly string[] => [
  `  - ${check.name} - on ${placeName(check.on)}; output must match \`/${check.expect}/\``,
  '',
  block(check.command, 4),
  '',
];

/** A command as a code block of the list item whose text begins in column `under`. */
const block = (command: string, under: number) =>
  command
    .split('\n')
    .map((line) => `${' '.repeat(under + 4)}${line}`.trimEnd())
    .join('\n');

function stepLines(step: Step, number: number): readonly string[] {
  const nature = [
    step.changes ? 'CHANGES' : 'read-only',
    `at most ${humanDuration(step.timeoutMs)}`,
    ...(step.optional === true ? ['continue if it fails'] : []),
  ];
  const where = step.on === 'workstation' ? 'on your workstation' : `on ${placeName(step.on)}`;
  return [
    `${String(number).padStart(3)}. ${step.name} - ${where} [${nature.join(', ')}]`,
    '',
    block(commandOf(step), 5),
    ...(step.destroys === undefined ? [] : ['', `     ! destroys: ${step.destroys}`]),
    ...(step.standsFor === undefined ? [] : ['', `     (stands for: ${step.standsFor})`]),
  ];
}

function steps(list: readonly Step[], none: string): readonly string[] {
  return list.length === 0
    ? [`  ${none}`]
    : list.flatMap((step, index) => [...stepLines(step, index + 1), '']).slice(0, -1);
}

/** What a prevention does before the runbook's own steps, and the words that lead on to those. */
const preface = ({ before, instead }: Runbook, afterBefore: string, afterInstead: string): readonly string[] => [
  ...(before === undefined ? [] : ['Before anything breaks:', ...steps(before, 'nothing'), '', afterBefore]),
  ...(instead === undefined ? [] : ['How the change is made:', ...steps(instead, 'nothing'), '', afterInstead]),
];

/** A runbook as a page to follow at three in the morning: numbered, the very commands, what each destroys, how long to wait. */
export function runbookPage(scenarioId: string, { runbook, claim }: ClaimedRunbook): string {
  const changing = runbook.steps.filter((step) => step.changes);
  const destructive = runbook.steps.filter((step) => step.destroys !== undefined);
  const most = runbook.steps.reduce((sum, step) => sum + step.timeoutMs, 0);
  return [
    `# ${runbook.id}: ${runbook.title}`,
    '',
    `- For: ${scenarioId}`,
    `- Why: ${runbook.why}`,
    `- Source: ${runbook.source}`,
    `- Claim: ${expectations[claim.expect]}: ${claim.says}`,
    runbook.steps.length === 0
      ? '- Steps: none'
      : `- Steps: ${runbook.steps.length}, ${changing.length} of them make changes; at most ${humanDuration(most)} in all`,
    destructive.length === 0
      ? '- Destroys: nothing'
      : `- Destroys: ${destructive.map((step) => `${step.destroys ?? ''} (step ${runbook.steps.indexOf(step) + 1})`).join('; ')}`,
    ...(runbook.steps.some((step) => step.on === 'workstation')
      ? [
          '- Needs: kubectl with KUBECONFIG set; MANIFESTS = your manifests, PACKAGES = the unpacked upstream packages, BACKUP = an empty folder',
        ]
      : []),
    '',
    ...preface(runbook, 'After it has broken:', 'If its check has stopped it:'),
    ...steps(runbook.steps, 'Do nothing: wait and watch.'),
    '',
  ].join('\n');
}

function setupSection({ build, setup }: Pick<Scenario, 'build' | 'setup'>): readonly string[] {
  return [
    ...(build === undefined
      ? []
      : ['## Build (once, before the snapshot is taken)', '', ...steps(build, 'nothing'), '']),
    ...(setup === undefined ? [] : ['## Set-up (before steady state is measured)', '', ...steps(setup, 'nothing'), '']),
  ];
}

function faultSection(fault: Fault): readonly string[] {
  const params = Object.entries(fault.params).map(([name, value]) => `${name}=${value}`);
  return [
    `## Fault: ${fault.id}`,
    '',
    fault.title,
    '',
    `- Source: ${fault.source}`,
    `- On: ${placeName(fault.targets)}${params.length === 0 ? '' : `; ${params.join(', ')}`}`,
    '',
    'Prepare (saves what the undo needs):',
    '',
    ...steps(fault.prepare, 'nothing'),
    '',
    'Inject:',
    '',
    ...steps(fault.inject, 'nothing'),
    '',
    `Witness (all must hold within ${humanDuration(fault.witnessDeadlineMs)}, else the trial is invalid):`,
    '',
    ...fault.witness.flatMap(looked),
    ...(fault.notYet === undefined
      ? []
      : ['Not in effect yet (the outage begins after the last look at which one of these holds):', '']),
    ...(fault.notYet ?? []).flatMap(looked),
    'Undo (written to disk before the fault acts):',
    '',
    ...steps(fault.undo, 'nothing'),
  ];
}

/** What was declared before the first trial. */
function comparisonLines({ comparison }: Plan): readonly string[] {
  if (comparison === undefined || comparison.arms.length < 2) return [];
  const { arms, looks, decide, dropAfter, confirmMs } = comparison;
  const points = looks.map(({ blocks, level }) => `${blocks} (level ${level})`).join(', ');
  return [
    'Compared (declared before the first trial):',
    '',
    `  arms: ${arms.join(', ')}; by downtime and TTR`,
    `  looks after blocks: ${points}`,
    ...(decide ? [`  dropped: 0 of ${dropAfter ?? 0} recovered, where another arm always did; ends once decided`] : []),
    confirmMs === 0
      ? '  no fix is watched for long, so no runbook will be recommended'
      : `  ${decide ? 'the leading arm' : 'the first recovery of each arm'} is watched for ${humanDuration(confirmMs)} after it is stable`,
    '',
  ];
}

const bullets = (lines: readonly string[]) => lines.map((line) => `  - ${line}`);

/** Everything about a scenario: the outage, how true the replay is, the fault, the alerts, the runbooks. */
export function scenarioPage(id: string, scenario: Scenario): string {
  const { outage } = scenario;
  const names: readonly ProfileName[] = ['stock', 'fast'];
  return [
    `# ${id}: ${outage.title}`,
    '',
    `${outage.source}, ${outage.date}.${outage.recoveryMs > 0 ? ` ${outage.undetectedMs > 0 ? `Unnoticed for ${humanDuration(outage.undetectedMs)}; recovery` : 'Recovery'} took ${humanDuration(outage.recoveryMs)}.` : ''}`,
    '',
    'What the postmortem says:',
    '',
    ...bullets(outage.says),
    '',
    'How it is reproduced:',
    '',
    `- Fidelity: ${scenario.fidelity} (fault: ${scenario.fault.fidelity})`,
    `- Cluster: 1 control plane and ${scenario.cluster.workers} workers; workload ${workloadName(scenario)}`,
    `- Must break: ${scenario.breaks.join(', ')}`,
    `- Must keep working: ${scenario.keeps.join(', ') || 'nothing claimed'}`,
    `- Horizon: ${names.map((name) => `${humanDuration(scenario.horizonMs[name])} (${name})`).join(', ')}`,
    '',
    'Differences from the postmortem:',
    '',
    ...(scenario.differences.length === 0 ? ['  none known'] : bullets(scenario.differences)),
    '',
    '## Service level indicators',
    '',
    ...bullets(
      scenario.probes.map(
        (probe) =>
          `${probe.sli}: ${probe.title}; every ${humanDuration(probe.periodMs)}, times out after ${humanDuration(probe.timeoutMs)}${probe.bystander ? '; bystander' : ''}`,
      ),
    ),
    '',
    ...setupSection(scenario),
    ...faultSection(scenario.fault),
    '',
    '## Alerts',
    '',
    ...scenario.detectors.flatMap((detector) => [
      `  - ${detector.id}: ${detector.title}`,
      `    - ${detector.source}`,
      ...names.map(
        (name) =>
          `    - ${name}: minimum TTD ${humanDuration(detector.leastTtdMs(profiles[name]))}: ${detector.loop(profiles[name])}`,
      ),
    ]),
    '',
    '## Runbooks',
    '',
    ...scenario.runbooks.flatMap(({ runbook, claim }) => {
      const changing = runbook.steps.filter((step) => step.changes).length;
      return [
        `  - ${runbook.id}: ${runbook.title} (${runbook.steps.length} steps, ${changing} changing)`,
        `    - ${expectations[claim.expect]}: ${claim.says}`,
      ];
    }),
    '',
    '## Controls (with --controls)',
    '',
    ...bullets(controlArms(scenario.runbooks, controlKinds).map((arm) => `${armName(arm)}: ${titleOf(arm)}`)),
    '',
    `A runbook as a page to follow: npm run firedrill -- describe ${id} --runbook <id>`,
    '',
  ].join('\n');
}

/** How the control arms of a plan differ from its trials. */
function controlsSection(plan: Plan, scenario: Scenario): readonly string[] {
  const { controls = [] } = plan;
  if (controls.length === 0) return [];
  const profile = timersOf(scenario, plan.profile);
  const watch = humanDuration(healthyWatchMs(profile));
  const how = {
    healthy: `steps 3 to 5 are skipped: watched for ${watch}`,
    'on-healthy': `no fault: the runbook starts at steady state; watched for at least ${watch} after it`,
    'harness-undo': "the fault's undo instead of a runbook, started at the same time as one",
    delayed: `the runbook starts ${humanDuration(delayOf('delayed'))} later`,
  } as const;
  return [
    '## Controls',
    '',
    ...controls.flatMap(({ id, kind, title }) => [
      `  - ${id}: ${title}`,
      `      ${how[kind]}`,
      ...(kind === 'harness-undo' ? steps(scenario.fault.undo, 'nothing is done') : []),
    ]),
    '',
  ];
}

/** What `run` would do, with every command, in order. Nothing is touched. */
export function planPage(options: {
  readonly plan: Plan;
  readonly scenario: Scenario;
  readonly trigger: Trigger;
  readonly keep: string;
  readonly images: string;
  readonly out: string;
}): string {
  const { plan, scenario } = options;
  const profile = timersOf(scenario, plan.profile);
  const chosen = scenario.runbooks.filter(({ runbook }) => plan.runbooks.some((planned) => planned.id === runbook.id));
  const start =
    options.trigger.kind === 'oracle'
      ? `${humanDuration(profile.runbookDelayMs)} after the onset`
      : `when the alert ${options.trigger.id} fires`;
  return [
    `# Plan of ${plan.scenario} (dry run: nothing is changed)`,
    '',
    `Profile ${plan.profile}, seed ${plan.seed}, ${plan.trials.length} trials on fresh clusters of 1 + ${scenario.cluster.workers} nodes.`,
    `Images: ${options.images}. Clusters kept: ${options.keep}. Reports: ${options.out}/${plan.scenario}/<run>.`,
    '',
    'Each trial:',
    '',
    `  1. provision a cluster, fence its network, deploy ${workloadName(scenario)}`,
    `  2. steady state for ${humanDuration(profile.steadyHoldMs)} (at most ${humanDuration(profile.steadyDeadlineMs)} to get there)`,
    '  3. inject the fault, wait for the witness',
    `  4. start the runbook ${start}`,
    `  5. watch until service is stable for ${humanDuration(profile.holdMs)}, at most until ${humanDuration(plan.horizonMs)} after the onset`,
    `  6. verify: restart one pod, watch ${humanDuration(profile.relapseWatchMs)} for a relapse, read all data back`,
    '  7. undo the fault, delete the cluster',
    '',
    ...comparisonLines(plan),
    'Order of trials:',
    '',
    ...plan.trials.map((trial, index) => `${String(index + 1).padStart(4)}. ${trial.id} (seed ${trial.seed})`),
    '',
    ...setupSection(scenario),
    ...faultSection(scenario.fault),
    '',
    ...chosen.flatMap(({ runbook }) => [
      `## Runbook: ${runbook.id}`,
      '',
      ...preface(runbook, 'Then:', 'Then:'),
      ...steps(runbook.steps, runbook.responder === undefined ? 'nothing is done' : 'whatever it does at its desk'),
      '',
    ]),
    ...controlsSection(plan, scenario),
  ].join('\n');
}

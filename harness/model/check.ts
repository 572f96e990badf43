import type { Fault, WitnessCheck } from './fault.ts';
import { profiles, type ProfileName } from './profile.ts';
import { timersOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import type { Place, Step } from './step.ts';
import { millis, type Millis } from './units.ts';

/** What is wrong with a scenario, one line each: nothing a type can say. Empty when it can be run. */
export function problemsOf(scenario: Scenario): readonly string[] {
  const problems: string[] = [];
  const slis = scenario.probes.map((probe) => probe.sli);
  const detectors = scenario.detectors.map((detector) => detector.id);
  const runbooks = scenario.runbooks.map((claimed) => claimed.runbook.id);
  for (const [what, ids] of [
    ['probe', slis],
    ['detector', detectors],
    ['runbook', runbooks],
  ] as const) {
    for (const id of twice(ids)) problems.push(`duplicate ${what} ${id}`);
  }
  if (scenario.breaks.length === 0) problems.push('breaks is empty: an outage that breaks nothing cannot be measured');
  for (const [list, names] of [
    ['breaks', scenario.breaks],
    ['keeps', scenario.keeps],
  ] as const) {
    for (const sli of names) if (!slis.includes(sli)) problems.push(`${list} names ${sli}, which no probe measures`);
  }
  for (const sli of scenario.breaks)
    if (scenario.keeps.includes(sli)) problems.push(`${sli} is in breaks and in keeps`);
  for (const probe of scenario.probes) {
    if (probe.bystander && scenario.breaks.includes(probe.sli))
      problems.push(`${probe.sli} is a bystander and in breaks`);
  }
  if (!runbooks.includes('wait')) problems.push('the control is missing: add the runbook wait');
  if (!(Number.isInteger(scenario.cluster.workers) && scenario.cluster.workers >= 1)) {
    problems.push(`cluster.workers is ${scenario.cluster.workers}; it must be a whole number from 1`);
  }
  if (scenario.outage.says.length === 0)
    problems.push('outage.says is empty: there is nothing to compare the measurement with');
  const { fault } = scenario;
  if (fault.inject.length === 0) problems.push(`fault ${fault.id} injects nothing`);
  if (fault.undo.length === 0) problems.push(`fault ${fault.id} has no undo`);
  if (fault.witness.length === 0) problems.push(`fault ${fault.id} has no witness`);
  for (const { what, check } of checksIn(fault)) {
    if (!isRegExp(check.expect)) problems.push(`${what}: /${check.expect}/ is not a regular expression`);
    else if (new RegExp(check.expect, 'm').test(''))
      problems.push(`${what}: /${check.expect}/ matches empty output, so it would hold where the command fails`);
  }
  for (const { what, on } of placesIn(scenario)) {
    if (typeof on === 'object' && on.worker > scenario.cluster.workers)
      problems.push(`${what} is on worker ${on.worker}, and cluster.workers is ${scenario.cluster.workers}`);
  }
  problems.push(...stepsIn(scenario).flatMap(({ of, step }) => stepProblems(of, [step])));
  for (const { runbook } of scenario.runbooks) {
    const all = [...(runbook.instead ?? []), ...runbook.steps];
    if (all.length > 0 && !all.some((step) => step.changes)) {
      problems.push(`runbook ${runbook.id} changes nothing: it can only be the control`);
    }
  }
  for (const detector of scenario.detectors) {
    if (!isRegExp(detector.expects))
      problems.push(`detector ${detector.id}: /${detector.expects}/ is not a regular expression`);
  }
  for (const profile of Object.values(profiles)) {
    const horizon = scenario.horizonMs[profile.name];
    const least = leastHorizonMs(scenario, profile.name);
    if (!(horizon > least)) {
      problems.push(
        `horizonMs.${profile.name} is ${horizon} ms; a runbook's delay and the stability window alone take ${least} ms`,
      );
    }
  }
  return problems;
}

/** Every step of a scenario, with what it belongs to. */
export function stepsIn({
  build = [],
  setup = [],
  fault,
  runbooks,
}: Scenario): readonly { readonly of: string; readonly step: Step }[] {
  const parts: readonly (readonly [string, readonly Step[]])[] = [
    ['build', build],
    ['setup', setup],
    [`fault ${fault.id}`, [...fault.prepare, ...fault.inject, ...fault.undo]],
    ...runbooks.map(
      ({ runbook }) =>
        [`runbook ${runbook.id}`, [...(runbook.before ?? []), ...(runbook.instead ?? []), ...runbook.steps]] as const,
    ),
  ];
  return parts.flatMap(([of, steps]) => steps.map((step) => ({ of, step })));
}

/** Every check that looks for a fault, and what it is called in messages. */
export function checksIn({
  witness,
  notYet = [],
}: Fault): readonly { readonly what: string; readonly check: WitnessCheck }[] {
  const named = (kind: string) => (check: WitnessCheck) => ({ what: `${kind} "${check.name}"`, check });
  return [...witness.map(named('witness')), ...notYet.map(named('notYet'))];
}

function placesIn(scenario: Scenario): readonly { readonly what: string; readonly on: Place }[] {
  const { id, targets } = scenario.fault;
  return [
    ...stepsIn(scenario).map(({ of, step }) => ({ what: `${of}, step "${step.name}",`, on: step.on })),
    { what: `fault ${id}`, on: targets },
    ...checksIn(scenario.fault).map(({ what, check }) => ({ what, on: check.on })),
  ];
}

/** What a horizon must be longer than: nothing could recover within it, else. Milliseconds from the onset. */
export function leastHorizonMs(scenario: Pick<Scenario, 'holdMs'>, profile: ProfileName): Millis {
  const { runbookDelayMs, holdMs } = timersOf(scenario, profile);
  return millis(runbookDelayMs + holdMs);
}

/** What is wrong with steps, one line each; `where` begins each line. */
export function stepProblems(where: string, steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => [
    ...(Number.isFinite(step.timeoutMs) && step.timeoutMs > 0 ? [] : [`${where}, step "${step.name}": no time-out`]),
    ...('command' in step && step.command.trim() === '' ? [`${where}, step "${step.name}": no command`] : []),
  ]);
}

const twice = (ids: readonly string[]) => [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];

function isRegExp(source: string): boolean {
  try {
    new RegExp(source, 'm');
    return true;
  } catch {
    return false;
  }
}

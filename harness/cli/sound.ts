import { existsSync } from 'node:fs';
import { checksIn, problemsOf, stepsIn } from '../model/check.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Scenario } from '../model/scenario.ts';
import { workloadDir } from '../cluster/manifests.ts';
import { realRunner } from '../host/run.ts';
import { refuseProblems } from './load-code.ts';
import { resurrectionProbes } from '../../scenarios/support/resurrection.ts';
import type { Fault } from '../model/fault.ts';
import { claimed } from '../model/scenario.ts';
import { millis, minutes } from '../model/units.ts';
import { wait } from '../runbooks/wait.ts';
import { isOutageFile } from './own.ts';

/** Everything that is wrong with a scenario before Docker is asked for anything, one line each. Empty when it can be run. */
export async function problemsWith(scenario: Scenario): Promise<readonly string[]> {
  return [...problemsOf(scenario), ...workloadProblems(scenario), ...(await shellProblems(scenario))];
}

/** The same for a fault alone: of the scenario that has nothing else. */
export async function problemsWithFault(fault: Fault): Promise<readonly string[]> {
  const probes = resurrectionProbes();
  return await problemsWith({
    outage: {
      ...{ title: fault.title, source: fault.source, date: '', says: [fault.title] },
      undetectedMs: none,
      recoveryMs: none,
    },
    ...{ fidelity: fault.fidelity, differences: [], cluster: { workers: 5, workload: 'resurrection' } },
    ...{ probes, breaks: probes.slice(0, 1).map(({ sli }) => sli), keeps: [], fault, detectors: [] },
    runbooks: [claimed(wait(), 'unknown', 'nothing is claimed')],
    horizonMs: { fast: minutes(10), stock: minutes(10) },
  });
}
const none = millis(0);

function workloadProblems({ cluster: { workload } }: Scenario): readonly string[] {
  return existsSync(workloadDir(workload))
    ? []
    : [`cluster.workload is ${workload}, and ${workloadDir(workload)} does not exist`];
}

/** Commands that a shell cannot even read: found in the middle of an outage, they are a trial lost. */
async function shellProblems(scenario: Scenario): Promise<readonly string[]> {
  const commands = [
    ...stepsIn(scenario).flatMap(({ of, step }) =>
      'command' in step ? [{ what: `${of}, step "${step.name}"`, command: step.command }] : [],
    ),
    ...checksIn(scenario.fault).map(({ what, check }) => ({ what, command: check.command })),
  ];
  const told = await Promise.all(
    commands.map(async ({ what, command }) => {
      const { ok, stderr } = await realRunner.run('sh', ['-nc', command]);
      return ok ? [] : [`${what}: ${stderr.trim().split('\n')[0] ?? 'no shell can read it'}`];
    }),
  );
  return told.flat();
}

/**
 * Says the first thing that is wrong with a scenario, or with a runbook that a user brings to it.
 * @throws FiredrillError `usage` when it cannot be run
 */
export async function requireSound(
  asked: string,
  scenario: Scenario,
  own: readonly ClaimedRunbook[] = [],
): Promise<void> {
  const file = isOutageFile(asked) ? asked : `scenarios/${asked}.ts`;
  refuseProblems(file, await problemsWith(scenario), `npm run firedrill -- validate ${asked}`);
  for (const claimed of own) {
    const { source } = claimed.runbook;
    const withIt = { ...scenario, runbooks: [...scenario.runbooks, claimed] };
    refuseProblems(source, await problemsWith(withIt), `npm run firedrill -- describe ${asked} --runbook ${source}`);
  }
}

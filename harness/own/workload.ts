import { probeFailing } from '../detectors/probe-failing.ts';
import { stepsIn } from '../model/check.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Step } from '../model/step.ts';
import type { OwnSlis } from './sli-file.ts';

/** SLIs of every cluster, whatever runs in it. */
export const workloadless: readonly string[] = ['api-read', 'api-write', 'pod-start', 'bystander'];

/** What only firedrill's own workload has: its namespaces, as commands name them. */
const ours = /\b(chromadb|convocanvas|librechat|ollama|monitoring)\b/;

const namesOurs = (step: Step): boolean => 'command' in step && ours.test(step.command);

/** A scenario with a user's workload in place of ours, and the runbooks that are left out because they are for ours. */
export interface Moved {
  readonly scenario: Scenario;
  readonly without: readonly string[];
}

/**
 * A scenario on another workload: measured by its SLIs, and by ours of every cluster (API, starting pods, bystander). What must break are its SLIs and
 * those of these that broke before.
 * @param folder of the manifests, absolute
 * @throws Error with the reason where the outage is one of our workload: of its database, say
 */
export function onWorkload(scenario: Scenario, folder: string, slis: OwnSlis): Moved {
  const [wrong] = stepsIn({ ...scenario, runbooks: [] }).filter(({ step }) => namesOurs(step));
  if (wrong !== undefined)
    throw new Error(`is an outage of firedrill's own workload: ${wrong.of}, step "${wrong.step.name}"`);
  const kept = scenario.probes.filter(
    ({ sli }) => workloadless.includes(sli) && slis.probes.every((one) => one.sli !== sli),
  );
  const probes = [...kept, ...slis.probes];
  const measured = (sli: string): boolean => kept.some((probe) => probe.sli === sli);
  const breaks = [...new Set([...slis.breaks, ...scenario.breaks.filter(measured)])];
  const runbooks = scenario.runbooks.filter(
    ({ runbook: { before = [], instead = [], steps } }) => ![...before, ...instead, ...steps].some(namesOurs),
  );
  const synthetic = probes.find(({ sli }) => sli === breaks[0]);
  const { rightAlerts: _, ...rest } = scenario;
  return {
    without: scenario.runbooks.filter((one) => !runbooks.includes(one)).map(({ runbook }) => runbook.id),
    scenario: {
      ...rest,
      differences: [...scenario.differences, 'The workload is your own.'],
      cluster: { ...scenario.cluster, workload: folder },
      probes,
      breaks,
      keeps: scenario.keeps.filter((sli) => measured(sli) && !breaks.includes(sli)),
      detectors: [
        ...scenario.detectors.filter(({ id }) => id !== 'probe-failing'),
        ...(synthetic === undefined ? [] : [probeFailing(synthetic)]),
      ],
      runbooks,
      users: slis.users,
    },
  };
}

import { act, until } from '../../model/define.ts';
import type { Component, Distribution } from '../../model/distribution.ts';
import type { Step, UntilStep } from '../../model/step.ts';
import type { Millis } from '../../model/units.ts';

/** Waits until the agent runs on every node, in its new version where it has one. */
export function untilOnEveryNode(
  distribution: Distribution,
  component: Component,
  name: string,
  timeoutMs: Millis,
): UntilStep {
  const run = distribution.components[component];
  return run.by === 'daemon-set'
    ? until(
        name,
        'workstation',
        `kubectl -n ${run.namespace} rollout status daemonset ${run.name} --timeout=5s`,
        timeoutMs,
      )
    : until(name, 'nodes', distribution.runs(component), timeoutMs);
}

/** Restarts an agent that runs on every node: one node after another where it is a DaemonSet. */
export function restartAgent(distribution: Distribution, component: Component, name: string, standsFor: string): Step {
  const run = distribution.components[component];
  return run.by === 'daemon-set'
    ? act(name, 'workstation', `kubectl -n ${run.namespace} rollout restart daemonset ${run.name}`, { standsFor })
    : distribution.restartStep(name, 'nodes', distribution.restart(component), { standsFor });
}

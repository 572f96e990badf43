import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { connectToHost, stopKubernetesStep } from './support/host-000.ts';

/**
 * Stop Kubernetes on the machine, and keep it from starting.
 * Source: postmortem 000, fix 2 ("The system immediately stabilized. Uptime shot past 7 minutes").
 * @param options.on the host
 */
export function stopKubernetes(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  const { on } = options;
  return {
    id: 'stop-kubernetes',
    title: 'Stop Kubernetes on the host',
    source: 'postmortem 000, fix 2',
    why: 'No pods, no crash loops, no interfaces that come and go, no panic.',
    steps: [connectToHost(on), stopKubernetesStep(distribution, 'stop and disable it', on)],
  };
}

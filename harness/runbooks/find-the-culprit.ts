import { onPanic } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { connectToHost, hardenGatewayStep, lookForTheCulprit, stopKubernetesStep } from './support/host-000.ts';

/**
 * Look in the postmortem's order, then its three fixes, one after another.
 * Source: postmortem 000, "Check Logs Before Blaming Your Code" and "The Fixes".
 * @param options.on the host
 */
export function findTheCulprit(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  const { on } = options;
  return {
    id: 'find-the-culprit',
    title: 'Find the culprit, then the three fixes',
    source: 'postmortem 000, the order of its lessons and its fixes',
    why: 'The crash report says what died. The cause is in the logs.',
    steps: [
      connectToHost(on),
      ...lookForTheCulprit(distribution, on),
      onPanic('1: halt after a panic', on, 'halt'),
      stopKubernetesStep(distribution, '2: stop and disable Kubernetes', on),
      hardenGatewayStep('3: harden the gateway', on),
    ],
  };
}

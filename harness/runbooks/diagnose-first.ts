import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { lookAtEveryLayer } from './support/diagnosis-004.ts';
import { kubeliteSteps } from './support/kubelite.ts';
import { forceDeleteStep } from './support/terminating.ts';

/**
 * Look at every layer, then the one restart that answers all of them, and what no restart answers by force.
 * Source: postmortem 004, lessons learned ("enumerate all root causes first, then find the single action (kubelite restart on k8s02) that
 * addressed all three at once").
 * @param options.on the node where the causes are
 */
export function diagnoseFirst(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'diagnose-first',
    title: 'Find all causes, then restart once',
    source: 'postmortem 004, "Cascading failures require layered diagnosis before action"',
    why: 'Several layers are broken at once; acting on the first symptom would fix one of them.',
    steps: [
      ...lookAtEveryLayer(distribution, options.on),
      ...kubeliteSteps(distribution, 'restart kubelite,', options.on),
      forceDeleteStep('delete by force what is Terminating'),
      act('CoreDNS to two', 'workstation', 'kubectl -n kube-system scale deployment coredns --replicas=2'),
    ],
  };
}

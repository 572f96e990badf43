import { placeVariable } from '../model/commands.ts';
import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { lookAtEveryLayer } from './support/diagnosis-004.ts';
import { kubeliteSteps } from './support/kubelite.ts';
import { forceDeleteStep } from './support/terminating.ts';
import { restartDatastoreSteps } from './support/datastore.ts';

/**
 * What was done, in its order: force-delete the controllers, restart kubelite, CoreDNS to two, restart kubelite again, restart the
 * datastore, force-delete the replicas.
 * Source: postmortem 004, "Resolution Summary: five sequential interventions on k8s02" (over two hours).
 * @param options.on the node that they were done on
 */
export function fiveInterventions(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  const { on } = options;
  const node = placeVariable(on);
  return {
    id: 'five-interventions',
    title: 'The five interventions of the postmortem, in their order',
    source: 'postmortem 004, resolution summary',
    why: 'Each step responded to the symptom that stood out at the time.',
    requires: [{ apart: 'datastore' }],
    steps: [
      ...lookAtEveryLayer(distribution, on),
      forceDeleteStep('1: delete the controllers by force'),
      act('cordon the node', 'workstation', `kubectl cordon ${node}`),
      ...kubeliteSteps(distribution, '2: restart kubelite,', on),
      act('uncordon the node', 'workstation', `kubectl uncordon ${node}`),
      act('CoreDNS to two', 'workstation', 'kubectl -n kube-system scale deployment coredns --replicas=2'),
      act('cordon the node again', 'workstation', `kubectl cordon ${node}`),
      ...kubeliteSteps(distribution, '3: restart kubelite again,', on),
      act('uncordon the node again', 'workstation', `kubectl uncordon ${node}`),
      ...restartDatastoreSteps(distribution, '4: restart the datastore'),
      forceDeleteStep('5: delete the replicas by force'),
    ],
  };
}

import { placeVariable } from '../model/commands.ts';
import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';

/**
 * Delete every pod of a node without waiting for the node, so that their controllers make new ones, with new names.
 * Source: postmortem 004, 07:30 and 09:20 (`--force --grace-period=0`).
 * @param options.on which node
 */
export function forceDeletePods(options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'force-delete-pods',
    title: 'Delete the pods of the node by force',
    source: 'postmortem 004, resolution summary, interventions 1 and 5',
    why: 'Pods of one node neither start nor terminate.',
    steps: [
      look('see what does not run', 'workstation', 'kubectl get pods -A -o wide | grep -v Running'),
      act(
        'delete them by force',
        'workstation',
        `for node in ${placeVariable(options.on)}; do kubectl delete pods -A --field-selector "spec.nodeName=$node" --grace-period=0 --force; done`,
        { destroys: 'what these pods hold in memory; a stateful one may run twice for a moment' },
      ),
    ],
  };
}

import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/** Namespace and name of every pod that is Terminating, one a line. */
const terminating =
  'kubectl get pods -A -o json | jq -r \'.items[] | select(.metadata.deletionTimestamp != null) | .metadata.namespace + " " + .metadata.name\'';

/**
 * Take what is Terminating out of the API without waiting for its node.
 * Source: write-up 004, interventions 1 and 5 ("force-deletion with --force --grace-period=0 is the only resolution"). Kubernetes,
 * "Force Delete StatefulSet Pods": the API no longer knows whether it runs.
 */
export function forceDeleteTerminating(): Runbook {
  return {
    id: 'force-delete-terminating',
    title: 'Delete by force what is Terminating',
    source: 'write-up 004, resolution summary, interventions 1 and 5',
    why: 'Pods are Terminating for ever, and what replaces them waits for it.',
    steps: [
      look('see what is Terminating', 'workstation', terminating),
      act(
        'delete it by force',
        'workstation',
        `${terminating} | while read -r namespace pod; do kubectl -n "$namespace" delete pod "$pod" --grace-period=0 --force; done`,
        { destroys: 'the promise that a stateful pod runs once: what still runs on its node is forgotten' },
      ),
      until('wait until nothing is', 'workstation', `[ -z "$(${terminating})" ]`, seconds(30)),
    ],
  };
}

import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { corednsRolledOut } from './support/coredns.ts';
import { restoreCniSteps } from './support/restore-cni-steps.ts';

/**
 * `restore-cni`, then new pods on the nodes that were hit. A pod's network is made once, with its sandbox: when the bridge
 * was deleted under it, neither new configuration nor a restarted container plugs it in again.
 * Source: measured here (docs/findings.md); CNI specification, section "Lifecycle & Ordering" (ADD happens once a sandbox).
 */
export function restoreCniAndPods(distribution: Distribution): Runbook {
  return {
    id: 'restore-cni-and-pods',
    title: 'Put the CNI back, then recreate the pods of the nodes that were hit',
    source: 'CNI specification; postmortem 002, "Option 1: Fix in place", carried to its end',
    why: 'New pods get a network once the CNI is back; the old ones hang on a bridge that no longer exists.',
    steps: [
      ...restoreCniSteps(distribution),
      act(
        'recreate the pods that need a pod network',
        'workstation',
        'for node in $WORKERS; do kubectl delete pods -A --field-selector "spec.nodeName=$node,spec.hostNetwork=false" --wait=false; done',
        { destroys: 'every running container on the workers' },
      ),
      corednsRolledOut('wait for CoreDNS'),
    ],
  };
}

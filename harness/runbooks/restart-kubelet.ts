import { act, look, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/**
 * Restart the kubelet of a node, and nothing beside it: what "restart the kubelet" means where the scheduler is a pod of its own.
 * Source: postmortem 004; Kubernetes, "Troubleshooting Clusters".
 * @param options.on whose (default: every node's)
 */
export function restartKubelet(distribution: Distribution, options: { readonly on?: NodeSelector } = {}): Runbook {
  const on = options.on ?? 'nodes';
  return {
    id: 'restart-kubelet',
    title: 'Restart the kubelet',
    source: 'postmortem 004, resolution summary (there the kubelet is a part of kubelite)',
    why: 'Pods do not start, and the kubelet starts them.',
    requires: [{ unit: 'kubelet' }],
    steps: [
      look('see the nodes', 'workstation', 'kubectl get nodes'),
      act('restart it', on, distribution.restart('kubelet')),
      until('wait until it runs', on, distribution.runs('kubelet'), seconds(30)),
    ],
  };
}

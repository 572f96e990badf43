import { look, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/**
 * Power-cycle a node.
 * Source: postmortems 003 and 004 ("turn it off and on again": what was tried, and what began it).
 * @param options.on which
 */
export function rebootNode(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'reboot-node',
    title: 'Reboot the node',
    source: 'postmortems 003 and 004',
    why: 'Whatever is wrong on it, everything on it is restarted.',
    steps: [
      look('see the nodes', 'workstation', 'kubectl get nodes'),
      reboot('reboot it', options.on, seconds(60)),
      until('wait until it runs its kubelet', options.on, distribution.runs('kubelet'), seconds(60)),
    ],
  };
}

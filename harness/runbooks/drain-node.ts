import { placeVariable } from '../model/commands.ts';
import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/**
 * The gentle way: cordon the node, evict what runs on it within what budgets allow, let it work again.
 * Source: postmortem 004 ("Jiva PDB deadlocks require force-deletion; there is no gentler path"); Kubernetes, "Safely Drain a Node".
 * @param options.on which node
 */
export function drainNode(options: { readonly on: NodeSelector }): Runbook {
  const node = placeVariable(options.on);
  return {
    id: 'drain-node',
    title: 'Drain the node and uncordon it',
    source: 'postmortem 004, lessons learned',
    why: 'Something is wrong with the pods of one node; on other nodes they may work.',
    steps: [
      look('see what runs there', 'workstation', 'kubectl get pods -A -o wide | grep -v Running'),
      act(
        'cordon and drain it',
        'workstation',
        `kubectl drain ${node} --ignore-daemonsets --delete-emptydir-data --timeout=45s`,
        {
          // It gives up where a budget forbids it or a pod never goes; the node must not stay cordoned for that.
          optional: true,
          timeoutMs: seconds(60),
          destroys: 'what its pods hold in memory and in emptyDirs',
        },
      ),
      act('uncordon it', 'workstation', `kubectl uncordon ${node}`),
    ],
  };
}

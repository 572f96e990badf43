import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/**
 * Restart the agent that writes the service rules of every node, one node after another.
 * Source: postmortem 004, RC-2 ("Felix requires a fresh start to re-examine and reprogram all chains from scratch").
 */
export function restartNodeAgent(): Runbook {
  return {
    id: 'restart-node-agent',
    title: 'Restart the node agent (kube-proxy)',
    source: 'postmortem 004, RC-2',
    why: 'Service addresses do not answer from one node, and its nat table has no rules: a fresh agent writes all of them again.',
    steps: [
      look('see the rules of each node', 'nodes', "iptables-save -t nat | grep -c -- '^-A KUBE-' || true"),
      act('restart the agents', 'workstation', 'kubectl -n kube-system rollout restart daemonset kube-proxy', {
        standsFor: 'kubectl -n kube-system rollout restart daemonset calico-node',
      }),
      until(
        'wait for them on every node',
        'workstation',
        'kubectl -n kube-system rollout status daemonset kube-proxy --timeout=5s',
        seconds(120),
      ),
    ],
  };
}

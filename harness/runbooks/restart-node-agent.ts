import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { restartAgent, untilOnEveryNode } from './support/agents.ts';

/**
 * Restart the agent that writes the service rules of every node, one node after another.
 * Source: postmortem 004, RC-2 ("Felix requires a fresh start to re-examine and reprogram all chains from scratch").
 */
export function restartNodeAgent(distribution: Distribution): Runbook {
  return {
    id: 'restart-node-agent',
    title: `Restart the node agent (${distribution.processes('proxy')})`,
    source: 'postmortem 004, RC-2',
    why: 'Service addresses do not answer from one node, and its nat table has no rules: a fresh agent writes all of them again.',
    steps: [
      look('see the rules of each node', 'nodes', "iptables-save -t nat | grep -c -- '^-A KUBE-' || true"),
      restartAgent(
        distribution,
        'proxy',
        'restart the agents',
        'kubectl -n kube-system rollout restart daemonset calico-node',
      ),
      untilOnEveryNode(distribution, 'proxy', 'wait for them on every node', seconds(120)),
    ],
  };
}

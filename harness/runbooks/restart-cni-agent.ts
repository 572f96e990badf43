import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { restartAgent } from './support/agents.ts';
import { untilAgentRolledOut } from './support/waits.ts';

/**
 * Restart the agent that owns the CNI configuration, so that it writes it again.
 * Source: flannel's manual (the configuration is written at its start); for k3s, whose flannel is inside, `systemctl restart k3s`.
 */
export function restartCniAgent(distribution: Distribution): Runbook {
  const { network } = distribution.components;
  const pods = network.by === 'daemon-set' ? [`kubectl -n ${network.namespace} get pods -o wide`] : [];
  return {
    id: 'restart-cni-agent',
    title: 'Restart the CNI agent (flannel)',
    source: 'flannel manual; postmortem 002, "No flannel pods found"',
    why: 'The agent writes its configuration when it starts. If only that is gone, this is the cheapest fix.',
    steps: [
      look('see the nodes and the agent', 'workstation', ['kubectl get nodes', ...pods].join('; ')),
      restartAgent(distribution, 'network', 'restart the agent', 'systemctl restart k3s'),
      untilAgentRolledOut(distribution, seconds(90)),
    ],
  };
}

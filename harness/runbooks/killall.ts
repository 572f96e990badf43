import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { killallSteps } from './support/killall.ts';

/**
 * Stop everything of Kubernetes on a node, take its network away, start it again.
 * Source: postmortem 003 ("it reset the containers and OS resources (including networking) associated with them"); k3s' manual, "Stopping K3s".
 * @param options.on which node
 */
export function killall(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'killall',
    title: 'Kill all containers and their network, and start again',
    source: 'postmortem 003, "Getting locked-out"',
    why: 'The container network is broken in unknown ways; recreated from scratch, it works.',
    requires: [{ init: 'systemd' }],
    steps: [
      look('see what crashes', 'workstation', 'kubectl get pods -A -o wide'),
      ...killallSteps(distribution, options.on),
    ],
  };
}

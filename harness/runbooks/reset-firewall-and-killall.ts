import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { resetFirewallStep } from './support/host-firewall.ts';
import { killallSteps } from './support/killall.ts';

/**
 * The postmortem's way through, without its detours: the firewall first, so that the machine can be reached, then everything of Kubernetes
 * again.
 * Source: postmortem 003, "Getting locked-out".
 * @param options.on which node
 */
export function resetFirewallAndKillall(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'reset-firewall-and-killall',
    title: 'Reset the firewall, then kill all containers and their network, and start again',
    source: 'postmortem 003, "Getting locked-out"',
    why: 'Neither the machine nor its pods can be reached: the firewall blocks the first, and its loss broke the second.',
    requires: [{ init: 'systemd' }],
    steps: [
      look('see the rules', options.on, 'iptables -S | head -n 20'),
      resetFirewallStep(options.on),
      ...killallSteps(distribution, options.on),
    ],
  };
}

import { look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { resetFirewallStep } from './support/host-firewall.ts';

/**
 * Reset the host's firewall at its serial console.
 * Source: postmortem 003, "Getting locked-out" ("After resetting ufw, finally the SSH connection were back on").
 * @param options.on which node
 */
export function resetFirewall(options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'reset-firewall',
    title: 'Reset the firewall',
    source: 'postmortem 003, "Getting locked-out"',
    why: 'Nobody gets onto the machine any more: the firewall drops what it does not know, and it knows nothing.',
    steps: [look('see the rules', options.on, 'iptables -S | head -n 20'), resetFirewallStep(options.on)],
  };
}

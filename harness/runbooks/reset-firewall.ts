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
    why: 'The machine cannot be reached: the firewall drops what no rule allows, and it has no rules.',
    steps: [look('see the rules', options.on, 'iptables -S | head -n 20'), resetFirewallStep(options.on)],
  };
}

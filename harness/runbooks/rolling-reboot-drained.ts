import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { rollingReboot } from './support/rolling-reboot.ts';

/**
 * `rolling-reboot` with every sandbox of a node removed before it goes down, so that its runtime remembers none that is gone.
 * Source: postmortem 004, lessons learned ("containerd must be drained before rebooting").
 */
export function rollingRebootDrained(distribution: Distribution): Runbook {
  return {
    id: 'rolling-reboot-drained',
    title: 'Reboot one node after another, removing its sandboxes first',
    source: 'postmortem 004, lessons learned and action item k8s-reboot.yml',
    why: 'What the runtime still holds of sandboxes that a reboot destroyed can keep their pods from starting.',
    instead: rollingReboot(distribution, { sandboxes: 'removed' }),
    steps: [look('see the nodes', 'workstation', 'kubectl get nodes; kubectl get pods -A | grep -v Running')],
  };
}

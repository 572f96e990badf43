import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { rollingReboot as steps } from './support/rolling-reboot.ts';

/**
 * The same reboot, one node after another, each drained before and looked at after.
 * Source: postmortem 004, lessons learned ("rolling reboot is non-negotiable: cordon, drain, reboot, verify Ready, uncordon, wait, next
 * node"); Kubernetes, "Safely Drain a Node".
 */
export function rollingReboot(distribution: Distribution): Runbook {
  return {
    id: 'rolling-reboot',
    title: 'Reboot one node after another',
    source: 'postmortem 004, lessons learned',
    why: 'A kernel update needs every node rebooted, but not at the same time.',
    instead: steps(distribution, { sandboxes: 'left' }),
    steps: [look('see the nodes', 'workstation', 'kubectl get nodes; kubectl get pods -A | grep -v Running')],
  };
}

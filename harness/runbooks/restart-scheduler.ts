import { act, look, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/**
 * Restart the scheduler alone: its container is killed, and the kubelet starts it again.
 * Source: postmortem 004, RC-1 (what of the kubelite restart mattered to it); Kubernetes, "Create static Pods".
 */
export function restartScheduler(distribution: Distribution): Runbook {
  const process = distribution.processes('scheduler');
  return {
    id: 'restart-scheduler',
    title: 'Restart the scheduler',
    source: 'postmortem 004, RC-1',
    why: 'Pods are Pending without a FailedScheduling event: the scheduler is silent.',
    requires: [{ apart: 'scheduler' }],
    steps: [
      look(
        'see that it is silent',
        'workstation',
        'kubectl get pods -A --field-selector status.phase=Pending; kubectl get events -A --field-selector reason=FailedScheduling; kubectl -n kube-system get lease kube-scheduler',
      ),
      act('kill its process', 'control-plane', `kill -TERM $(pidof ${process})`),
      until('wait until it runs again', 'control-plane', `pidof ${process}`, seconds(60)),
    ],
  };
}

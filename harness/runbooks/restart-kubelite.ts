import { endProcesses } from '../model/commands.ts';
import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/**
 * Restart everything that microk8s' kubelite is on a control plane: kubelet, scheduler, controller manager, API server and proxy
 * are one process there, so one restart restarts all of them.
 * Source: write-up 004, 08:00 ("first kubelite restart resolves RC-1, RC-2, RC-3").
 */
export function restartKubelite(): Runbook {
  return {
    id: 'restart-kubelite',
    title: "Restart the control plane's processes and the kubelet (kubelite)",
    source: 'write-up 004, resolution summary, intervention 2',
    why: 'One action that restarts whatever of the control plane may be stuck.',
    steps: [
      look(
        'see the nodes and what is Pending',
        'workstation',
        'kubectl get nodes; kubectl get pods -A | grep -v Running',
      ),
      act(
        'restart them',
        'control-plane',
        [
          'systemctl stop kubelet',
          endProcesses('kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'kube-proxy'),
          'systemctl start kubelet',
        ].join('\n'),
        {
          standsFor: 'snap restart microk8s.daemon-kubelite',
          destroys: 'nothing, but the API is away for some seconds and every watch in the cluster ends',
        },
      ),
      until('wait until the API answers', 'workstation', 'kubectl get --raw /readyz', seconds(60)),
    ],
  };
}

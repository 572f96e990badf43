import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { kubeliteSteps } from './support/kubelite.ts';

/**
 * Restart everything that microk8s' kubelite is on a control plane: kubelet, scheduler, controller manager, API server and proxy
 * are one process there, so one restart restarts all of them.
 * Source: postmortem 004, 08:00 ("first kubelite restart resolves RC-1, RC-2, RC-3").
 * @param options.on a worker whose part of it is restarted, too: there it is kubelet, proxy and runtime
 */
export function restartKubelite(distribution: Distribution, options: { readonly on?: NodeSelector } = {}): Runbook {
  return {
    id: 'restart-kubelite',
    title: "Restart the control plane's processes and the kubelet (kubelite)",
    source: 'postmortem 004, resolution summary, intervention 2',
    why: 'One action that restarts whatever of the control plane may be stuck.',
    steps: [
      look(
        'see the nodes and what is Pending',
        'workstation',
        'kubectl get nodes; kubectl get pods -A | grep -v Running',
      ),
      ...kubeliteSteps(distribution, 'restart', options.on),
    ],
  };
}

import { act } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { renewByTheManual } from './support/certificates.ts';

/**
 * Renew the certificates as the manual says, then upgrade the cluster that is still broken, in the hope that the new version brings it back.
 * Source: postmortem 003 ("what's better than upgrading a broken kubernetes cluster"); Kubernetes, "Upgrading kubeadm clusters".
 */
export function rotateCertsAndUpgrade(): Runbook {
  return {
    id: 'rotate-certs-and-upgrade',
    title: 'Renew the certificates, then upgrade',
    source: 'postmortem 003, "The Downfall"',
    why: 'The API answers again, almost nothing runs, and a new version has fixed things before.',
    steps: [
      ...renewByTheManual,
      act('upgrade the control plane', 'control-plane', 'kubeadm upgrade apply --yes "$(kubeadm version -o short)"', {
        timeoutMs: seconds(90),
        standsFor: 'curl -sfL https://get.k3s.io | sh -',
        destroys: "nothing, but the control plane's pods are recreated",
      }),
      act('upgrade the nodes', 'workers', 'kubeadm upgrade node', { timeoutMs: seconds(60) }),
      act('restart the kubelets', 'nodes', 'systemctl restart --no-block kubelet'),
    ],
  };
}

import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { untilNodesReady } from './support/waits.ts';

/**
 * Renew what kubeadm knows, and give every kubelet a new identity: first the kubelet of the control plane, for it is what restarts
 * the API server, then the workers'.
 * Source: Kubernetes, "Troubleshooting kubeadm", "Kubelet client certificate rotation fails"; postmortem 003 for the outage.
 */
export function rotateCertsAndKubelets(distribution: Distribution): Runbook {
  return {
    id: 'rotate-certs-and-kubelets',
    title: "Renew the certificates, the kubelets' too",
    source: 'Kubernetes, "Troubleshooting kubeadm": kubelet client certificate rotation fails',
    why: 'kubectl says 401 or x509, and the kubelets say `part of the existing bootstrap client certificate is expired`.',
    steps: [
      look('see what the API says', 'workstation', 'kubectl get nodes'),
      look('see what the kubelets say', 'nodes', `${distribution.logs('kubelet', 20)} | grep -i expired | tail -n 1`),
      ...distribution.renewEverything,
      untilNodesReady(),
    ],
  };
}

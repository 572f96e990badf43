import { endProcesses, fetchCredentials } from '../model/commands.ts';
import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { untilNodesReady } from './support/waits.ts';

/**
 * Renew what kubeadm knows, and give every kubelet a new identity: first the kubelet of the control plane, for it is what restarts
 * the API server, then the workers'.
 * Source: Kubernetes, "Troubleshooting kubeadm", "Kubelet client certificate rotation fails"; write-up 003 for the outage.
 */
export function rotateCertsAndKubelets(): Runbook {
  return {
    id: 'rotate-certs-and-kubelets',
    title: "Renew the certificates, the kubelets' too",
    source: 'Kubernetes, "Troubleshooting kubeadm": kubelet client certificate rotation fails',
    why: 'kubectl says 401 or x509, and the kubelets say `part of the existing bootstrap client certificate is expired`.',
    steps: [
      look('see what the API says', 'workstation', 'kubectl get nodes'),
      look(
        'see what the kubelets say',
        'nodes',
        'journalctl -u kubelet -n 20 -o cat --no-pager | grep -i expired | tail -n 1',
      ),
      act('renew what kubeadm knows', 'control-plane', 'kubeadm certs renew all'),
      act(
        'give every kubelet a new identity',
        'workstation',
        [
          'for node in $NODES; do',
          '  ssh "$CONTROL_PLANE" kubeadm kubeconfig user --org system:nodes --client-name "system:node:$node" --config /kind/kubeadm.conf |',
          '    ssh "$node" "rm -f /var/lib/kubelet/pki/kubelet-client-*; cat > /etc/kubernetes/kubelet.conf; systemctl restart --no-block kubelet"',
          'done',
        ].join('\n'),
      ),
      act(
        "end the control plane's processes: the kubelet starts them with what is in the files",
        'control-plane',
        endProcesses('etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'),
        { destroys: 'nothing, but the API is away for some seconds' },
      ),
      act('fetch the new credentials', 'workstation', fetchCredentials),
      until('wait until the API answers', 'workstation', 'kubectl get nodes', seconds(90)),
      untilNodesReady(),
    ],
  };
}

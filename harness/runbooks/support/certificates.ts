import { endProcesses, fetchCredentials } from '../../model/commands.ts';
import { act, look, until } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** Kubernetes, "Certificate Management with kubeadm", manual renewal: the file goes, 20 s pass, the file comes back. */
const restartStaticPods = [
  'mkdir -p /root/manifests',
  'mv /etc/kubernetes/manifests/*.yaml /root/manifests/',
  'sleep 20',
  'mv /root/manifests/*.yaml /etc/kubernetes/manifests/',
].join('\n');

/** Everything that kubeadm itself can renew, and the control plane's pods made to read it. */
export const renewCertificates: readonly Step[] = [
  look('see what has ended', 'control-plane', 'kubeadm certs check-expiration 2>/dev/null', { timeoutMs: seconds(45) }),
  act('renew them', 'control-plane', 'kubeadm certs renew all', { standsFor: 'k3s certificate rotate' }),
  act("restart the control plane's pods", 'control-plane', restartStaticPods, {
    standsFor: 'systemctl start k3s',
    destroys: 'nothing, but the API is away meanwhile',
  }),
];

/** The same as a person does it who follows the manual to its end: ends when the API answers. */
export const renewByTheManual: readonly Step[] = [
  look('see what the API says', 'workstation', 'kubectl get nodes'),
  ...renewCertificates,
  act('fetch the new credentials', 'workstation', fetchCredentials),
  until('wait until the API answers', 'workstation', 'kubectl get nodes', seconds(60)),
];

/**
 * Everything that kubeadm itself can renew, and a new identity for every kubelet: first that of the control plane, for it is what restarts
 * the API server, then the workers'. Ends when the API answers.
 */
export const renewEverything: readonly Step[] = [
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
];

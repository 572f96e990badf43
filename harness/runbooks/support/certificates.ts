import { act, look } from '../../model/define.ts';
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

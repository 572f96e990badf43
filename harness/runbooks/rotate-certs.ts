import { fetchCredentials } from '../model/commands.ts';
import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { renewCertificates } from './support/certificates.ts';

/**
 * Renew the certificates as the manual says, and no more: kubeadm's own, then the control plane's pods are made to read them.
 * What it leaves out are the kubelets' client certificates, which `kubeadm certs renew all` does not know.
 * Source: write-up 003 (`k3s certificate rotate`); Kubernetes, "Certificate Management with kubeadm", manual renewal.
 */
export function rotateCerts(): Runbook {
  return {
    id: 'rotate-certs',
    title: 'Renew the certificates',
    source: 'write-up 003, `k3s certificate rotate`',
    why: 'kubectl says 401 or x509: the certificates have ended; the manual has a command for it.',
    steps: [
      look('see what the API says', 'workstation', 'kubectl get nodes'),
      ...renewCertificates,
      act('fetch the new credentials', 'workstation', fetchCredentials),
      until('wait until the API answers', 'workstation', 'kubectl get nodes', seconds(60)),
    ],
  };
}

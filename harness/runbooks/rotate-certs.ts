import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { renewByTheManual } from './support/certificates.ts';

/**
 * Renew the certificates as the manual says, and no more: kubeadm's own, then the control plane's pods are made to read them.
 * What it leaves out are the kubelets' client certificates, which `kubeadm certs renew all` does not know.
 * Source: postmortem 003 (`k3s certificate rotate`); Kubernetes, "Certificate Management with kubeadm", manual renewal.
 */
export function rotateCerts(distribution: Distribution): Runbook {
  return {
    id: 'rotate-certs',
    title: 'Renew the certificates',
    source: 'postmortem 003, `k3s certificate rotate`',
    why: 'kubectl says 401 or x509: the certificates have ended; the manual has a command for it.',
    steps: renewByTheManual(distribution),
  };
}

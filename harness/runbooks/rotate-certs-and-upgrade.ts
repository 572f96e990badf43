import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { renewByTheManual } from './support/certificates.ts';

/**
 * Renew the certificates as the manual says, then upgrade the cluster that is still broken, in the hope that the new version brings it back.
 * Source: postmortem 003 ("what's better than upgrading a broken kubernetes cluster"); Kubernetes, "Upgrading kubeadm clusters".
 */
export function rotateCertsAndUpgrade(distribution: Distribution): Runbook {
  return {
    id: 'rotate-certs-and-upgrade',
    title: 'Renew the certificates, then upgrade',
    source: 'postmortem 003, "The Downfall"',
    why: 'The API answers again, almost nothing runs, and a new version has fixed things before.',
    steps: [...renewByTheManual(distribution), ...distribution.upgrade],
  };
}

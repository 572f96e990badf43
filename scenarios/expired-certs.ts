import { certificateExpiry } from '../harness/detectors/certificate-expiry.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { expiredCerts } from '../harness/faults/expired-certs.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { rotateCerts } from '../harness/runbooks/rotate-certs.ts';
import { rotateCertsAndUpgrade } from '../harness/runbooks/rotate-certs-and-upgrade.ts';
import { rotateCertsAndKubelets } from '../harness/runbooks/rotate-certs-and-kubelets.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { resurrectionProbes } from './support/resurrection.ts';

/** Postmortem 003, its beginning: a year has passed and every certificate has ended. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Apparently as many things as possible: the certificates have ended',
    source: 'postmortem 003',
    date: 'undated',
    says: [
      'Every kubectl said 401 Unauthorized, the one on the master too.',
      'Rebooting made things worse.',
      '`k3s certificate rotate` brought the API back; almost all services were down.',
      'An upgrade changed nothing.',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(60),
  },
  fidelity: 'real',
  differences: [
    "the workstation's own credentials have not ended: its kubectl says x509 where the postmortem's said 401",
    "the certificates are signed again with an end date that is a day ago, by the cluster's own CAs; in the postmortem a year had passed",
    "kubeadm's certificates: k3s renews most at a start within their last 90 days, and its `certificate rotate` renews the kubelet's, too",
    "the upgrade is kubeadm's, to the version that is there; k3s' replaces the one program that is everything",
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['api-read', 'api-write', 'pod-start'],
  keeps: ['new-connection', 'existing-connection', 'dns', 'service-to-service', 'database', 'bystander'],
  fault: expiredCerts(distribution),
  rightAlerts: [{ alertname: 'KubeClientCertificateExpiration' }, { alertname: 'BlackboxSslCertificateWillExpireSoon' }],
  detectors: [
    certificateExpiry(distribution),
    probeFailing({ sli: 'api-read', streak: 3 }),
    nodeNotReady(),
    podsNotRunning(),
    warningEvents({ expects: 'Unhealthy Pod/kube-|NodeNotReady|certificate' }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'nothing heals by itself'),
    claimed(rebootNode(distribution, { on: 'nodes' }), 'does-not-recover', 'made things worse'),
    claimed(rotateCerts(distribution), 'does-not-recover', 'the API is back, almost all services are down'),
    claimed(rotateCertsAndUpgrade(distribution), 'does-not-recover', 'the upgrade changed nothing'),
    claimed(
      rotateCertsAndKubelets(distribution),
      'recovers',
      "not tried there; kubeadm's own page for kubelets whose certificate has ended",
    ),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(180) },
}));

import { nodeCheck } from '../harness/detectors/node-check.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { expiredCerts } from '../harness/faults/expired-certs.ts';
import type { Certificates } from '../harness/model/distribution.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { restartK3s } from '../harness/runbooks/restart-k3s.ts';
import { rotateCerts } from '../harness/runbooks/rotate-certs.ts';
import { rotateCertsAndUpgrade } from '../harness/runbooks/rotate-certs-and-upgrade.ts';
import { rotateCertsAndKubelets } from '../harness/runbooks/rotate-certs-and-kubelets.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { apiOfEnded } from './support/ended-certificates.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const differences: Readonly<Record<Certificates, readonly string[]>> = {
  kubeadm: [
    "the workstation's own credentials have not ended: its kubectl says x509 where the postmortem's said 401",
    "kubeadm's certificates: k3s renews at a start what ends within 120 days, and its `certificate rotate` renews the kubelet's, too",
    "the upgrade is kubeadm's, to the version that is there; k3s' replaces the one program that is everything",
  ],
  k3s: [
    "the workstation's own credentials have not ended: the server's kubectl says 401, and the workstation's does not",
    'who is refused first is a race, for each part reads its file in its own time; in the postmortem all ended within minutes',
    'k3s is not restarted: it reads a changed file within five minutes, and the outage begins when it has; in the postmortem the files were the old ones',
    'the server is no worker, and there are two of these; in the postmortem it is not said how many there were',
    'the upgrade is to the version that is there',
  ],
};

/** Postmortem 003, its beginning: a year has passed and every certificate has ended. */
export default defineScenario((distribution) => {
  const { fails, holds } = apiOfEnded(distribution);
  const services = ['new-connection', 'existing-connection', 'dns', 'service-to-service', 'database'];
  // On k3s the controllers have tokens besides, and call the nodes not ready: whether that reaches the service rules is a race.
  const keeps = [...(distribution.certificates === 'k3s' ? [] : services), ...holds, 'bystander'];
  return {
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
      "the certificates are signed again with an end date that is a day ago, by the cluster's own CAs; in the postmortem a year had passed",
      ...differences[distribution.certificates],
    ],
    cluster: { workers: 2, workload: 'resurrection' },
    probes: resurrectionProbes(),
    breaks: [...fails, 'pod-start'],
    keeps,
    fault: expiredCerts(distribution),
    rightAlerts: [
      { alertname: 'KubeClientCertificateExpiration' },
      { alertname: 'BlackboxSslCertificateWillExpireSoon' },
    ],
    detectors: [
      nodeCheck(distribution, 'check_certificates'),
      probeFailing({ sli: 'api-read', streak: 3 }),
      nodeNotReady(),
      podsNotRunning(),
      warningEvents({ expects: 'Unhealthy Pod/kube-|NodeNotReady|certificate' }),
    ],
    runbooks: [
      claimed(wait(), 'does-not-recover', 'nothing heals by itself'),
      claimed(
        rebootNode(distribution, { on: distribution.certificates === 'k3s' ? 'control-plane' : 'nodes' }),
        'does-not-recover',
        'made things worse',
      ),
      ...(distribution.certificates === 'k3s'
        ? [
            claimed(
              restartK3s(distribution),
              'unknown',
              'not tried there; k3s renews at a start what ends within 120 days',
            ),
          ]
        : []),
      claimed(rotateCerts(distribution), 'does-not-recover', 'the API is back, almost all services are down'),
      claimed(rotateCertsAndUpgrade(distribution), 'does-not-recover', 'the upgrade changed nothing'),
      claimed(
        rotateCertsAndKubelets(distribution),
        'recovers',
        "not tried there; the manual's way for nodes whose certificates have ended",
      ),
    ],
    horizonMs: { stock: minutes(10), fast: seconds(180) },
  };
});

import { nodeCheck } from '../harness/detectors/node-check.ts';
import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { nameReserved } from '../harness/faults/name-reserved.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { forceDeletePods } from '../harness/runbooks/force-delete-pods.ts';
import { removeSandboxes } from '../harness/runbooks/remove-sandboxes.ts';
import { restartContainerd } from '../harness/runbooks/restart-containerd.ts';
import { restartKubelet } from '../harness/runbooks/restart-kubelet.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const node = { worker: 1 } as const;

/** Postmortem 004, its third cause alone: a runtime that keeps names of what does not exist. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade: names are reserved (RC-3)',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      'Pods that had run on the node before its reboot could not start: name is reserved for a container that does not exist.',
      'containerd believed so; its health check found nothing wrong.',
      'A storm of SandboxChanged events was the sign, and nobody looked for it.',
      'Restarting kubelite ended it.',
      'Stopping and removing all sandboxes before the reboot would have prevented it.',
    ],
    undetectedMs: minutes(33),
    recoveryMs: minutes(60),
  },
  fidelity: 'equivalent',
  differences: [
    'the names are held by creations that hang for ever in containerd; in the postmortem its database had them from before a reboot',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['new-connection', 'service-to-service'],
  keeps: ['api-read', 'api-write', 'database', 'bystander'],
  fault: nameReserved(distribution, { node }),
  rightAlerts: [],
  detectors: [
    nodeCheck(distribution, 'check_sandbox_changed'),
    podsNotRunning(),
    livenessReadiness(),
    probeFailing({ sli: 'new-connection', streak: 3 }),
    nodeNotReady(),
    warningEvents({ expects: 'reserve|FailedCreatePodSandBox' }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'an hour passed'),
    claimed(restartKubelet(distribution, { on: node }), 'unknown', 'restarting kubelite ended it'),
    claimed(forceDeletePods({ on: node }), 'unknown', 'new pods have new names'),
    claimed(
      removeSandboxes(distribution, { on: node }),
      'unknown',
      'removing all sandboxes before the reboot would have prevented it; nobody tried it afterwards',
    ),
    claimed(restartContainerd(distribution, { on: node }), 'recovers', 'it forgets what it has no record of'),
  ],
  horizonMs: { stock: minutes(12), fast: seconds(150) },
}));

import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { podsTerminating } from '../harness/detectors/pods-terminating.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { restartCount } from '../harness/detectors/restart-count.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { replicaDeadlock } from '../harness/faults/replica-deadlock.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { volume } from '../harness/probes/volume.ts';
import { drainNode } from '../harness/runbooks/drain-node.ts';
import { forceDeleteTerminating } from '../harness/runbooks/force-delete-terminating.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { restartContainerd } from '../harness/runbooks/restart-containerd.ts';
import { restartKubelet } from '../harness/runbooks/restart-kubelet.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { allSlisBut, resurrectionProbes } from './support/resurrection.ts';

const node = { worker: 2 } as const;

/** Postmortem 004, its storage alone: a volume whose controller is Terminating for ever. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade: the replicas wait for pods that never go',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      'Controllers of the replicated volumes stayed Terminating; their budgets asked for more than was healthy.',
      'Replicas that stayed Terminating kept their successors off the node by anti-affinity.',
      'The cluster would have waited for ever; nothing reconciled until they were gone.',
      'Force-deletion was the only way, and safe, because controllers hold no data.',
      'No data was lost: all six volumes reached quorum.',
    ],
    undetectedMs: minutes(63),
    recoveryMs: minutes(170),
  },
  fidelity: 'equivalent',
  differences: [
    'etcd plays the replicas and podinfo the controller: one volume, not six',
    'the shims of the pods are stopped by a signal; in the postmortem a reboot had left containerd with tasks that no longer existed',
    'a drill deletes the pods; in the postmortem the cluster had, when the node was away',
    'a budget does not keep a deleted pod from going, whatever the postmortem says: it forbids evictions, which is what draining does',
  ],
  cluster: { workers: 2, workload: 'storage' },
  probes: [volume(), ...resurrectionProbes()],
  breaks: ['volume'],
  keeps: allSlisBut(),
  fault: replicaDeadlock(distribution, node),
  rightAlerts: [{ alertname: 'PodsTerminating' }],
  detectors: [
    podsTerminating(),
    probeFailing({ sli: 'volume', streak: 3 }),
    podsNotRunning(),
    livenessReadiness(),
    warningEvents({ expects: 'FailedKillPod|KillPodSandbox|Unhealthy' }),
    restartCount({ over: 10, scope: 'cluster' }),
    nodeNotReady(),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'the cluster will wait for ever'),
    claimed(drainNode({ on: node }), 'does-not-recover', 'there is no gentler path'),
    claimed(forceDeleteTerminating(), 'recovers', 'the only resolution, and safe'),
    claimed(
      restartKubelet(distribution, { on: node }),
      'unknown',
      'kubelite was restarted half an hour after the controllers were gone',
    ),
    claimed(restartContainerd(distribution, { on: node }), 'unknown', 'not tried on its own'),
    claimed(rebootNode(distribution, { on: node }), 'unknown', 'a reboot had started it'),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(150) },
}));

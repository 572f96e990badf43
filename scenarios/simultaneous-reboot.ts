import { nodeCheck } from '../harness/detectors/node-check.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { podsTerminating } from '../harness/detectors/pods-terminating.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { podNetworkWarnings, warningEvents } from '../harness/detectors/warning-events.ts';
import { nameReserved } from '../harness/faults/name-reserved.ts';
import { natNotReprogrammed } from '../harness/faults/nat-not-reprogrammed.ts';
import { replicaDeadlock } from '../harness/faults/replica-deadlock.ts';
import { schedulerStall } from '../harness/faults/scheduler-stall.ts';
import { simultaneousReboot } from '../harness/faults/simultaneous-reboot.ts';
import { until } from '../harness/model/define.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { volume } from '../harness/probes/volume.ts';
import { diagnoseFirst } from '../harness/runbooks/diagnose-first.ts';
import { fiveInterventions } from '../harness/runbooks/five-interventions.ts';
import { forceDeleteTerminating } from '../harness/runbooks/force-delete-terminating.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { restartContainerd } from '../harness/runbooks/restart-containerd.ts';
import { restartKubelite } from '../harness/runbooks/restart-kubelite.ts';
import { restartNodeAgent } from '../harness/runbooks/restart-node-agent.ts';
import { restartScheduler } from '../harness/runbooks/restart-scheduler.ts';
import { rollingRebootDrained } from '../harness/runbooks/rolling-reboot-drained.ts';
import { rollingReboot } from '../harness/runbooks/rolling-reboot.ts';
import { scaleCoredns2 } from '../harness/runbooks/scale-coredns-2.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { everyPodReady, oneCorednsOn } from './support/one-coredns.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const node = { worker: 2 } as const;

/** Postmortem 004, whole. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      'All nodes were rebooted at once; all came back Ready, and the cluster did not recover by itself.',
      '46 pods stayed Pending for 4 h 20 min, with zero FailedScheduling events.',
      'Three causes on one node: a stalled scheduler, no service rules, reserved names; and controllers that stayed Terminating.',
      'Five interventions over two hours ended it; the first restart of kubelite alone addressed three causes.',
      'Media services were not touched, and stayed up.',
      'A rolling reboot would have prevented it.',
    ],
    undetectedMs: minutes(27),
    recoveryMs: minutes(418),
  },
  fidelity: 'equivalent',
  differences: [
    'the reboot is real; what it left on one node is brought about afterwards by the faults of the single causes, as each says',
    'the scheduler that stalls runs on the control plane, not on the node with the other causes',
    "the datastore's own failure (context canceled) is left out: with one etcd it is the API of all nodes, which is scenario datastore-stall",
    'the causes are brought about after a simultaneous reboot only: a rolling one is measured for what it costs by itself, and whether it would have left them behind is not shown',
    'media services are pause, and their volumes nothing: their restarts are counted as collateral',
  ],
  cluster: { workers: 2, workload: 'cascade' },
  setup: [oneCorednsOn(2), until('wait until everything is ready', 'workstation', everyPodReady, seconds(120))],
  probes: [volume(), ...resurrectionProbes()],
  breaks: ['volume', 'dns', 'new-connection', 'pod-start'],
  keeps: [],
  fault: simultaneousReboot(distribution, {
    ...node,
    // The scheduler last: it has to be there for what replaces the others' pods.
    causes: [
      replicaDeadlock(distribution, node),
      natNotReprogrammed(distribution, { node }),
      nameReserved(distribution, { node, agents: 'spared' }),
      schedulerStall(distribution),
    ],
  }),
  rightAlerts: [{ alertname: 'NodeRebooted' }, { alertname: 'SchedulerStall' }],
  detectors: [
    nodeCheck(distribution, 'check_k8s_scheduler_stall'),
    nodeCheck(distribution, 'check_dnat_rules'),
    nodeCheck(distribution, 'check_sandbox_changed'),
    nodeCheck(distribution, 'check_coredns_replicas'),
    podsTerminating(),
    podsNotRunning(),
    nodeNotReady(),
    warningEvents({ expects: `Rebooted|${podNetworkWarnings}` }),
    probeFailing({ sli: 'volume', streak: 3 }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', '4 h 20 min passed'),
    claimed(forceDeleteTerminating(), 'does-not-recover', 'unblocked the storage operator'),
    claimed(restartScheduler(distribution), 'does-not-recover', 'RC-1 only'),
    claimed(restartNodeAgent(distribution), 'does-not-recover', 'RC-2 only'),
    claimed(restartContainerd(distribution, { on: node }), 'does-not-recover', 'RC-3 only'),
    claimed(scaleCoredns2(), 'does-not-recover', 'closed a gap that had widened the outage'),
    claimed(rebootNode(distribution, { on: node }), 'unknown', 'a reboot had started it'),
    claimed(
      restartKubelite(distribution, { on: node }),
      'unknown',
      'resolved RC-1, RC-2 and RC-3; pods went from 46 to 6 Pending',
    ),
    claimed(fiveInterventions(distribution, { on: node }), 'recovers', '121 pods running'),
    claimed(rollingReboot(distribution), 'recovers', 'non-negotiable: would have prevented it'),
    claimed(
      rollingRebootDrained(distribution),
      'recovers',
      'without it, stale records of sandboxes block pods on the next boot',
    ),
    claimed(diagnoseFirst(distribution, { on: node }), 'recovers', 'the lesson: find all causes, then the one restart'),
  ],
  horizonMs: { stock: minutes(20), fast: seconds(300) },
}));

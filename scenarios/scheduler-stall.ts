import { nodeCheck } from '../harness/detectors/node-check.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { schedulerStall } from '../harness/faults/scheduler-stall.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { deletePendingPods } from '../harness/runbooks/delete-pending-pods.ts';
import { restartKubelet } from '../harness/runbooks/restart-kubelet.ts';
import { restartKubelite } from '../harness/runbooks/restart-kubelite.ts';
import { restartScheduler } from '../harness/runbooks/restart-scheduler.ts';
import { lease20s } from '../harness/runbooks/lease-20s.ts';
import { schedulerLease } from '../harness/runbooks/support/scheduler-lease.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { allSlisBut, resurrectionProbes } from './support/resurrection.ts';

/** Postmortem 004, its first cause alone: a scheduler that holds its lease and schedules nothing. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade: the scheduler stalls (RC-1)',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      '46 pods stayed Pending for 4 h 20 min with zero FailedScheduling events.',
      'The scheduler renewed its lease all the time; its watches had stalled.',
      'All nodes were Ready.',
      'No alert existed for Pending pods together with no FailedScheduling event.',
      'Restarting kubelite, which the scheduler is a part of, ended it.',
    ],
    undetectedMs: minutes(27),
    recoveryMs: minutes(260),
  },
  fidelity: 'equivalent',
  differences: [
    "the scheduler's events are dropped on their way into the process; in the postmortem they stalled in a queue inside it",
    'the scheduler runs without HTTP/2, so that each watch has a connection of its own and the lease another one',
    'the 46 pods are wanted by a deployment of their own; in the postmortem a reboot had emptied the nodes',
    'one scheduler; in the postmortem two more stood by and could not take over a lease that never lapsed',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  requires: [{ staticPod: 'scheduler' }],
  setup: schedulerLease(distribution, 60),
  probes: resurrectionProbes(),
  breaks: ['pod-start'],
  keeps: allSlisBut('pod-start'),
  fault: schedulerStall(distribution),
  rightAlerts: [{ alertname: 'SchedulerStall' }],
  detectors: [
    nodeCheck(distribution, 'check_k8s_scheduler_stall'),
    podsNotRunning(),
    nodeNotReady(),
    warningEvents({ expects: 'FailedScheduling' }),
    probeFailing({ sli: 'pod-start', streak: 3, periodMs: seconds(3), timeoutMs: seconds(10) }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', '4 h 20 min passed and nothing was scheduled'),
    claimed(
      lease20s(distribution),
      'unknown',
      'action item: a stalled scheduler is detected and its lease released 3 times faster',
    ),
    claimed(deletePendingPods(), 'does-not-recover', 'would have been ineffective'),
    claimed(restartKubelet(distribution, { on: 'control-plane' }), 'unknown', 'not distinguished from kubelite'),
    claimed(restartScheduler(distribution), 'recovers', 'the part of the kubelite restart that matters here'),
    claimed(restartKubelite(distribution), 'recovers', 'fix: the lease was released and another scheduler took it'),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(150) },
}));

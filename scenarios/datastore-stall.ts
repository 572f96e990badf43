import { datastoreErrors } from '../harness/detectors/datastore-errors.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { datastoreStall } from '../harness/faults/datastore-stall.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { restartDatastore } from '../harness/runbooks/restart-datastore.ts';
import { restartKubelet } from '../harness/runbooks/restart-kubelet.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { resurrectionProbes } from './support/resurrection.ts';

/** Postmortem 004, its fourth cause alone: what is to be written cannot be, while everything that runs goes on. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade: the datastore hangs',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      'The kubelet could not write the status of its pods: they stayed Pending.',
      'The log of k8s-dqlite said `context canceled`; no check looked for it.',
      'Restarting kubelite did not end it.',
      'Restarting k8s-dqlite did, within seconds.',
    ],
    undetectedMs: minutes(10),
    recoveryMs: minutes(15),
  },
  fidelity: 'equivalent',
  differences: [
    'etcd is stopped by a signal; in the postmortem a follower of dqlite had lost its way to the leader',
    'one etcd for the whole cluster: reads fail here, too, while in the postmortem other members still answered',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['api-write', 'pod-start'],
  keeps: ['new-connection', 'existing-connection', 'dns', 'service-to-service', 'database', 'bystander'],
  fault: datastoreStall(distribution),
  rightAlerts: [
    { alertname: 'etcdHighFsyncDurations' },
    { alertname: 'etcdHighCommitDurations' },
    { alertname: 'etcdGRPCRequestsSlow' },
    { alertname: 'etcdNoLeader' },
    { alertname: 'etcdMembersDown' },
    { alertname: 'etcdInsufficientMembers' },
    { alertname: 'APIWritesFailing' },
  ],
  detectors: [
    datastoreErrors(distribution),
    probeFailing({ sli: 'api-write', streak: 3 }),
    nodeNotReady(),
    podsNotRunning(),
    warningEvents({ expects: 'etcd|context' }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'did not heal by itself'),
    claimed(
      restartKubelet(distribution, { on: 'control-plane' }),
      'does-not-recover',
      'no help: the errors went on after it',
    ),
    claimed(restartDatastore(distribution), 'recovers', 'fix: pods went on within seconds'),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(300) },
}));

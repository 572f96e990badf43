import { databaseLocked } from '../harness/detectors/database-locked.ts';
import { lockHolder } from '../harness/detectors/lock-holder.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { datastoreLocked } from '../harness/faults/datastore-locked.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { endLockHolder } from '../harness/runbooks/end-lock-holder.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { restartK3s } from '../harness/runbooks/restart-k3s.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { resurrectionProbes } from './support/resurrection.ts';

/** Of k3s alone: what kine keeps in SQLite cannot be written while somebody else has it locked. */
export default defineScenario((distribution) => ({
  outage: {
    title: "A backup holds the lock of k3s' database",
    source: 'k3s-io/k3s#8234, benbjohnson/litestream#572',
    date: '2024-02-29',
    says: ['Leases of a k3s server could not be renewed while its database was backed up.'],
    undetectedMs: minutes(0),
    recoveryMs: minutes(0),
  },
  fidelity: 'equivalent',
  differences: ['x'],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['api-write', 'pod-start'],
  keeps: ['new-connection', 'existing-connection', 'dns', 'service-to-service', 'database', 'bystander', 'api-read'],
  fault: datastoreLocked(distribution),
  detectors: [
    lockHolder(distribution, { expects: 'k3s-backup' }),
    databaseLocked(distribution),
    probeFailing({ sli: 'api-write', streak: 3 }),
    nodeNotReady(),
    podsNotRunning(),
    warningEvents({ expects: 'locked' }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'x'),
    claimed(restartK3s(distribution), 'unknown', 'x'),
    claimed(endLockHolder(distribution), 'recovers', 'x'),
    claimed(rebootNode(distribution, { on: 'control-plane' }), 'recovers', 'x'),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(300) },
}));

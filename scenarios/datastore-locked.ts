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

/** Of k3s alone: while a backup has kine's SQLite locked, what is to be written waits, and what runs and what is read goes on. */
export default defineScenario((distribution) => ({
  outage: {
    title: "A backup holds the lock of k3s' database",
    source: 'benbjohnson/litestream#572, #237; k3s-io/k3s#8234, #1628; k3s-io/kine#586',
    date: '2024-02-29',
    says: [
      "While Litestream backed up a k3s server's database, leases could not be renewed and pods that depend on one restarted (litestream#572).",
      'A transfer of hours locks the database for writing until it has finished (litestream#237).',
      '`database is locked` is SQLITE_BUSY: as a rule a connection of another process holds the lock (k3s#8234, where there was no other process).',
      'A k3s that has ended cannot be restarted at once because the database is locked (k3s#1628).',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(0),
  },
  fidelity: 'equivalent',
  differences: [
    'a script takes the locks that SQLite takes for a writer, byte for byte, because a node of k3s has no SQLite besides the one in k3s',
    'the copy is written to a pipe that nobody reads; in litestream#237 it went over SFTP for hours',
    'the backup keeps the lock all the time; of Litestream the threads know it during checkpoints and their waits',
    'k3s#8234, #11269 and #12898 have no backup in them: there kine was locked out by itself, under load or by its compaction',
    'one server, whose leases have no followers: no election can be lost',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['api-write', 'pod-start'],
  keeps: ['new-connection', 'existing-connection', 'dns', 'service-to-service', 'api-read', 'database', 'bystander'],
  fault: datastoreLocked(distribution),
  rightAlerts: [{ alertname: 'APIWritesFailing' }],
  detectors: [
    lockHolder(distribution, { expects: 'datastore-backup' }),
    databaseLocked(distribution),
    probeFailing({ sli: 'api-write', streak: 3 }),
    nodeNotReady(),
    podsNotRunning(),
    warningEvents({ expects: 'database is locked' }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'the transfer takes hours, and the lock lasts as long (litestream#237)'),
    claimed(
      restartK3s(distribution),
      'does-not-recover',
      "k3s can't be restarted at once because of the lock (k3s#1628)",
    ),
    claimed(endLockHolder(distribution), 'recovers', 'the backup scripts that hang are killed (openfairdb#70)'),
    claimed(
      rebootNode(distribution, { on: 'control-plane' }),
      'unknown',
      'not in these threads: it ends the backup, too',
    ),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(300) },
}));

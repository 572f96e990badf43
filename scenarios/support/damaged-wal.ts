import { archiveLag } from '../../harness/detectors/archive-lag.ts';
import { livenessReadiness } from '../../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../../harness/detectors/pods-not-running.ts';
import { postgresPanic } from '../../harness/detectors/postgres-panic.ts';
import { postgresUp } from '../../harness/detectors/postgres-up.ts';
import { probeFailing } from '../../harness/detectors/probe-failing.ts';
import { restartCount } from '../../harness/detectors/restart-count.ts';
import { warningEvents } from '../../harness/detectors/warning-events.ts';
import { pgWalCorruption, type WalDamage } from '../../harness/faults/pg-wal-corruption.ts';
import { claimed, type Scenario } from '../../harness/model/scenario.ts';
import { minutes, seconds } from '../../harness/model/units.ts';
import { pgResetwal } from '../../harness/runbooks/pg-resetwal.ts';
import { restartDatabase } from '../../harness/runbooks/restart-database.ts';
import { restoreBackupPitr } from '../../harness/runbooks/restore-backup-pitr.ts';
import { restoreBackup } from '../../harness/runbooks/restore-backup.ts';
import { restoreWalSegment } from '../../harness/runbooks/restore-wal-segment.ts';
import { wait } from '../../harness/runbooks/wait.ts';
import { archivedDatabase } from './archived-database.ts';
import { resurrectionProbes } from './resurrection.ts';

/** What has become of the segment, for a title. */
const damaged: Readonly<Record<WalDamage, string>> = {
  zeroed: 'the write-ahead log is corrupted',
  truncated: 'a segment of the write-ahead log ends too early',
  missing: 'a segment of the write-ahead log is missing',
  'bit-flip': 'one bit of the write-ahead log is another',
};

/** What was not tried in the postmortem, in the order of what it loses. */
const backups = [
  claimed(restoreBackup(), 'unknown', 'not tried'),
  claimed(restoreBackupPitr(), 'unknown', 'not tried'),
];

/**
 * Postmortem 003, "The Database": a log that cannot be read, and what it costs to go on without it.
 * @param options.damage what has become of the segment with the last checkpoint
 * @param options.withBackups whether the base backup is restored, too: what that costs does not depend on the damage
 */
export function damagedWal(options: { readonly damage: WalDamage; readonly withBackups: boolean }): Scenario {
  const { damage } = options;
  return {
    outage: {
      title: `Apparently as many things as possible: ${damaged[damage]}`,
      source: 'postmortem 003',
      date: 'undated',
      says: [
        'After crash loops and OOM kills the database did not start any more: PANIC: could not locate a valid checkpoint record.',
        'Kubernetes could not recover it by restarting, for it crashed again and again.',
        'The fix was easy: a pod that does nothing, pg_resetwal, and the pod as it was.',
        'Finally, all the services were up and running again. (Nothing is said of lost rows.)',
      ],
      undetectedMs: minutes(0),
      recoveryMs: minutes(30),
    },
    fidelity: 'equivalent',
    differences: [
      'the segment is damaged by hand at the instant of the crash; in the postmortem it was found damaged after many',
      'WAL is archived and there is a base backup, so that other ways out can be compared; the postmortem speaks of none',
      'cp and pg_basebackup stand for pgbackrest',
    ],
    cluster: { workers: 2, workload: 'resurrection' },
    setup: archivedDatabase,
    probes: resurrectionProbes(),
    breaks: ['database'],
    keeps: ['dns', 'api-read', 'api-write', 'pod-start', 'bystander'],
    fault: pgWalCorruption({ worker: 2, damage }),
    rightAlerts: [{ alertname: 'PostgreSQLDown' }],
    detectors: [
      probeFailing({ sli: 'database', streak: 3 }),
      postgresPanic(),
      postgresUp(),
      archiveLag(),
      livenessReadiness(),
      podsNotRunning(),
      restartCount({ over: 10 }),
      restartCount({ over: 10, scope: 'cluster' }),
      warningEvents({ expects: '(Unhealthy|BackOff) Pod/chromadb-0:' }),
      nodeNotReady(),
    ],
    runbooks: [
      claimed(wait(), 'does-not-recover', 'Kubernetes could not recover the service by restarting'),
      claimed(restartDatabase(), 'does-not-recover', 'it would still crash and crash again'),
      claimed(pgResetwal(), 'unknown', 'the fix was easy (nothing is said of what was lost)'),
      ...(options.withBackups ? backups : []),
      claimed(restoreWalSegment(), 'recovers', 'not tried'),
    ],
    horizonMs: { stock: minutes(12), fast: seconds(180) },
  };
}

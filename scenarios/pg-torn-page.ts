import { archiveLag } from '../harness/detectors/archive-lag.ts';
import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { postgresPanic } from '../harness/detectors/postgres-panic.ts';
import { postgresUp } from '../harness/detectors/postgres-up.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { restartCount } from '../harness/detectors/restart-count.ts';
import { warningEvents } from '../harness/detectors/warning-events.ts';
import { pgTornPage } from '../harness/faults/pg-torn-page.ts';
import { act } from '../harness/model/define.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { millis, minutes, seconds } from '../harness/model/units.ts';
import { fullPageWrites } from '../harness/runbooks/full-page-writes.ts';
import { restoreBackupPitr } from '../harness/runbooks/restore-backup-pitr.ts';
import { restoreBackup } from '../harness/runbooks/restore-backup.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { archivedDatabase } from './support/archived-database.ts';
import { resurrectionProbes } from './support/resurrection.ts';

/** The server is back after about a second, and three failed requests are an outage. */
const databaseMs = millis(200);

/** As somebody tuned it for less writing; and no checkpoint at the wrong moment. */
const tuned = JSON.stringify(
  ['full_page_writes=off', 'checkpoint_timeout=15min', 'bgwriter_lru_maxpages=0'].flatMap((setting) =>
    ['-c', setting].map((value) => ({ op: 'add', path: '/spec/template/spec/containers/0/args/-', value })),
  ),
);

/** A variant of postmortem 003's last act: the damage that nobody sees. */
export default defineScenario({
  outage: {
    title: 'Apparently as many things as possible: the page that was half written',
    source: 'postmortem 003',
    date: 'undated',
    says: [
      "After crash loops and kills the database's log was corrupted, and the server said so (scenario pg-wal-corruption).",
      'Nothing is said of damage that a server does not notice. This is it.',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(30),
  },
  fidelity: 'equivalent',
  differences: [
    'not in the postmortem: a variant, after the manual of PostgreSQL, for what a kill may leave behind',
    'the page is torn by hand between memory and disk while all processes stand still; a kill alone tears nothing, for the kernel goes on writing: it takes a machine that stops',
    'full_page_writes is off, which nobody should do, and some do on storage that is said to write pages atomically',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: [
    ...archivedDatabase,
    act(
      'write less log',
      'workstation',
      [
        `kubectl -n chromadb patch statefulset chromadb --type=json -p '${tuned}'`,
        'kubectl -n chromadb rollout status statefulset chromadb --timeout=50s',
        "kubectl -n chromadb exec chromadb-0 -- psql -U chromadb -d chromadb -c 'create extension pageinspect'",
      ].join('\n'),
    ),
  ],
  probes: resurrectionProbes({ databaseMs }),
  breaks: ['database'],
  keeps: ['dns', 'api-read', 'api-write', 'pod-start', 'bystander'],
  fault: pgTornPage({ worker: 2 }),
  rightAlerts: [],
  detectors: [
    probeFailing({ sli: 'database', streak: 3, periodMs: databaseMs }),
    postgresPanic(),
    postgresUp(),
    archiveLag(),
    livenessReadiness(),
    podsNotRunning(),
    restartCount({ over: 10 }),
    warningEvents({ expects: '(Unhealthy|BackOff) Pod/chromadb-0:' }),
  ],
  runbooks: [
    claimed(wait(), 'unknown', 'not tried: it comes back by itself'),
    claimed(restoreBackup(), 'unknown', 'not tried'),
    claimed(restoreBackupPitr(), 'unknown', 'not tried'),
    claimed(fullPageWrites(), 'recovers', "the manual: on by default, and this is what it's for"),
  ],
  horizonMs: { stock: minutes(12), fast: seconds(180) },
});

import { nodeCheck } from '../harness/detectors/node-check.ts';
import { archiveLag } from '../harness/detectors/archive-lag.ts';
import { addressesLeaked } from '../harness/faults/addresses-leaked.ts';
import { everythingAtOnce } from '../harness/faults/everything-at-once.ts';
import { expiredCerts } from '../harness/faults/expired-certs.ts';
import { oomDatabase } from '../harness/faults/oom-database.ts';
import { pgWalCorruption } from '../harness/faults/pg-wal-corruption.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes } from '../harness/model/units.ts';
import { ssh } from '../harness/probes/ssh.ts';
import { asItHappened } from '../harness/runbooks/as-it-happened.ts';
import { rotateCertsAndKubelets } from '../harness/runbooks/rotate-certs-and-kubelets.ts';
import { shortestWay } from '../harness/runbooks/shortest-way.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { archivedDatabase } from './support/archived-database.ts';
import { apiOfEnded } from './support/ended-certificates.ts';
import { firewalledHost } from './support/host-firewall.ts';
import { memoryDetectors } from './support/memory-detectors.ts';
import { resurrectionProbes } from './support/resurrection.ts';
import { serverMiB, smallNode } from './support/small-node.ts';

/** The worker that is reached by ssh. */
const host = { worker: 1 } as const;

/** Postmortem 003, whole. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Apparently as many things as possible',
    source: 'postmortem 003',
    date: 'undated',
    says: [
      'Every kubectl said 401 Unauthorized: the certificates had ended. The reboot made things worse.',
      'After `k3s certificate rotate` the API was back, and almost all services were down.',
      'iptables -F locked the machine out; the serial console let it in again.',
      'The network of the containers stayed down through another reboot; the killall script brought it back.',
      'The database was killed for memory; a higher limit did not help, fewer services did.',
      'Then it said PANIC: could not locate a valid checkpoint record; pg_resetwal, and all the services were up again.',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(180),
  },
  fidelity: 'equivalent',
  differences: [
    'all is broken at the same time from the beginning, one behind the other; in the postmortem the later things broke on the way',
    'the flushed firewall is not part of the outage: it is what the runbook as-it-happened does, as it was there',
    'that leaked addresses kept the pods down is our reading: they outlast reboots and the killall script removes them',
    'the postmortem gives no duration: three hours are the sum of the estimates for the single outages',
    'the machine is three here: it is reached by ssh on one worker, the database is on the other, the API on the control plane',
    'WAL is archived, so that a way out without loss exists; the postmortem speaks of none',
    'the single outages say how each of their mechanisms differs: expired-certs, oom-database, pg-wal-corruption',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: [...firewalledHost(distribution, host), ...smallNode(distribution), ...archivedDatabase],
  probes: [ssh(), ...resurrectionProbes()],
  breaks: [...apiOfEnded(distribution).fails, 'pod-start', 'database'],
  keeps: ['bystander'],
  fault: everythingAtOnce({
    causes: [
      pgWalCorruption({ worker: 2 }),
      oomDatabase(distribution, { worker: 2, serverMiB }),
      addressesLeaked(distribution, { nodes: 'workers' }),
      expiredCerts(distribution),
    ],
    hidden: ['pg-wal-corruption', 'oom-database'],
  }),
  rightAlerts: [
    { alertname: 'KubeClientCertificateExpiration' },
    { alertname: 'OomKill' },
    { alertname: 'ContainerOomKilled' },
    { alertname: 'PostgreSQLDown' },
    { alertname: 'PostgresArchiveLag' },
  ],
  detectors: [nodeCheck(distribution, 'check_certificates'), ...memoryDetectors(distribution), archiveLag()],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'nothing heals by itself'),
    claimed(
      rotateCertsAndKubelets(distribution),
      'does-not-recover',
      'the API was back; almost all services were down',
    ),
    claimed(asItHappened(distribution, { host }), 'recovers', 'finally, all the services were up and running again'),
    claimed(shortestWay(distribution), 'unknown', 'not tried'),
  ],
  horizonMs: { stock: minutes(30), fast: minutes(6) },
}));

import { oomDatabaseLimit } from '../harness/faults/oom-database-limit.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { raiseLimit } from '../harness/runbooks/raise-limit.ts';
import { restartDatabase } from '../harness/runbooks/restart-database.ts';
import { scaleDownAndRestart } from '../harness/runbooks/scale-down-and-restart.ts';
import { scaleDownServices } from '../harness/runbooks/scale-down-services.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { memoryDetectors } from './support/memory-detectors.ts';
import { resurrectionProbes } from './support/resurrection.ts';
import { smallNode } from './support/small-node.ts';

/** Postmortem 003, "The Database": what was suspected first. The same signs as of `oom-database`, another cause and another fix. */
export default defineScenario((distribution) => ({
  outage: {
    title: "Apparently as many things as possible: the database's own limit is too low",
    source: 'postmortem 003',
    date: 'undated',
    says: [
      'The database server was killed by the kernel, out of memory.',
      'Raising the limits of its pod was tried first. (It did not help there: that was not the cause.)',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(30),
  },
  fidelity: 'real',
  differences: [
    'in the postmortem the node was full (scenario oom-database); this is the other reason for the same message',
    'the drill lowers the limit; in production demand grows, or somebody saves memory',
    'wal_buffers of 256 MB stand for a big database: its server fills them at its start',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: smallNode(distribution),
  probes: resurrectionProbes(),
  breaks: ['database'],
  keeps: ['dns', 'api-read', 'api-write', 'pod-start', 'bystander'],
  fault: oomDatabaseLimit(distribution, { worker: 2 }),
  rightAlerts: [{ alertname: 'ContainerOomKilled' }, { alertname: 'OomKill' }],
  detectors: memoryDetectors(distribution),
  runbooks: [
    claimed(wait(), 'does-not-recover', 'nobody says so; it needs what it needs'),
    claimed(restartDatabase(), 'does-not-recover', 'it would still crash and crash again'),
    claimed(raiseLimit(), 'recovers', 'tried first, where it was not the cause'),
    claimed(scaleDownServices(), 'does-not-recover', 'the fix where the node was full'),
    claimed(scaleDownAndRestart(), 'does-not-recover', 'not tried'),
  ],
  horizonMs: { stock: minutes(12), fast: seconds(180) },
}));

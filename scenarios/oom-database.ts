import { oomDatabase } from '../harness/faults/oom-database.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { raiseLimit } from '../harness/runbooks/raise-limit.ts';
import { restartDatabase } from '../harness/runbooks/restart-database.ts';
import { scaleDownAndRestart } from '../harness/runbooks/scale-down-and-restart.ts';
import { scaleDownServices } from '../harness/runbooks/scale-down-services.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { memoryDetectors } from './support/memory-detectors.ts';
import { resurrectionProbes } from './support/resurrection.ts';
import { serverMiB, smallNode } from './support/small-node.ts';

/** Postmortem 003, "The Database": killed for memory because the node is full. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Apparently as many things as possible: the database is killed for memory',
    source: 'postmortem 003',
    date: 'undated',
    says: [
      'The database server was killed by the kernel, out of memory.',
      'Raising the limits of its pod did not help: the servers had not enough memory for all the load.',
      'Services that were no longer used were scaled down, and the database could start without running out of memory.',
      'By then its write-ahead log was corrupted, from crash loops and kills (scenario pg-wal-corruption).',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(30),
  },
  fidelity: 'equivalent',
  differences: [
    'the full node is the limit that the kubelet sets for all pods of a small one: the kernel kills among the pods, not among everything on the machine, and the kubelet writes no SystemOOM event',
    'the kubelet does not evict before, as on k3s: its list of thresholds names disks alone',
    'wal_buffers of 256 MB stand for a big database: its server fills them at its start, so that it is the biggest process and needs them again at once',
    'the drill makes the neighbours fill the node within seconds; in the postmortem it took the life of the machine',
    'where processes may not lower their oom_score_adj (containers without CAP_SYS_RESOURCE), pods of the system have 0 instead of -997; the database and its neighbours have what the kubelet gives them',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: smallNode(distribution),
  probes: resurrectionProbes(),
  breaks: ['database'],
  keeps: ['dns', 'api-read', 'api-write', 'pod-start', 'bystander'],
  fault: oomDatabase(distribution, { worker: 2, serverMiB }),
  rightAlerts: [
    { alertname: 'ContainerOomKilled' },
    { alertname: 'OomKill' },
    { alertname: 'NodeMemoryHighUtilization' },
  ],
  detectors: memoryDetectors(distribution),
  runbooks: [
    claimed(wait(), 'does-not-recover', 'the servers ran out of memory to handle all the load'),
    claimed(restartDatabase(), 'does-not-recover', 'it would still crash and crash again'),
    claimed(raiseLimit(), 'does-not-recover', "tried first, and it didn't solve the issue"),
    claimed(scaleDownServices(), 'recovers', 'this freed quite a bit of memory, and the database was able to start'),
    claimed(scaleDownAndRestart(), 'unknown', 'not tried'),
  ],
  horizonMs: { stock: minutes(12), fast: seconds(180) },
}));

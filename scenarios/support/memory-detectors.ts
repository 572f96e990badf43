import { livenessReadiness } from '../../harness/detectors/liveness-readiness.ts';
import { memoryAvailable } from '../../harness/detectors/memory-available.ts';
import { nodeNotReady } from '../../harness/detectors/node-not-ready.ts';
import { oomKilled } from '../../harness/detectors/oom-killed.ts';
import { podsNotRunning } from '../../harness/detectors/pods-not-running.ts';
import { postgresPanic } from '../../harness/detectors/postgres-panic.ts';
import { postgresUp } from '../../harness/detectors/postgres-up.ts';
import { probeFailing } from '../../harness/detectors/probe-failing.ts';
import { restartCount } from '../../harness/detectors/restart-count.ts';
import { warningEvents } from '../../harness/detectors/warning-events.ts';
import type { Detector } from '../../harness/model/detector.ts';
import type { Distribution } from '../../harness/model/distribution.ts';

/**
 * Every alert that is compared on a database that is killed for memory. (`pg_isready` is the readiness probe of its pod, so its verdict is
 * among the kubelet's.) A node of this size has over a third available in quiet times, and a sixth when its neighbours have filled it and
 * the database is dead.
 */
export const memoryDetectors = (distribution: Distribution): readonly Detector[] => [
  oomKilled(),
  memoryAvailable(distribution, { underPercent: 25 }),
  probeFailing({ sli: 'database', streak: 3 }),
  livenessReadiness(),
  podsNotRunning(),
  restartCount({ over: 10 }),
  restartCount({ over: 10, scope: 'cluster' }),
  warningEvents({ expects: 'BackOff|Unhealthy|SystemOOM' }),
  postgresPanic(),
  postgresUp(),
  nodeNotReady(),
];

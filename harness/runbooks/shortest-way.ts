import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { minutes } from '../model/units.ts';
import { again, seeTheDatabase, seeTheEvents, seeThePods } from './support/chain-003.ts';
import { idleSteps, serverSteps } from './support/database.ts';
import { killallSteps } from './support/killall.ts';
import { scaleDownSteps, seeTheKill } from './support/memory.ts';
import { untilNodesReady } from './support/waits.ts';
import { restoreSegments, untilItTakesWrites } from './support/wal.ts';

/**
 * One fix for each cause, and nothing else: certificates, room on the node, addresses for pods, the one segment of the log. The API first, for
 * without it nobody sees the rest; the services go before the pods are recreated, so that those which nobody needs are not.
 * Source: ours, from the fixes that the single outages of postmortem 003 were measured to have; k3s' issue 5885 for the addresses.
 */
export function shortestWay(distribution: Distribution): Runbook {
  return {
    id: 'shortest-way',
    title: 'One fix for each cause, in the order in which they hide each other',
    source: 'ours, after postmortem 003',
    why: 'Four things are broken, each hiding the next; each has one fix.',
    steps: [
      look('see what the API says', 'workstation', 'kubectl get nodes'),
      ...distribution.renewEverything,
      untilNodesReady(minutes(2)),
      seeThePods,
      seeTheEvents,
      seeTheKill,
      ...scaleDownSteps,
      ...killallSteps(distribution, 'workers'),
      again('after it', untilNodesReady(minutes(2))),
      seeTheDatabase,
      ...idleSteps,
      restoreSegments,
      ...serverSteps,
      untilItTakesWrites,
    ],
  };
}

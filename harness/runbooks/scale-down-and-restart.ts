import { act, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { databaseAnswers } from './support/database.ts';
import { scaleDownSteps, seeTheKill } from './support/memory.ts';

/**
 * Scale down what nobody uses any more, and delete the database's pod: a new one does not wait for the end of the old one's back-off.
 * Source: ours, after postmortem 003, "The Database". Kubernetes, "Pod Lifecycle" (containers that exit are restarted with an exponential back-off
 * delay, of the container and so of the pod that it is in).
 */
export function scaleDownAndRestart(): Runbook {
  return {
    id: 'scale-down-and-restart',
    title: 'Scale down services that nobody uses, and restart the database',
    source: 'ours; postmortem 003, "The Database"',
    why: 'There is room again, but the next restart may be minutes away.',
    steps: [
      seeTheKill,
      ...scaleDownSteps,
      act('delete the pod', 'workstation', 'kubectl -n chromadb delete pod chromadb-0'),
      until('wait until it answers', 'workstation', databaseAnswers, seconds(120)),
    ],
  };
}

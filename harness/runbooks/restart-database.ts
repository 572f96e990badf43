import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { databaseAnswers } from './support/database.ts';

/**
 * Delete the database's pod, and see whether the next one comes up.
 * Source: postmortem 003, "The Database" (CrashLoopBackOff: "it would still crash and crash again").
 */
export function restartDatabase(): Runbook {
  return {
    id: 'restart-database',
    title: "Restart the database's pod",
    source: 'postmortem 003, "The Database"',
    why: 'It is down; a new one may start.',
    steps: [
      look('see what it says', 'workstation', 'kubectl -n chromadb logs chromadb-0 --tail=5'),
      act('delete the pod', 'workstation', 'kubectl -n chromadb delete pod chromadb-0'),
      until('wait until it answers', 'workstation', databaseAnswers, seconds(60)),
    ],
  };
}

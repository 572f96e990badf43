import { look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { idleSteps, serverSteps } from './support/database.ts';
import { throwLogAway } from './support/wal.ts';

/**
 * Start the pod without the server, throw the write-ahead log away with pg_resetwal, start the server.
 * Source: postmortem 003, "The Database" ("the fix was easy though"). PostgreSQL manual, pg_resetwal ("this should be used only as a last
 * resort ... the database might contain inconsistent data due to partially-committed transactions").
 */
export function pgResetwal(): Runbook {
  return {
    id: 'pg-resetwal',
    title: 'Throw the write-ahead log away (pg_resetwal)',
    source: 'postmortem 003, "The Database"',
    why: 'The server cannot read its log and does not start; without a log it does.',
    steps: [
      look('see what it says', 'workstation', 'kubectl -n chromadb logs chromadb-0 --tail=5'),
      ...idleSteps,
      throwLogAway,
      ...serverSteps,
    ],
  };
}

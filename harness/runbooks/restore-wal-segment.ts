import { look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { idleSteps, serverSteps } from './support/database.ts';
import { restoreSegments, untilItTakesWrites } from './support/wal.ts';

/**
 * Put back the one segment that is damaged, from the archive; the server then recovers by itself, from all of its own log.
 * Source: ours. PostgreSQL manual, 30.5 (recovery begins at the checkpoint that pg_control names) and 26.3 (an archived segment is the
 * segment, byte by byte).
 */
export function restoreWalSegment(): Runbook {
  return {
    id: 'restore-wal-segment',
    title: 'Put the damaged segment back from the archive',
    source: 'PostgreSQL manual, 26.3 and 30.5',
    why: 'One file of the log cannot be read, and the archive has a copy of it.',
    steps: [
      look('see what it says', 'workstation', 'kubectl -n chromadb logs chromadb-0 --tail=5'),
      ...idleSteps,
      restoreSegments,
      ...serverSteps,
      untilItTakesWrites,
    ],
  };
}

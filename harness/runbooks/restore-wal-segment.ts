import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { toPostgres, databasePod, idleSteps, pgdata, serverSteps } from './support/database.ts';

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
      act(
        'put every archived segment back that is not as it was archived',
        'workstation',
        [
          'kubectl -n chromadb exec -i chromadb-0 -- sh -e <<SCRIPT',
          'cd /backup/wal',
          `ls ${pgdata}/pg_wal > /dev/null`,
          `first=\\$(${toPostgres} pg_controldata ${pgdata} | sed -n "s/^Latest checkpoint's REDO WAL file: *//p")`,
          `for segment in *; do`,
          '  [ "\\${#segment}" = 24 ] || continue',
          '  [ "\\$segment" \\< "\\$first" ] && continue',
          `  cmp -s "\\$segment" "${pgdata}/pg_wal/\\$segment" || { cp "\\$segment" "${pgdata}/pg_wal/" && chown postgres:postgres "${pgdata}/pg_wal/\\$segment" && echo "put back \\$segment"; }`,
          'done',
          'SCRIPT',
        ].join('\n'),
      ),
      ...serverSteps,
      until(
        'wait until it takes writes',
        'workstation',
        `[ "$(${databasePod} psql -U chromadb -d chromadb -Atc 'select not pg_is_in_recovery()')" = t ]`,
        seconds(60),
      ),
    ],
  };
}

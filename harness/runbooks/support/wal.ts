import { act, until } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';
import { asPostgres, databasePod, pgdata, toPostgres } from './database.ts';

/** Within the idle pod: the log is thrown away, the server starts without one. (PostgreSQL manual, pg_resetwal: "a last resort".) */
export const throwLogAway: Step = act('throw the log away', 'workstation', `${asPostgres} pg_resetwal -f ${pgdata}`, {
  destroys: 'what was acknowledged since the last checkpoint, and the promise that the rest belongs together',
});

/** Within the idle pod: segments come back from the archive, from the one at which recovery begins on. */
export const restoreSegments: Step = act(
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
);

/** A server that still recovers answers, and takes no writes. */
export const untilItTakesWrites: Step = until(
  'wait until it takes writes',
  'workstation',
  `[ "$(${databasePod} psql -U chromadb -d chromadb -Atc 'select not pg_is_in_recovery()')" = t ]`,
  seconds(60),
);

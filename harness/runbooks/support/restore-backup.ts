import { act, look } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';
import { idleSteps, pgdata, serverSteps } from './database.ts';

/**
 * The base backup in the place of the data, and the archive on top of it.
 * @param until up to when, as `date -d` understands it; to the archive's end when absent
 */
export const restoreBackupSteps = (until?: string): readonly Step[] => [
  look('see what it says', 'workstation', 'kubectl -n chromadb logs chromadb-0 --tail=5'),
  ...idleSteps,
  act(
    'put the base backup in the place of the data',
    'workstation',
    [
      'kubectl -n chromadb exec -i chromadb-0 -- sh -e <<SCRIPT',
      `mv ${pgdata} ${pgdata}.damaged`,
      `cp -a /backup/base ${pgdata}`,
      `mkdir -p ${pgdata}/pg_wal`,
      `cat >> ${pgdata}/postgresql.auto.conf <<CONF`,
      "restore_command = 'cp /backup/wal/%f %p'",
      ...(until === undefined
        ? []
        : [
            // In the pod, which has GNU's date; not every workstation has.
            `recovery_target_time = '\\$(date -u -d "${until}" '+%Y-%m-%d %H:%M:%S+00')'`,
            "recovery_target_action = 'promote'",
          ]),
      'CONF',
      `touch ${pgdata}/recovery.signal`,
      `chown -R postgres:postgres ${pgdata}`,
      `chmod 700 ${pgdata}`,
      'SCRIPT',
    ].join('\n'),
    {
      destroys: 'what was acknowledged after the last archived segment (the damaged data are kept beside it)',
      standsFor: 'pgbackrest restore',
    },
  ),
  ...serverSteps,
];

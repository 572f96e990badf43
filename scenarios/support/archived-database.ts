import { act, until } from '../../harness/model/define.ts';
import type { Step } from '../../harness/model/step.ts';
import { seconds } from '../../harness/model/units.ts';

/** What the server is told beyond the workload's manifest: finished WAL goes to the backup folder, a segment every five seconds at least. */
const settings = [
  'archive_mode=on',
  'archive_command=test ! -f /backup/wal/%f && cp %p /backup/wal/.%f && mv /backup/wal/.%f /backup/wal/%f',
  'archive_timeout=5s',
  'checkpoint_timeout=30s',
];

const patch = JSON.stringify([
  {
    op: 'add',
    path: '/spec/template/spec/volumes',
    value: [{ name: 'backup', hostPath: { path: '/var/local/firedrill/backup', type: 'Directory' } }],
  },
  {
    op: 'add',
    path: '/spec/template/spec/containers/0/volumeMounts/-',
    value: { name: 'backup', mountPath: '/backup' },
  },
  ...settings.flatMap((setting) =>
    ['-c', setting].map((value) => ({ op: 'add', path: '/spec/template/spec/containers/0/args/-', value })),
  ),
]);

/**
 * A database as its manual asks for: WAL archiving, and a base backup from before anything went wrong (PostgreSQL 15 manual, 26.3
 * "Continuous Archiving and Point-in-Time Recovery"). The backup lies on the node, beside the volume and not in it.
 */
export const archivedDatabase: readonly Step[] = [
  act(
    'a folder for backups',
    { worker: 2 },
    'mkdir -p /var/local/firedrill/backup/wal && chmod -R 777 /var/local/firedrill/backup',
  ),
  act(
    'archive the WAL',
    'workstation',
    [
      `kubectl -n chromadb patch statefulset chromadb --type=json -p '${patch}'`,
      'kubectl -n chromadb rollout status statefulset chromadb --timeout=50s',
    ].join('\n'),
  ),
  act(
    'a base backup',
    'workstation',
    'kubectl -n chromadb exec chromadb-0 -- setpriv --reuid=postgres --regid=postgres --init-groups pg_basebackup -U chromadb -D /backup/base -c fast -X none',
  ),
  until(
    'wait until the archive has WAL of after it',
    'workstation',
    `[ "$(kubectl -n chromadb exec chromadb-0 -- psql -U chromadb -d chromadb -Atc 'select failed_count = 0 and archived_count > 1 from pg_stat_archiver')" = t ]`,
    seconds(30),
  ),
];

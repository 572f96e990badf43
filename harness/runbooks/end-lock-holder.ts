import { lockHolders } from '../model/commands.ts';
import { act, look, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/**
 * Find who holds the lock of the datastore's database, and end it.
 * Source: kartevonmorgen/openfairdb#70 ("Kill all orphaned backup scripts", of SQLite backups); k3s-io/k3s#8234 (another process' lock);
 * proc_locks(5).
 */
export function endLockHolder(distribution: Distribution): Runbook {
  return {
    id: 'end-lock-holder',
    title: "End whoever holds the database's lock",
    source: 'k3s-io/k3s#8234; kartevonmorgen/openfairdb#70',
    why: '`database is locked` is said of a lock that another process holds.',
    requires: [{ datastore: 'SQLite' }],
    steps: [
      look('see who holds it', 'control-plane', lockHolders(distribution)),
      act('end it', 'control-plane', `${lockHolders(distribution)} | cut -d ' ' -f 1 | xargs kill`, {
        destroys: 'the backup that it was making',
      }),
      until('wait until the API answers', 'workstation', 'kubectl get --raw /readyz', seconds(60)),
    ],
  };
}

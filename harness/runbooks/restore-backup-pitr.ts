import type { Runbook } from '../model/runbook.ts';
import { restoreBackupSteps } from './support/restore-backup.ts';

/**
 * Restore the base backup and the archive up to a minute ago: a time at which all was certainly well.
 * Source: PostgreSQL manual, 26.3.5 (recovery_target_time).
 */
export function restoreBackupPitr(): Runbook {
  return {
    id: 'restore-backup-pitr',
    title: 'Restore the backup, to a minute before',
    source: 'PostgreSQL manual, 26.3.5 "Recovering Using a Continuous Archive Backup"',
    why: 'Nobody knows when it began: a time at which everything certainly worked is safer than the latest one.',
    steps: restoreBackupSteps('1 minute ago'),
  };
}

import type { Runbook } from '../model/runbook.ts';
import { restoreBackupSteps } from './support/restore-backup.ts';

/**
 * Restore the base backup and all of the archive.
 * Source: PostgreSQL manual, 26.3.5 "Recovering Using a Continuous Archive Backup"; what postmortem 003 did not have.
 */
export function restoreBackup(): Runbook {
  return {
    id: 'restore-backup',
    title: 'Restore the backup, to the end of the archive',
    source: 'PostgreSQL manual, 26.3.5',
    why: 'The server cannot read its log and does not start; a backup and the archived log are intact.',
    steps: restoreBackupSteps(),
  };
}

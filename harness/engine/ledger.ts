import { closeSync, fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import type { Step } from '../model/step.ts';

/**
 * The undo ledger of a trial: how to take the fault back, on disk and synced before the fault acts, so that a person (or
 * the next process) can do it whatever becomes of this one.
 */
export function writeUndoLedger(
  path: string,
  entry: {
    readonly cluster: string;
    readonly fault: string;
    readonly nodes: readonly string[];
    readonly undo: readonly Step[];
  },
): { settle(state: 'undone' | 'cluster-deleted'): void } {
  const fd = openSync(path, 'wx');
  writeSync(fd, `${JSON.stringify({ schemaVersion: 1, state: 'pending', ...entry }, null, 2)}\n`);
  fsyncSync(fd);
  closeSync(fd);
  return {
    settle(state) {
      writeFileSync(path, `${JSON.stringify({ schemaVersion: 1, state, ...entry }, null, 2)}\n`);
    },
  };
}

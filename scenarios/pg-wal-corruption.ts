import { defineScenario } from '../harness/model/scenario.ts';
import { damagedWal } from './support/damaged-wal.ts';

/** Postmortem 003, "The Database": from the page with the last checkpoint on, the log is zeros. */
export default defineScenario(damagedWal({ damage: 'zeroed', withBackups: true }));

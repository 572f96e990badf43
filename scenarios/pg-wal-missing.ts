import { defineScenario } from '../harness/model/scenario.ts';
import { damagedWal } from './support/damaged-wal.ts';

/** A variant: the file with the last checkpoint is not there. */
export default defineScenario(damagedWal({ damage: 'missing', withBackups: false }));

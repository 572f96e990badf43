import { defineScenario } from '../harness/model/scenario.ts';
import { damagedWal } from './support/damaged-wal.ts';

/** A variant: one bit of the record of the last checkpoint is another. */
export default defineScenario(damagedWal({ damage: 'bit-flip', withBackups: false }));

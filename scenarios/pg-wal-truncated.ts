import { defineScenario } from '../harness/model/scenario.ts';
import { damagedWal } from './support/damaged-wal.ts';

/** A variant: the log ends before its last checkpoint. */
export default defineScenario(damagedWal({ damage: 'truncated', withBackups: false }));

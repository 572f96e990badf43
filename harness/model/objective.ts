import { z } from 'zod';
import { ms, whole, type TypeOf } from './schema.ts';

/** What recovery must be like: RTO and RPO, as a run is told before its first trial. */
export const objectiveSchema = z.object({
  recoverMs: ms.describe('RTO: how long after the onset service must be stable'),
  rows: whole
    .exactOptional()
    .describe('RPO: how many acknowledged rows may be lost; absent where nothing is said of them'),
});
export type Objective = TypeOf<typeof objectiveSchema>;

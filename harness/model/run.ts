import type { Plan } from './plan.ts';
import type { TrialRecord } from './record.ts';

/** A run: what was planned, and what came of it. */
export interface Run {
  readonly plan: Plan;
  readonly records: readonly TrialRecord[];
}

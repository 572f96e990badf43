import type { Millis } from '../../model/units.ts';

/** How often and how patiently, for the few who want it other than the default. */
export interface Timing {
  readonly periodMs?: Millis;
  readonly timeoutMs?: Millis;
}

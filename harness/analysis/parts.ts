import { midpoint, type Interval } from '../model/units.ts';
import { clamp, whole } from './numbers.ts';

export interface Parts {
  readonly waitingMs: number;
  readonly mitigatingMs: number;
  readonly settlingMs: number;
}

/**
 * Splits a time to recover into waiting (nobody did anything yet), mitigating (the runbook runs) and settling (it is done, the
 * system is not). Disjoint, and their sum is exactly the midpoint of the TTR: a recovery before the first command is all
 * waiting, one while the runbook still runs has no settling. `ttr` must be in whole milliseconds, as records have it: then the
 * sum is exact in floating point too.
 */
export function splitTtr(
  ttr: Interval,
  onset: Interval,
  mitigation: { readonly startMs: number; readonly endMs: number } | undefined,
): Parts {
  const total = midpoint(ttr);
  if (mitigation === undefined) return { waitingMs: total, mitigatingMs: 0, settlingMs: 0 };
  const zero = midpoint(onset);
  const waitingMs = clamp(whole(mitigation.startMs - zero), 0, total);
  const mitigatingMs = clamp(whole(mitigation.endMs - zero), waitingMs, total) - waitingMs;
  return { waitingMs, mitigatingMs, settlingMs: total - waitingMs - mitigatingMs };
}

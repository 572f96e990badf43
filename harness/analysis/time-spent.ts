import type { TrialRecord } from '../model/record.ts';
import { midpoint, uncensored, type Interval } from '../model/units.ts';
import { clamp, sum, whole } from './numbers.ts';

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

/** One stretch of the time between the fault and the recovery. */
export interface Spent {
  readonly what: string;
  readonly ms: number;
}

/** What takes less than this share of the whole is told together. */
const smallShare = 0.03;

/**
 * Where the time to recover went: what passed before anything was done, each step of the runbook that took its share, the others together, and
 * what was waited for after the last. Milliseconds; they add up to the time to recover, from the middle of the onset to the middle of
 * the recovery. Steps that came after it are not in it.
 * @returns undefined where nothing recovered, or no runbook had a part in it
 */
export function timeSpent(record: TrialRecord): readonly Spent[] | undefined {
  const { onset, steps } = record;
  const ttr = uncensored(record.ttr);
  if (onset === undefined || ttr === undefined) return undefined;
  const fromMs = midpoint(onset);
  const toMs = fromMs + midpoint(ttr);
  const done = steps.filter((step) => step.part === 'runbook' && step.fromMs < toMs);
  const [first] = done;
  const last = done.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const totalMs = toMs - fromMs;
  const taken = done.map((step, index) => ({
    what: step.name,
    // To the next one's beginning: what lies between two steps is the first one's.
    ms: Math.max(0, Math.min(toMs, done[index + 1]?.fromMs ?? step.toMs) - Math.max(fromMs, step.fromMs)),
  }));
  const big = taken.filter(({ ms }) => ms >= totalMs * smallShare);
  const small = taken.filter(({ ms }) => ms < totalMs * smallShare);
  return [
    { what: 'before the runbook began', ms: Math.max(0, first.fromMs - fromMs) },
    ...big,
    ...(small.length === 0
      ? []
      : [
          {
            what: small.length === 1 ? (small[0]?.what ?? '') : `${small.length} shorter steps`,
            ms: sum(small.map(({ ms }) => ms)),
          },
        ]),
    { what: 'until service was stable', ms: Math.max(0, toMs - Math.max(fromMs, last.toMs)) },
  ].filter(({ ms }) => ms > 0);
}

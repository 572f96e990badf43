import type { Answer } from './log.ts';
import type { Interval } from '../model/units.ts';
import { lowerBound } from './numbers.ts';

/** How many of how many consecutive samples must be bad to be a symptom: one lost packet is none. */
const need = 2;
const of = 5;

/** A streak of bad samples. Instants are intended starts. */
export interface Symptom {
  /** Between the last good sample before and the first bad one. */
  readonly began: Interval;
  readonly firstBadMs: number;
  readonly lastBadMs: number;
  /** Intended start of the first good sample after the streak; absent when there is none before the end. */
  readonly nextGoodMs?: number;
}

/**
 * Streaks of bad samples among those intended in [fromMs, toMs): two bad ones within five consecutive samples, and every
 * further bad one that is at most four samples from the one before.
 */
export function findSymptoms(samples: readonly Answer[], fromMs: number, toMs: number): readonly Symptom[] {
  const begin = lowerBound(samples, fromMs, (s) => s.intendedMs);
  const end = lowerBound(samples, toMs, (s) => s.intendedMs);
  const found: Symptom[] = [];
  let streak: number[] = [];
  const close = (): void => {
    const symptom = streak.length >= need ? describe(samples, streak, fromMs, end) : undefined;
    if (symptom !== undefined) found.push(symptom);
    streak = [];
  };
  for (let i = begin; i < end; i++) {
    if (samples[i]?.ok !== false) continue;
    const previous = streak.at(-1);
    if (previous !== undefined && i - previous >= of) close();
    streak.push(i);
  }
  close();
  return found;
}

function describe(
  samples: readonly Answer[],
  streak: readonly number[],
  fromMs: number,
  end: number,
): Symptom | undefined {
  const first = streak[0];
  const last = streak.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const firstBad = samples[first];
  const lastBad = samples[last];
  if (firstBad === undefined || lastBad === undefined) return undefined;
  let before = first - 1;
  while (before >= 0 && samples[before]?.ok === false) before--;
  const lastGood = samples[before];
  const next = samples[last + 1];
  return {
    began: { lo: lastGood?.intendedMs ?? Math.min(fromMs, firstBad.intendedMs), hi: firstBad.intendedMs },
    firstBadMs: firstBad.intendedMs,
    lastBadMs: lastBad.intendedMs,
    ...(last + 1 < end && next !== undefined ? { nextGoodMs: next.intendedMs } : {}),
  };
}

import type { Answer } from './log.ts';
import type { Interval } from '../model/units.ts';
import { latest, lowerBound } from './numbers.ts';
import type { Observation } from './observation.ts';

const bucketMs = 5000;
/** Share of the intended requests of every bucket that must be good. */
const enough = 0.99;
/** Intended starts are sums of periods: let rounding in the last digits not push one into the wrong bucket. */
const slack = 1e-3;

/** One SLI as the search for recovery needs it. */
export interface Watched {
  readonly samples: readonly Answer[];
  readonly periodMs: number;
}

/** Width of the buckets in which a probe of this period is judged: 5 s, or one period when that is longer. */
export const bucketOf = (periodMs: number): number => Math.max(bucketMs, periodMs);

/** How long a window must be for this probe: a probe slower than the hold window is asked at least once. */
const windowOf = (watched: Watched, holdMs: number): number => Math.max(holdMs, bucketOf(watched.periodMs));

/**
 * Whether an SLI was good over the window that starts at `startMs`: at least 99 % of the requests intended in every
 * bucket. What is left over at the end of the window belongs to the last bucket. `gap`: a bucket without any request;
 * `unseen`: the observation ends before the window does.
 */
export function judge(
  watched: Watched,
  startMs: number,
  holdMs: number,
  toMs: number,
): 'good' | 'bad' | 'gap' | 'unseen' {
  const { samples, periodMs } = watched;
  const width = bucketOf(periodMs);
  const length = windowOf(watched, holdMs);
  const buckets = Math.max(1, Math.floor(length / width + slack));
  const total = Array.from({ length: buckets }, () => 0);
  const bad = Array.from({ length: buckets }, () => 0);
  let lastIntended = Number.NEGATIVE_INFINITY;
  for (let i = lowerBound(samples, startMs - slack, (s) => s.intendedMs); i < samples.length; i++) {
    const sample = samples[i];
    if (sample === undefined || sample.intendedMs >= toMs) break;
    lastIntended = sample.intendedMs;
    if (sample.intendedMs >= startMs + length - slack) break;
    const bucket = Math.min(buckets - 1, Math.floor((sample.intendedMs - startMs + slack) / width));
    total[bucket] = (total[bucket] ?? 0) + 1;
    if (!sample.ok) bad[bucket] = (bad[bucket] ?? 0) + 1;
  }
  if (total.some((n, b) => n > 0 && (n - (bad[b] ?? 0)) / n < enough)) return 'bad';
  if (Math.min(toMs, lastIntended + periodMs) < startMs + length - slack) return 'unseen';
  return total.includes(0) ? 'gap' : 'good';
}

/** Service was good again. */
export interface Restored {
  /** Start of the hold window. */
  readonly startMs: number;
  /** Its end: what goes bad after it is a relapse. */
  readonly heldUntilMs: number;
  /** When it happened as well as the samples can tell: between the last bad and the first good one. */
  readonly at: Interval;
}

/**
 * The first hold window after `afterMs` in which every given SLI is good, or undefined when the observation does not
 * contain one. Candidate starts are the intended starts of all their samples. The instant is the last of the SLIs' own:
 * each lies between its last bad sample before the window and the first good one after that, so the last of them lies
 * between the greatest lower and the greatest upper end.
 * @param afterMs the latest first symptom: an SLI is not good *again* before it was bad
 */
export function findRestored(
  slis: readonly Watched[],
  afterMs: number,
  toMs: number,
  holdMs: number,
): Restored | undefined {
  const candidates = new Set<number>();
  for (const { samples } of slis) {
    for (const sample of samples) {
      if (sample.intendedMs > afterMs && sample.intendedMs < toMs && sample.ok) candidates.add(sample.intendedMs);
    }
  }
  let badUntilMs = Number.NEGATIVE_INFINITY;
  for (const startMs of [...candidates].sort((a, b) => a - b)) {
    if (startMs <= badUntilMs) continue;
    badUntilMs = Math.max(...slis.map((sli) => lastFatalBad(sli, startMs, holdMs)));
    if (startMs <= badUntilMs) continue;
    if (!slis.every((sli) => judge(sli, startMs, holdMs, toMs) === 'good')) continue;
    const at = latest(slis.map((sli) => turn(sli.samples, startMs)));
    const heldUntilMs = startMs + Math.max(...slis.map((sli) => windowOf(sli, holdMs)));
    return at === undefined ? undefined : { startMs, heldUntilMs, at };
  }
  return undefined;
}

/**
 * The last bad sample in the window from `startMs`, when one is enough to spoil a bucket (fewer than 100 requests in it): no
 * window that starts at or before it can be good, which spares looking at each. The engine asks while probes are running.
 */
function lastFatalBad(watched: Watched, startMs: number, holdMs: number): number {
  const { samples, periodMs } = watched;
  if (bucketOf(periodMs) / periodMs > 90) return Number.NEGATIVE_INFINITY;
  const end = lowerBound(samples, startMs + windowOf(watched, holdMs) - slack, (s) => s.intendedMs);
  for (let i = end - 1; i >= 0; i--) {
    const sample = samples[i];
    if (sample === undefined || sample.intendedMs < startMs) break;
    if (!sample.ok) return sample.intendedMs;
  }
  return Number.NEGATIVE_INFINITY;
}

/** Between the last bad sample before `startMs` and the first good one after that. */
function turn(samples: readonly Answer[], startMs: number): Interval {
  let i = lowerBound(samples, startMs, (s) => s.intendedMs) - 1;
  while (i >= 0 && samples[i]?.ok !== false) i--;
  const lo = samples[i]?.intendedMs ?? startMs;
  const hi = samples[i + 1]?.intendedMs ?? startMs;
  return { lo, hi };
}

/** Service that was never lost: good since the change, when it was watched for a hold window after it. */
export function neverLost({ onset, toMs }: Pick<Observation, 'onset' | 'toMs'>, holdMs: number): Restored | undefined {
  if (onset === undefined || toMs < onset.hi + holdMs) return undefined;
  return { startMs: onset.lo, heldUntilMs: onset.hi + holdMs, at: { lo: onset.lo, hi: onset.lo } };
}

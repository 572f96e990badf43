import { median, quantile } from 'simple-statistics';
import { defaultSlo } from '../model/probe.ts';
import type { Interval } from '../model/units.ts';
import type { Answer } from './log.ts';
import { lowerBound } from './numbers.ts';

/** From this period on, two failed requests are an outage: a third would be long in coming. */
const slowProbeMs = 2000;
/** Between two failed requests of a burst there may be so many good ones. */
const burstGap = 1;
/** So many failed requests are an outage however thinly they are strewn, as long as fewer are good than should be. */
const bleedNeeds = 5;
/** How many good requests after an outage say what is usual then. */
const enoughToTell = 20;
/** A probe asks at least so often, in ms, or once a period: a longer silence is a gap. */
const longestSilenceMs = 5000;

/** How a probe asks, as far as an outage depends on it: `slo` is the share of requests that must be good. */
export interface Asked {
  readonly periodMs: number;
  readonly slo?: number | undefined;
}

/** A stretch of failed requests that chance does not make. Instants are trial milliseconds. */
export interface Outage {
  /** Intended start of its first and of its last failed request. */
  readonly firstBadMs: number;
  readonly lastBadMs: number;
  /** From the intended start of the last good request before it to the end of its first failed one. */
  readonly began: Interval;
  /**
   * When its first failed request had been without an answer for longer than is usual: what was done later cannot have been why it failed,
   * however long its time-out is.
   */
  readonly overdueMs: number;
  /** When it was over; absent while it is still on: too few good requests have followed. */
  readonly ended?: Interval;
  /** Failed requests from the first to the last. */
  readonly failures: number;
}

/** How many failed requests make a burst, with this period. */
export const needsOf = (periodMs: number): number => (periodMs >= slowProbeMs ? 2 : 3);

/** How long nothing need be heard of a probe with this period, in ms, before that is a gap. */
export const silenceOf = (periodMs: number): number => Math.max(longestSilenceMs, periodMs) + periodMs / 2;

/** Indices of the first and the last failed request. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * The outages of one SLI: the one rule by which service is down, for symptoms, recovery, relapse and harm. Reasons and figures are in
 * docs/measurement.md.
 *
 * A burst is at least three failed requests (two of a probe that asks every 2 s or less often) with at most one good one between
 * neighbours. A bleed is at least five with at most slo/(1 − slo) good ones between neighbours; a burst in it counts as two of them (one).
 * What overlaps, or has too few good requests between to be over, is one outage. Every other failed request is a lost one:
 * downtime, and nothing else.
 *
 * @param samples in the order of their intended starts; looked at are those intended in [fromMs, toMs)
 */
export function outagesOf(samples: readonly Answer[], probe: Asked, fromMs: number, toMs: number): readonly Outage[] {
  const begin = lowerBound(samples, fromMs, (s) => s.intendedMs);
  const seen = samples.slice(
    begin,
    lowerBound(samples, toMs, (s) => s.intendedMs),
  );
  const failed = seen.flatMap((s, i) => (s.ok ? [] : [{ first: i, last: i }]));
  const needs = needsOf(probe.periodMs);
  const bursts = chains(failed, burstGap, needs, () => 1);
  // Failed requests in no burst, and bursts: a bleed is made of both. One burst is one thing that happened, however long it was.
  const inBurst = new Set(bursts.flatMap((b) => Array.from({ length: b.last - b.first + 1 }, (_, i) => b.first + i)));
  const parts = inOrder([...bursts, ...failed.filter(({ first }) => !inBurst.has(first))]);
  const { slo = defaultSlo } = probe;
  const bleeds = chains(parts, Math.floor(slo / (1 - slo) + 1e-9), bleedNeeds, ({ first, last }) =>
    first === last ? 1 : needs - 1,
  );
  const ranges = merged([...bursts, ...bleeds], needs);
  return ranges
    .map((range) => trimmed(seen, range, needs))
    .map((range, i) => describe(samples, begin, seen, range, ranges[i + 1], probe));
}

/** Whether the last of an SLI's outages is still on. */
export function stillDown(outages: readonly Outage[]): boolean {
  const last = outages.at(-1);
  return last !== undefined && last.ended === undefined;
}

/** Whether an SLI is in an outage by its latest samples, given in the order of their intended starts. */
export const isDown = (samples: readonly Answer[], probe: Asked): boolean =>
  stillDown(outagesOf(samples, probe, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));

/** Runs of such ranges with at most `most` good requests between neighbours, that weigh at least `least` together. */
function chains(
  ranges: readonly Range[],
  most: number,
  least: number,
  weight: (range: Range) => number,
): readonly Range[] {
  const found: Range[] = [];
  let run: Range[] = [];
  const close = (): void => {
    const [first, last] = [run[0], run.at(-1)];
    if (first !== undefined && last !== undefined && run.reduce((sum, r) => sum + weight(r), 0) >= least)
      found.push({ first: first.first, last: last.last });
    run = [];
  };
  for (const range of ranges) {
    const last = run.at(-1);
    if (last !== undefined && range.first - last.last - 1 > most) close();
    run.push(range);
  }
  close();
  return found;
}

const inOrder = (ranges: readonly Range[]): readonly Range[] => [...ranges].sort((a, b) => a.first - b.first);

/** Joins what overlaps, and what has too few good requests between to be over. */
function merged(ranges: readonly Range[], needs: number): readonly Range[] {
  const joined: Range[] = [];
  for (const range of inOrder(ranges)) {
    const last = joined.at(-1);
    if (last !== undefined && range.first - last.last - 1 <= needs)
      joined[joined.length - 1] = { first: last.first, last: Math.max(last.last, range.last) };
    else joined.push(range);
  }
  return joined;
}

/**
 * Leaves out a last failed request that came after more good ones than any of the three before it: lost by chance as likely as not, and it
 * must not move the end.
 */
function trimmed(seen: readonly Answer[], { first, last }: Range, needs: number): Range {
  const tail: number[] = [];
  for (let i = last; i >= first && tail.length < 5; i--) if (seen[i]?.ok === false) tail.push(i);
  const gaps = tail.slice(1).map((at, i) => (tail[i] ?? at) - at);
  const [gap = 0, ...before] = gaps;
  const [, to = last] = tail;
  return before.length >= needs && gap > Math.max(...before) ? { first, last: to } : { first, last };
}

function describe(
  samples: readonly Answer[],
  begin: number,
  seen: readonly Answer[],
  { first, last }: Range,
  next: Range | undefined,
  probe: Asked,
): Outage {
  // Both are indices of failed requests that were seen.
  const [firstBad, lastBad] = [seen[first], seen[last]] as [Answer, Answer];
  const before = samples.slice(Math.max(0, begin + first - enoughToTell), begin + first).filter((s) => s.ok);
  const within = seen.slice(first, last + 1);
  const after = seen.slice(last + 1, next?.first).filter((s) => s.ok);
  const rhythm = rhythmOf(within, needsOf(probe.periodMs));
  const over = next !== undefined || after.length > Math.max(needsOf(probe.periodMs), rhythm);
  return {
    firstBadMs: firstBad.intendedMs,
    lastBadMs: lastBad.intendedMs,
    began: { lo: before.at(-1)?.intendedMs ?? firstBad.intendedMs, hi: firstBad.endedMs },
    overdueMs: Math.min(firstBad.endedMs, firstBad.intendedMs + usualOf(before).longMs),
    ...(over ? { ended: endOf(lastBad, after, rhythm, probe.periodMs) } : {}),
    failures: within.filter((s) => !s.ok).length,
  };
}

/** How many good requests in a row there were between the last failed ones: so many more do not show that it is over. */
function rhythmOf(within: readonly Answer[], needs: number): number {
  let [most, run, failures] = [0, 0, 0];
  for (let i = within.length - 1; i >= 0 && failures < needs + 2; i--) {
    if (within[i]?.ok === true) {
      run++;
      continue;
    }
    failures++;
    most = Math.max(most, run);
    run = 0;
  }
  return most;
}

const took = (s: Answer): number => s.endedMs - s.intendedMs;

/** How long good requests take, in ms: the typical one, and what is longer than any need take. 0 where there are none. */
function usualOf(good: readonly Answer[]): { readonly typicalMs: number; readonly longMs: number } {
  if (good.length === 0) return { typicalMs: 0, longMs: 0 };
  const lengths = good.map(took);
  return { typicalMs: median(lengths), longMs: 1.5 * quantile(lengths, 0.9) };
}

/**
 * When an outage was over, of which the last failed request and the good ones after it are given (at least one).
 *
 * Requests that began in the outage and were answered when it was over (a pod that waited for the network, a connection that was tried
 * again) took longer than is usual afterwards. Where there are such, only their ends tell: it was over by the earliest of them, and not
 * earlier than a request of usual length and a period before that. Where there are none, the first good one was good from its beginning.
 * While good requests come as often as they did in the outage itself, one of two nodes may still be down: they tell nothing.
 */
function endOf(lastBad: Answer, after: readonly Answer[], rhythm: number, periodMs: number): Interval {
  // What begins later cannot have begun in the outage.
  const clearMs = lastBad.endedMs + rhythm * periodMs;
  const { typicalMs, longMs } = usualOf(after.filter((s) => s.intendedMs >= clearMs).slice(0, enoughToTell));
  const waited: Answer[] = [];
  let run = 0;
  let back = 0;
  for (const answer of after) {
    back++;
    if (longMs > 0 && took(answer) > longMs) {
      waited.push(answer);
      run = 0;
    } else if (++run > rhythm) break;
  }
  // From here on it goes well more often than it did in the outage.
  const well = after.slice(Math.max(0, back - 1));
  if (waited.length > 0) {
    const hi = Math.min(...[...waited, ...well].map((s) => s.endedMs));
    return { lo: Math.min(hi, Math.max(lastBad.intendedMs, hi - periodMs - typicalMs)), hi };
  }
  const hi = Math.min(...well.map((s) => Math.max(s.intendedMs, s.endedMs - longMs)));
  return { lo: lastBad.intendedMs, hi };
}

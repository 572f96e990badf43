import { isDown, type Asked } from '../analysis/outages.ts';
import type { Sample } from '../model/probe.ts';

/** How many samples of each probe are kept: more than the longest chain of failures needs that is an outage by itself. */
const kept = 64;

interface Track {
  readonly probe: Asked;
  /** In the order of their intended starts. */
  readonly recent: Sample[];
  lastBadMs: number | undefined;
  seen: number;
}

/**
 * What the probes say right now, for decisions while the trial runs (is the baseline steady? what does the display show?).
 * No number of the report comes from here.
 */
export class SliTracker {
  readonly #tracks = new Map<string, Track>();

  constructor(probes: readonly (Asked & { readonly sli: string })[]) {
    for (const probe of probes) this.#tracks.set(probe.sli, { probe, recent: [], lastBadMs: undefined, seen: 0 });
  }

  add(sample: Sample): void {
    const track = this.#tracks.get(sample.sli);
    if (track === undefined) return;
    track.seen++;
    // Answers come in the order in which they end.
    const later = track.recent.findLastIndex((s) => s.intendedMs < sample.intendedMs) + 1;
    track.recent.splice(later, 0, sample);
    if (track.recent.length > kept) track.recent.shift();
    if (!sample.ok) track.lastBadMs = Math.max(track.lastBadMs ?? 0, sample.intendedMs);
  }

  /** SLIs that are in an outage, by the rule that the report goes by. */
  bad(): readonly string[] {
    return [...this.#tracks].filter(([, t]) => isDown(t.recent, t.probe)).map(([sli]) => sli);
  }

  good(): readonly string[] {
    const bad = new Set(this.bad());
    return [...this.#tracks].filter(([sli, t]) => t.seen > 0 && !bad.has(sli)).map(([sli]) => sli);
  }

  /** Which SLIs have not been wholly good since `sinceMs`, or not been sampled at all. Empty means steady. */
  unsteadySince(sinceMs: number): readonly string[] {
    return [...this.#tracks]
      .filter(([, t]) => t.seen < 2 || (t.lastBadMs !== undefined && t.lastBadMs >= sinceMs))
      .map(([sli]) => sli);
  }
}

/**
 * Requests that were sent and have not been answered while later ones have: a slow answer may still turn a window that looks good
 * into a bad one. (Those after the last answer need no account: a window is not judged before its own are in.)
 */
export class Unanswered {
  readonly #probes: ReadonlyMap<string, { readonly periodMs: number; readonly timeoutMs: number }>;
  readonly #seen = new Map<string, { readonly first: number; last: Sample; readonly numbers: Set<number> }>();

  constructor(probes: readonly { readonly sli: string; readonly periodMs: number; readonly timeoutMs: number }[]) {
    this.#probes = new Map(probes.map((probe) => [probe.sli, probe]));
  }

  add(sample: Sample): void {
    const seen = this.#seen.get(sample.sli);
    if (seen === undefined) {
      this.#seen.set(sample.sli, { first: sample.n, last: sample, numbers: new Set([sample.n]) });
      return;
    }
    seen.numbers.add(sample.n);
    if (sample.n > seen.last.n) seen.last = sample;
  }

  /** Whether one may still come in. One that is older than its time-out and a second was never sent. */
  any(nowMs: number): boolean {
    for (const [sli, { first, last, numbers }] of this.#seen) {
      const probe = this.#probes.get(sli);
      if (probe === undefined) continue;
      for (let n = last.n - 1; n >= first; n--) {
        const intendedMs = last.intendedMs - (last.n - n) * probe.periodMs;
        if (nowMs - intendedMs > probe.timeoutMs + 1000) break;
        if (!numbers.has(n)) return true;
      }
    }
    return false;
  }
}

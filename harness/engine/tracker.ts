import type { Sample } from '../model/probe.ts';

interface Track {
  readonly recent: boolean[];
  lastBadMs: number | undefined;
  seen: number;
}

/**
 * What the probes say right now, for decisions while the trial runs (is the baseline steady? what does the display show?).
 * No number of the report comes from here.
 */
export class SliTracker {
  readonly #tracks = new Map<string, Track>();

  constructor(slis: readonly string[]) {
    for (const sli of slis) this.#tracks.set(sli, { recent: [], lastBadMs: undefined, seen: 0 });
  }

  add(sample: Sample): void {
    const track = this.#tracks.get(sample.sli);
    if (track === undefined) return;
    track.seen++;
    track.recent.push(sample.ok);
    if (track.recent.length > 5) track.recent.shift();
    if (!sample.ok) track.lastBadMs = Math.max(track.lastBadMs ?? 0, sample.intendedMs);
  }

  /** SLIs with two bad of their last five: the same streak that makes a symptom. */
  bad(): readonly string[] {
    return [...this.#tracks].filter(([, t]) => t.recent.filter((ok) => !ok).length >= 2).map(([sli]) => sli);
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

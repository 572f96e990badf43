import { labelKey, type Labels } from './labels.ts';
import type { AlertSpan } from './state.ts';

/** Samples of one series as they were stored. Unix ms. */
export interface Stored {
  readonly labels: Labels;
  readonly timesMs: readonly number[];
}

/** What a rule's replay and the Prometheus that ran beside the trial say of one alert that fired. */
export interface Agreement {
  readonly name: string;
  readonly labels: Labels;
  /** First firing evaluation of each, Unix ms; absent where it did not fire there. */
  readonly replayedMs?: number;
  readonly liveMs?: number;
}

const own = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== '__name__' && name !== 'alertstate'));

/**
 * Holds replayed alerts against the `ALERTS` that the trial's own Prometheus stored: the first time that each fired. Alerts of names that only
 * one of the two has rules for are left out. So are those that stood when the data begin, for since when they did is not in them.
 * @param stored the series `ALERTS`, pending and firing
 * @param replayed.spans what fired in the replay; `names`: of all its alert rules
 */
export function againstLive(
  stored: readonly Stored[],
  replayed: { readonly spans: readonly AlertSpan[]; readonly names: ReadonlySet<string> },
  { fromMs, evaluationMs }: { readonly fromMs: number; readonly evaluationMs: number },
): readonly Agreement[] {
  const both = stored.filter(({ labels }) => replayed.names.has(labels['alertname'] ?? ''));
  const names = new Set(both.map(({ labels }) => labels['alertname']));
  const found = new Map<string, { labels: Labels; replayedMs?: number; liveMs?: number }>();
  const first = (labels: Labels, which: 'replayedMs' | 'liveMs', atMs: number): void => {
    const key = labelKey(labels);
    const before = found.get(key) ?? { labels };
    found.set(key, { ...before, [which]: Math.min(before[which] ?? Infinity, atMs) });
  };
  for (const { labels, timesMs } of both) {
    const [atMs] = timesMs;
    if (labels['alertstate'] === 'firing' && atMs !== undefined) first(own(labels), 'liveMs', atMs);
  }
  for (const { labels, firedMs } of replayed.spans) {
    if (firedMs !== undefined && names.has(labels['alertname'])) first(labels, 'replayedMs', firedMs);
  }
  const standing = new Set(
    stored
      .filter(({ timesMs }) => (timesMs[0] ?? Infinity) <= fromMs + evaluationMs)
      .map(({ labels }) => labelKey(own(labels))),
  );
  const sure = [...found].filter(([key]) => !standing.has(key));
  return sure.map(([, each]) => ({ ...each, name: each.labels['alertname'] ?? '' }));
}

/** Whether both say the same, to within one evaluation. */
export const agrees = ({ replayedMs, liveMs }: Agreement, evaluationMs: number): boolean =>
  replayedMs !== undefined && liveMs !== undefined && Math.abs(replayedMs - liveMs) <= evaluationMs;

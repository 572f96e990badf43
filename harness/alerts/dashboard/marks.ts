import { midpoint } from '../../model/units.ts';
import type { Series } from '../remote-write.ts';
import type { Truth } from '../truth.ts';
import { markMetric } from './panels.ts';

/** An instant of a trial that is worth a line through every graph. */
export interface Mark {
  readonly mark: string;
  /** Unix ms. */
  readonly atMs: number;
}

/** What happened when, in its order. */
export function marksOf(truth: Pick<Truth, 'onset' | 'firstSymptom' | MarkKey>): readonly Mark[] {
  const { onset, firstSymptom } = truth;
  const found: readonly (readonly [string, number | undefined])[] = [
    ['onset', onset === undefined ? undefined : midpoint(onset)],
    [`users notice (${firstSymptom?.sli ?? ''})`, firstSymptom && midpoint(firstSymptom.interval)],
    ['the fault is seen to be in effect', truth.witnessMs],
    ["the runbook's first change", truth.changedMs],
    ['service is first good again', truth.restoredMs],
    ['service is stable since', truth.stableMs],
    ['full recovery', truth.fullRecoveryMs],
  ];
  return found
    .flatMap(([mark, atMs]) => (atMs === undefined ? [] : [{ mark, atMs: Math.round(atMs) }]))
    .sort((a, b) => a.atMs - b.atMs);
}
type MarkKey = 'witnessMs' | 'changedMs' | 'restoredMs' | 'stableMs' | 'fullRecoveryMs';

/** The marks as series that are there for one scrape, so that whatever draws metrics draws them. */
export const seriesOfMarks = (marks: readonly Mark[], scrapeMs: number): readonly Series[] =>
  marks.map(({ mark, atMs }) => ({
    labels: { __name__: markMetric, mark },
    samples: [
      [atMs, 1],
      [atMs + scrapeMs, undefined],
    ],
  }));

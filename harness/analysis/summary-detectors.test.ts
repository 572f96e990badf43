import { describe, expect, it } from 'vitest';
import type { DetectorRecord, TrialRecord } from '../model/record.ts';
import type { DetectorSummary } from '../model/summary.ts';
import { survivalMedian } from './stats.ts';
import { summariseDetectors } from './summary-detectors.ts';
import { planOf } from '../../test/support/plan.ts';
import { trial } from '../../test/support/trial.ts';

const template = trial('cure-1', 71_000);
/** A trial whose alert did this; watched without a fault from 2 s to 30 s. */
const withAlarm = (over: Partial<DetectorRecord>, id = 'cure-1'): TrialRecord => {
  const [detector] = template.detectors;
  if (detector === undefined) throw new Error('no detector');
  const { ttd: _, ...rest } = detector;
  return { ...template, trialId: id, detectors: [{ ...rest, ...over }] };
};
const found = (ms: number, askedMs = 30_000) =>
  withAlarm({ status: 'detected', ttd: { lo: ms - 500, hi: ms + 500 }, askedMs });
const not = (askedMs: number, status: DetectorRecord['status'] = 'missed') => withAlarm({ status, askedMs });
const summarise = (...records: TrialRecord[]): DetectorSummary => {
  const [summary] = summariseDetectors(planOf(1), records, []);
  if (summary === undefined) throw new Error('no summary');
  return summary;
};

describe('the median time to detect', () => {
  // lifelines 0.30.3: KaplanMeierFitter().fit(times, events).median_survival_time_. The first: 6-mercaptopurine, Freireich et al. 1963.
  it.each([
    [
      [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
      [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
      23,
    ],
    [[3, 5, 8, 8, 12], [1, 0, 1, 1, 0], 8],
    [[10, 20, 30, 40], [1, 1, 0, 0], 20],
    [[4, 9, 15, 15], [1, 0, 0, 0], undefined],
    [[7], [0], undefined],
    [[], [], undefined],
  ])('by Kaplan and Meier: %j, %j', (times, events, median) => {
    expect(survivalMedian(times.map((time, i) => ({ time, event: events[i] === 1 })))).toBe(median);
  });

  it('is the ordinary one where nothing is censored', () => {
    expect(survivalMedian([8, 2, 6, 4].map((time) => ({ time, event: true })))).toBe(5);
    expect(survivalMedian([8, 2, 6].map((time) => ({ time, event: true })))).toBe(6);
  });

  it('counts a trial for as long as it was asked in it', () => {
    // Asked for 5 s only, the first says nothing of 10 s: half of the other two have it by then.
    expect(summarise(not(5_000), found(10_000), found(20_000)).ttd).toEqual({
      minMs: 10_000,
      medianMs: 15_000,
      maxMs: 20_000,
    });
    // Asked for a minute it weighs as much as they do.
    expect(summarise(not(60_000), found(10_000), found(20_000)).ttd?.medianMs).toBe(20_000);
    expect(summarise(not(60_000, 'blind'), found(10_000), found(20_000)).ttd?.medianMs).toBe(20_000);
  });

  it('is not given where the curve does not reach one half, but what it is not within', () => {
    const summary = summarise(not(60_000), not(45_000, 'dead'), found(10_000));
    expect(summary).toMatchObject({ n: 3, asked: 3, counts: { detected: 1 }, notWithinMs: 60_000 });
    expect(summary.points).toHaveLength(1);
    expect(summary).not.toHaveProperty('ttd');
    expect(summary).not.toHaveProperty('savedMs');
    expect(summarise(found(10_000))).not.toHaveProperty('notWithinMs');
  });

  it('of records that do not say how long it was asked counts them to the end', () => {
    const old = withAlarm({ status: 'missed' });
    const { askedMs: _, ...alarm } = old.detectors[0] ?? ({} as DetectorRecord);
    // Watched to 111 s, onset at 31 s at the latest.
    expect(summarise({ ...old, detectors: [alarm] })).toMatchObject({ asked: 1, notWithinMs: 80_000 });
  });

  it('an alert is asked only where there was time for its own loop', () => {
    const slow = withAlarm({ status: 'missed', askedMs: 15_000, leastTtdMs: 270_000 });
    expect(summarise(slow, slow)).toMatchObject({ n: 2, asked: 0, notWithinMs: 15_000 });
  });

  it('puts alerts with a median before those without', () => {
    const [a, b] = [found(10_000).detectors[0], not(60_000).detectors[0]];
    if (a === undefined || b === undefined) throw new Error('no detector');
    const records = [
      {
        ...template,
        detectors: [
          { ...a, id: 'a-rare' },
          { ...a, id: 'b-often' },
        ],
      },
      {
        ...template,
        detectors: [
          { ...b, id: 'a-rare', askedMs: 5000 },
          { ...b, id: 'b-often' },
        ],
      },
      {
        ...template,
        detectors: [
          { ...b, id: 'a-rare' },
          { ...a, id: 'b-often' },
        ],
      },
    ];
    expect(summariseDetectors(planOf(1), records, []).map((d) => d.id)).toEqual(['b-often', 'a-rare']);
  });
});

describe('the rate of false alarms', () => {
  it('is of the time in which it could have fired: each watch less its least TTD', () => {
    const summary = summarise(
      withAlarm({ status: 'missed', leastTtdMs: 8000, falseAlarms: 1 }),
      withAlarm({ status: 'missed', leastTtdMs: 8000 }),
    );
    expect(summary).toMatchObject({ falseAlarms: 1, watchedMs: 56_000, couldFireMs: 40_000 });
    // One in 40 s; at most 4.744 (chi-squared, 95 %, 4 degrees, halved) in 40 s.
    expect(summary.perHour).toEqual({ rate: 90, upper: 427 });
  });

  it('is not given where it could not have fired at all: that is not testable, which is not none', () => {
    const summary = summarise(withAlarm({ status: 'missed', leastTtdMs: 30_000 }));
    expect(summary).toMatchObject({ falseAlarms: 0, watchedMs: 28_000, couldFireMs: 0 });
    expect(summary).not.toHaveProperty('perHour');
  });
});

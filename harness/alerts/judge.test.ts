import { describe, expect, it } from 'vitest';
import { keptTruth } from '../../test/support/corpus.ts';
import { episodes, judge } from './judge.ts';
import type { AlertSpan } from './state.ts';

const s = 1000;
/** Onset at 100 s, first symptom at 110 s, the runbook's first change at 200 s, stable at 250 s; healthy from 0 to 100 s. */
const truth = keptTruth({ right: [{ alertname: 'A', labels: { pod: 'x' } }] });
const span = (firedS: number | undefined, endedS?: number, pod = 'x', activeS = firedS ?? 0): AlertSpan => ({
  labels: { alertname: 'A', pod },
  activeMs: activeS * s,
  ...(firedS === undefined ? {} : { firedMs: firedS * s }),
  ...(endedS === undefined ? {} : { endedMs: endedS * s }),
});
const judged = (spans: readonly AlertSpan[], more: Partial<Parameters<typeof judge>[0]> = {}, given = truth) =>
  judge({ name: 'A', forMs: (10 * s) as never, ...more }, spans, given, new Set(['A', 'B']), {
    missing: [],
    failed: false,
  });

describe('a rule in a trial', () => {
  it('that fires after the onset detects it, before the users do or after', () => {
    expect(judged([span(105)])).toMatchObject({
      state: 'detected',
      ttdMs: 5 * s,
      leadMs: -5 * s,
      name: 'right',
      who: '{pod="x"}',
    });
    expect(judged([span(130), span(150, undefined, 'y')])).toMatchObject({ ttdMs: 30 * s, leadMs: 20 * s, flaps: 0 });
  });
  it('that fires under another name, or on another pod, is wrong; what nobody knows is not judged', () => {
    expect(judged([span(130, undefined, 'y')])).toMatchObject({ state: 'detected', name: 'wrong' });
    expect(judged([span(130)], {}, keptTruth())).not.toHaveProperty('name');
    expect(judged([span(130)], {}, keptTruth({ right: [] }))).toHaveProperty('name', 'wrong');
    const strange = { labels: { alertname: 'C' }, activeMs: 120 * s, firedMs: 120 * s };
    expect(judged([strange], { name: 'C' })).not.toHaveProperty('name');
  });
  it('is late after the first change, pending when it did not last, else missed', () => {
    expect(judged([span(230)]).state).toBe('late');
    expect(judged([span(undefined, 150, 'x', 120)]).state).toBe('pending');
    expect(judged([span(undefined, 50, 'x', 20)]).state).toBe('missed');
    expect(judged([]).state).toBe('missed');
    expect(judged([span(undefined, undefined, 'x', 120)], { forMs: (101 * s) as never }).state).toBe('too-short');
    expect(judged([], { forMs: (100 * s) as never }).state).toBe('missed');
  });
  it('that fired already, or when nothing was wrong, says nothing; what has stood since before and comes anew does', () => {
    const later = keptTruth({ healthy: [{ fromMs: 50 * s, toMs: 100 * s }] });
    expect(judged([span(20)], {}, later)).toMatchObject({ state: 'standing', falseAlarms: 0 });
    expect(judged([span(20), span(120, undefined, 'y')], {}, later).state).toBe('detected');
    expect(judged([span(60, 70), span(120, undefined, 'y')], {}, later)).toMatchObject({
      state: 'noisy',
      falseAlarms: 1,
    });
    expect(judged([span(60, 70)], {}, later)).toMatchObject({ state: 'missed', falseAlarms: 1 });
  });
  it('flaps when the same alert comes back before service is stable', () => {
    expect(judged([span(120, 130), span(140, 150), span(160), span(140, undefined, 'y'), span(260)]).flaps).toBe(2);
  });
  it('counts one false alarm however many pods ring together, over the time in which it could', () => {
    expect(judged([span(10, 30), span(20, 40, 'y'), span(60, 70)])).toMatchObject({
      falseAlarms: 2,
      couldFireMs: 90 * s,
    });
    expect(judged([], { forMs: (300 * s) as never }).couldFireMs).toBe(0);
  });
  it('without its series, or where it fails, is told apart from one that was silent', () => {
    const with_ = (missing: readonly string[], failed: boolean) =>
      judge({ name: 'A', forMs: 0 as never }, [], truth, new Set(), { missing, failed });
    expect(with_(['x'], false)).toMatchObject({ state: 'no-series', couldFireMs: 0 });
    expect(with_([], true).state).toBe('failed');
  });
});

it('episodes are stretches in which anything of a rule fired', () => {
  const fired = [span(10, 30), span(20, 40), span(60)].map((each) => ({ ...each, firedMs: each.firedMs ?? 0 }));
  expect(episodes(fired)).toEqual([
    { fromMs: 10 * s, toMs: 40 * s },
    { fromMs: 60 * s, toMs: Infinity },
  ]);
});

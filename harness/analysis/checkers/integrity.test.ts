import { describe, expect, it } from 'vitest';
import type { TrialEvent } from '../../model/events.ts';
import { integrityOf } from './integrity.ts';
import { indexLog } from '../log.ts';
import { analyseTrial } from '../record.ts';
import { buildLog, type LogSpec } from '../../../test/support/log-builder.ts';

const spec: LogSpec = {
  probes: [
    { sli: 'dns', outages: [[32_000, 71_000]] },
    { sli: 'web', periodMs: 3000, bystander: true },
  ],
  detectors: [{ id: 'node' }],
  readings: [{ atMs: 3000, detector: 'node', state: 'quiet' }],
  endMs: 120_000,
};
const log = buildLog(spec);

/** The log with its lines changed; numbered again, as by whoever thinks that this mends it. */
const changed = (change: (events: TrialEvent[]) => TrialEvent[]): readonly TrialEvent[] =>
  change(structuredClone([...log])).map((event, seq) => ({ ...event, seq }));
const isSample = (event: TrialEvent, sli = 'dns'): boolean => event.type === 'sample' && event.sli === sli;
const at = (n: number, sli = 'dns'): number => log.findIndex((e) => isSample(e, sli) && 'n' in e && e.n === n);
const withSample = (n: number, over: Partial<TrialEvent>): readonly TrialEvent[] =>
  changed((events) => events.map((e, i) => (i === at(n) ? ({ ...e, ...over } as TrialEvent) : e)));
/** Why, after a look at whether the outcome follows it. (That a probe did not ask for a while is said before what is missing.) */
const damage = (events: readonly TrialEvent[]): string | undefined => {
  const found = integrityOf(indexLog(events));
  const { outcome, reason } = analyseTrial(events);
  expect(outcome).toBe(found?.kind ?? 'recovered');
  if (found?.kind === 'invalid') expect(reason).toBe(found.why);
  return found?.why;
};

describe('a log is damaged', () => {
  it('not as it was written', () => {
    expect(damage(log)).toBeUndefined();
  });

  it('when lines are doubled, missing or out of order', () => {
    const line = at(100);
    const numbers = 'lines are missing, doubled or out of order';
    expect(damage(log.toSpliced(line, 1))).toBe(
      `the log is damaged: line ${line + 1} has the number ${line + 1} and not ${line}: ${numbers}`,
    );
    expect(damage(log.flatMap((e, i) => (i === line ? [e, e] : [e])))).toContain(numbers);
    expect(damage(log.map((e, i) => log[i === line ? i + 1 : i === line + 1 ? i - 1 : i] ?? e))).toContain(numbers);
    expect(damage(log.flatMap((e) => (isSample(e) ? [e, e] : [e])))).toContain(numbers);
    expect(damage(changed((events) => events.flatMap((e, i) => (i === line ? [e, e] : [e]))))).toBe(
      `the log is damaged: line ${line + 2} repeats request 100 of dns`,
    );
  });

  it('when the clock went back, and when it leapt', () => {
    const step = (by: number, samples: boolean) =>
      changed((events) =>
        events.map((e, i) => {
          if (i < at(100)) return e;
          const moved = { ...e, atMs: e.atMs + by };
          if (moved.type !== 'sample' || !samples) return moved;
          const { intendedMs, startedMs, endedMs } = moved;
          return { ...moved, intendedMs: intendedMs + by, startedMs: startedMs + by, endedMs: endedMs + by };
        }),
      );
    for (const samples of [true, false]) {
      expect(damage(step(-10_000, samples))).toMatch(/was written (10|9\.\d) s before the one above it/);
    }
    expect(damage(step(10_000, true))).toContain('is request 100 of dns, which was not meant for');
    expect(damage(step(10_000, false))).toContain('was over 10 s before it was written down');
  });

  it('when two trials are in it', () => {
    expect(damage([...log, ...log])).toContain(`line ${log.length + 1} has the number 0`);
    expect(damage(changed((events) => [...events, ...events]))).toContain('before the one above it');
    const later = buildLog({ ...spec, trialId: 'cure-2', shiftMs: 200_000 });
    expect(damage(changed((events) => [...events, ...later]))).toBe(
      `the log is damaged: line ${log.length + 1} is the start of another trial`,
    );
    expect(damage(changed((events) => [...events, ...later.slice(1)]))).toContain('comes after the end of the trial');
  });

  it('when it speaks of a probe or an alert that the trial does not have', () => {
    expect(damage(withSample(100, { sli: 'ssh' }))).toContain('is a request of ssh, which this trial does not probe');
    const renamed = changed((events) => events.map((e) => (e.type === 'detector' ? { ...e, detector: 'x' } : e)));
    expect(damage(renamed)).toContain('is of the alert x, which this trial does not have');
  });

  it('when a request contradicts itself', () => {
    expect(damage(withSample(100, { intendedMs: 51_000 }))).toContain('was not meant for 51 s');
    expect(damage(withSample(100, { n: 1000 }))).toContain('request 1000 of dns, which was not meant for');
    expect(damage(withSample(100, { startedMs: 51_000 }))).toContain('ended before it began');
    expect(damage(withSample(100, { endedMs: 51_000 }))).toContain('ended before it began');
    expect(damage(withSample(100, { endedMs: 99_000 }))).toContain('after it was logged');
    expect(damage(withSample(100, { endedMs: Number.NaN }))).toContain('has a number that is none');
  });
});

describe('a log is not whole', () => {
  it('when requests are missing, be they all bad ones', () => {
    let bad = 0;
    const thinned = changed((events) => events.filter((e) => e.type !== 'sample' || e.ok || ++bad % 3 !== 0));
    expect(damage(thinned)).toBe('the log is incomplete: request 62 of dns is missing');
    expect(damage(changed((events) => events.toSpliced(at(0), 1)))).toContain('request 0 of dns is missing');
    expect(damage(changed((events) => events.toSpliced(at(20, 'web'), 1)))).toContain('request 20 of web is missing');
    expect(damage(changed((events) => events.filter((e) => !isSample(e, 'web'))))).toContain(
      'no request of web is in it',
    );
    const early = changed((events) => events.filter((e) => !isSample(e, 'web') || e.atMs < 100_000));
    expect(damage(early)).toBe('the log is incomplete: no request of web is in its last 22 s');
  });

  it('not because an attempt was overtaken, or the last ones were not begun any more', () => {
    const slow = at(50);
    const overtaken = changed((events) => {
      const [one] = events.splice(slow, 1);
      const next = events[slow + 2];
      if (one?.type !== 'sample' || next === undefined) throw new Error('no such sample');
      return events.toSpliced(slow + 3, 0, { ...one, endedMs: next.atMs, atMs: next.atMs });
    });
    expect(damage(overtaken)).toBeUndefined();
    expect(
      damage(
        changed((events) =>
          events.toSpliced(
            events.findLastIndex((e) => isSample(e)),
            1,
          ),
        ),
      ),
    ).toBeUndefined();
  });

  it('when the harness says nothing about itself: nothing shows that it was not starved', () => {
    for (const from of [0, 60_000]) {
      const silent = changed((events) => events.filter((e) => e.type !== 'harness' || e.atMs < from));
      expect(analyseTrial(silent)).toMatchObject({
        outcome: 'unknown',
        reason: expect.stringContaining('did not report its own health') as string,
      });
    }
  });
});

describe('a log that breaks off', () => {
  it('before the observation was over is no trial', () => {
    const cut = log.slice(
      0,
      log.findIndex((e) => e.type === 'phase' && e.name === 'teardown'),
    );
    expect(analyseTrial(cut)).toMatchObject({ outcome: 'invalid', reason: 'the log is damaged: its end is cut off' });
  });

  it('before its end does not know whether all stores were read, but what was lost is lost', () => {
    expect(analyseTrial(log).data).toMatchObject({ lost: 0 });
    expect(analyseTrial(log.slice(0, -1))).toMatchObject({ outcome: 'recovered', data: 'unknown' });
    const lossy = buildLog({ ...spec, audits: [{ store: 'ledger', missing: 2 }] });
    expect(analyseTrial(lossy.slice(0, -1))).toMatchObject({ outcome: 'recovered-with-loss', data: { lost: 2 } });
  });
});

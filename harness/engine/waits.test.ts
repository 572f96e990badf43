import { describe, expect, it } from 'vitest';
import { buildLog } from '../../test/support/log-builder.ts';
import { profiles } from '../model/profile.ts';
import { alarmsClear, symptomsEnd } from './waits.ts';
import type { Watched } from './watched.ts';

/** A trial whose service is down until `goodMs`, watched by a clock that each sleep moves on. */
function watched(goodMs: number, lateUntilMs: number): { readonly at: () => number; readonly trial: Watched } {
  let nowMs = 110_000;
  const trial = {
    spec: { profile: profiles.fast },
    journal: { events: buildLog({ probes: [{ sli: 'dns', outages: [[32_000, goodMs]] }], endMs: 110_000 }) },
    clock: {
      now: () => nowMs,
      sleep: (ms: number) => {
        nowMs += ms;
        return Promise.resolve();
      },
    },
    tracker: { bad: () => [] },
    unanswered: { any: (now: number) => now < lateUntilMs },
    signal: new AbortController().signal,
  } as unknown as Watched;
  return { at: () => nowMs, trial };
}

describe('the end of a trial', () => {
  it('waits for the requests of stable service that are late: a burst must not be cut in the middle', async () => {
    const { at, trial } = watched(71_000, 112_000);
    await symptomsEnd(trial);
    expect(at()).toBe(112_000);
  });

  it('waits for a stability window at most, and not at all where service is down', async () => {
    const always = watched(71_000, Infinity);
    await symptomsEnd(always.trial);
    expect(always.at()).toBe(110_000 + profiles.fast.holdMs);
    const down = watched(1e9, Infinity);
    await symptomsEnd(down.trial);
    expect(down.at()).toBe(110_000);
  });
});

describe('the wait for alerts to be quiet', () => {
  /** How long a trial waits in which an alert fires to its end. */
  const waitedMs = async (detector: object, labels?: Readonly<Record<string, string>>): Promise<number> => {
    const { at, trial } = watched(71_000, 0);
    const from = at();
    const fires = { atMs: 90_000, detector: 'alert', state: 'firing' as const, what: 'down' };
    const events = buildLog({
      probes: [{ sli: 'dns' }],
      detectors: [{ id: 'alert' }],
      readings: [{ ...fires, ...(labels === undefined ? {} : { labels }) }],
      endMs: 110_000,
    });
    const scenario = { detectors: [{ id: 'alert', expects: '', ...detector }] };
    await alarmsClear({
      ...trial,
      journal: { events },
      spec: { profile: profiles.fast, scenario },
    } as unknown as Watched);
    return at() - from;
  };
  const patienceMs = profiles.fast.alertWindowMs + 2 * profiles.fast.evaluationMs;

  it('is as long as they look back, for those that are asked', async () => {
    expect(await waitedMs({})).toBe(patienceMs);
    expect(await waitedMs({ right: [{ node: 'worker' }] }, { node: 'worker' })).toBe(patienceMs);
  });

  it('is not for rules that name something else: some ring on every cluster', async () => {
    expect(await waitedMs({ right: [] }, { node: 'worker' })).toBe(0);
    expect(await waitedMs({ right: [{ node: 'worker2' }] }, { node: 'worker' })).toBe(0);
  });
});

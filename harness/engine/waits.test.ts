import { describe, expect, it } from 'vitest';
import { buildLog } from '../../test/support/log-builder.ts';
import { profiles } from '../model/profile.ts';
import { symptomsEnd } from './waits.ts';
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

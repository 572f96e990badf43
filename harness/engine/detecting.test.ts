import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeCluster } from '../../test/support/fake-cluster.ts';
import type { Detector } from '../model/detector.ts';
import { profiles } from '../model/profile.ts';
import type { Sample } from '../model/probe.ts';
import { instant, millis } from '../model/units.ts';
import { Broadcast } from './channel.ts';
import { watchDetector } from './detecting.ts';
import { Journal } from './journal.ts';
import type { Watched } from './watched.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-detecting-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

it("hands a detector the trial's clock, and journals what it says and that it ended", async () => {
  let nowMs = 1234;
  const clock = { now: () => instant(nowMs), sleep: () => Promise.resolve(), sleepUntil: () => Promise.resolve() };
  const detector: Detector = {
    id: 'clock',
    title: 'clock',
    source: 'test',
    expects: '.',
    loop: () => 'twice',
    leastTtdMs: () => millis(0),
    periodMs: () => millis(1000),
    async *watch({ now }) {
      yield { state: 'firing', what: String(now()) };
      nowMs = 2345;
      yield { state: 'blind', why: String(now()) };
    },
  };
  const journal = new Journal(join(dir, 'events.jsonl'), clock);
  const watched = {
    spec: { profile: profiles.fast } as Watched['spec'],
    cluster: fakeCluster(),
    journal,
    clock: { ...clock, wallEpochMs: 0 },
    signal: new AbortController().signal,
  };
  await watchDetector(detector, watched, new Broadcast<Sample>());
  expect(journal.events).toMatchObject([
    { type: 'detector', detector: 'clock', state: 'firing', what: '1234', atMs: 1234 },
    { state: 'blind', what: '2345', atMs: 2345 },
    { state: 'ended' },
  ]);
});

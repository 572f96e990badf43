import { describe, expect, it } from 'vitest';
import { fakeCluster } from '../../test/support/fake-cluster.ts';
import type { Probe, Sample } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { FakeClock, settle } from './testing/clock.ts';
import { concurrencyLimit, notSent, sample, startSampling, type Sampled } from './sampler.ts';

const never = (): Promise<never> => new Promise(() => undefined);

function sampling(attempt: Sampled['attempt'], periodMs = 100, timeoutMs = 250) {
  const clock = new FakeClock();
  const observation = new AbortController();
  const samples: Sample[] = [];
  const sampler = sample(
    { sli: 'x', periodMs, timeoutMs, attempt },
    { startMs: 1000, clock, onSample: (s) => samples.push(s), signal: observation.signal },
  );
  return { clock, observation, samples, sampler };
}

describe('the sampler', () => {
  it('starts each attempt at its instant, whatever became of those before, and never drifts', async () => {
    const { clock, samples, sampler } = sampling((n) =>
      n % 2 === 0 ? Promise.resolve() : Promise.reject(new Error('no')),
    );
    await clock.advanceTo(1000 + 100 * 60);
    await sampler.stop();
    expect(samples).toHaveLength(61);
    expect(samples.every((s) => s.intendedMs === 1000 + s.n * 100 && s.startedMs === s.intendedMs)).toBe(true);
    expect(samples.filter((s) => s.ok)).toHaveLength(31);
    expect(samples[1]).toMatchObject({ ok: false, error: 'no' });
  });

  it('lets attempts overlap: a hung one is bad at its deadline and holds nobody up', async () => {
    const { clock, samples, sampler } = sampling((n) => (n === 0 ? never() : Promise.resolve()));
    await clock.advanceTo(1300);
    expect(samples.map((s) => s.n)).toEqual([1, 2, 0, 3]);
    expect(samples[2]).toEqual({
      sli: 'x',
      n: 0,
      intendedMs: 1000,
      startedMs: 1000,
      endedMs: 1250,
      ok: false,
      error: 'no answer within 250 ms',
    });
    await sampler.stop();
  });

  it('aborts the attempt at its deadline, and lets it say how far it came', async () => {
    let aborted = false;
    const { clock, samples, sampler } = sampling(
      (_n, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('Pending'));
          });
        }),
    );
    await clock.advanceTo(1250);
    expect(aborted).toBe(true);
    expect(samples[0]).toMatchObject({ endedMs: 1250, error: 'no answer within 250 ms: Pending' });
    const stopped = sampler.stop();
    await clock.advanceTo(2000);
    await stopped;
  });

  it('counts an answer that comes after its deadline as bad, also when the harness itself was late to read it', async () => {
    let answer: () => void = () => undefined;
    const { clock, samples, sampler } = sampling(
      () =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }),
      1000,
      250,
    );
    await clock.advanceTo(1000);
    answer();
    await clock.block(700);
    expect(samples).toEqual([
      expect.objectContaining({ n: 0, ok: false, error: 'no answer within 250 ms (read 450 ms late by the harness)' }),
    ]);
    await sampler.stop();
  });

  it('starts missed slots late with their true lateness, and reports what cannot be in time any more as not sent', async () => {
    const started: number[] = [];
    const { clock, samples, sampler } = sampling((n) => {
      started.push(n);
      return Promise.resolve();
    });
    await clock.advanceTo(1000);
    // Slots 1 to 6 are missed; the deadlines of 1 to 3 (up to 1550) have passed, and 4's is 1650.
    await clock.block(620);
    expect(started).toEqual([0, 4, 5, 6]);
    const bad = samples.filter((s) => !s.ok);
    expect(bad.map((s) => s.n)).toEqual([1, 2, 3]);
    expect(bad.every((s) => s.error?.startsWith(notSent))).toBe(true);
    expect(samples.find((s) => s.n === 4)).toMatchObject({ intendedMs: 1400, startedMs: 1620, ok: true });
    expect([...samples].map((s) => s.n).sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(Math.max(...sampler.takeLateness())).toBe(520);
    expect(sampler.takeLateness()).toEqual([]);
    await sampler.stop();
  });

  it('bounds what is under way when attempts ignore their signal, and skips no slot silently', async () => {
    let running = 0;
    const { clock, samples, sampler } = sampling(() => {
      running++;
      return never();
    });
    await clock.advanceTo(3000);
    expect(concurrencyLimit(100, 250)).toBe(4);
    expect(running).toBe(4);
    const stopped = sampler.stop();
    await clock.advanceTo(4000);
    await stopped;
    expect(samples.map((s) => s.n).sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, n) => n));
    expect(samples.filter((s) => s.error?.startsWith(notSent))).toHaveLength(17);
  });

  it('stop() starts nothing new and waits for what is under way', async () => {
    const { clock, samples, sampler } = sampling(never);
    await clock.advanceTo(1120);
    let stopped = false;
    const stopping = sampler.stop().then(() => {
      stopped = true;
    });
    await settle();
    expect(stopped).toBe(false);
    await clock.advanceTo(1350);
    await stopping;
    expect(samples.map((s) => s.n)).toEqual([0, 1]);
    expect(clock.sleepers).toBe(0);
  });

  it('drops what is under way when observation ends', async () => {
    const { clock, observation, samples, sampler } = sampling(never);
    await clock.advanceTo(1120);
    observation.abort(new Error('over'));
    await sampler.stop();
    await clock.advanceTo(5000);
    expect(samples).toEqual([]);
    expect(clock.sleepers).toBe(0);
  });
});

describe('startSampling', () => {
  const probe = (sli: string, over: Partial<Probe> = {}): Probe => ({
    sli,
    title: sli,
    periodMs: millis(100),
    timeoutMs: millis(100),
    bystander: false,
    open: () => Promise.resolve({ attempt: () => Promise.resolve(), close: () => Promise.resolve() }),
    ...over,
  });

  it('gives each probe a phase of its own and closes the sessions at the end', async () => {
    const clock = new FakeClock();
    const samples: Sample[] = [];
    const closed: string[] = [];
    const open = (sli: string) => () =>
      Promise.resolve({
        attempt: () => Promise.resolve(),
        close: () => {
          closed.push(sli);
          return Promise.resolve();
        },
      });
    const running = await startSampling({
      scenario: { probes: [probe('a', { open: open('a') }), probe('b', { open: open('b') })] },
      cluster: fakeCluster(),
      containers: [],
      clock,
      onSample: (s) => samples.push(s),
      onHealth: () => undefined,
      signal: new AbortController().signal,
    });
    await clock.advanceTo(1000);
    await Promise.all([running.stop(), running.stop()]);
    expect(new Set(samples.map((s) => `${s.sli} ${s.intendedMs % 100}`))).toEqual(new Set(['a 0', 'b 50']));
    expect(closed).toEqual(['a', 'b']);
    expect([...running.sessions.keys()]).toEqual(['a', 'b']);
  });

  it('closes those already open when a later one cannot be opened', async () => {
    let closed = false;
    const opened = probe('a', {
      open: () =>
        Promise.resolve({
          attempt: () => Promise.resolve(),
          close: () => {
            closed = true;
            return Promise.resolve();
          },
        }),
    });
    const broken = probe('b', { open: () => Promise.reject(new Error('cannot')) });
    await expect(
      startSampling({
        scenario: { probes: [opened, broken] },
        cluster: fakeCluster(),
        containers: [],
        clock: new FakeClock(),
        onSample: () => undefined,
        onHealth: () => undefined,
        signal: new AbortController().signal,
      }),
    ).rejects.toThrow('cannot');
    expect(closed).toBe(true);
  });
});

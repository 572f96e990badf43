import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import { act, look, onPanic, powerOff, until } from '../model/define.ts';
import { instant, seconds } from '../model/units.ts';
import { Broadcast } from './channel.ts';
import { deadline } from '../host/time.ts';
import { startClock, type Clock } from './clock.ts';
import { Journal } from './journal.ts';
import { seeded, shuffled } from '../model/random.ts';
import { lookForFault, redact, runSteps } from './steps.ts';
import { Teardown } from './teardown.ts';
import { SliTracker, Unanswered } from './tracker.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-engine-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const never = new AbortController().signal;

describe('seeded order', () => {
  it('is the same for the same seed, another for another, and loses nothing', () => {
    const items = ['a', 'b', 'c', 'd', 'e', 'f'];
    const once = shuffled(items, seeded(7));
    expect(shuffled(items, seeded(7))).toEqual(once);
    expect([...once].sort()).toEqual(items);
    const orders = new Set([1, 2, 3, 4, 5].map((seed) => shuffled(items, seeded(seed)).join('')));
    expect(orders.size).toBeGreaterThan(1);
  });
});

describe('Teardown', () => {
  it('runs in reverse, goes on after a failure and after one that hangs, and names both', async () => {
    const order: string[] = [];
    const teardown = new Teardown();
    teardown.defer('first', 1000, () => {
      order.push('first');
      return Promise.resolve();
    });
    teardown.defer('fails', 1000, () => Promise.reject(new Error('no')));
    teardown.defer('hangs', 5, () => new Promise(() => undefined));
    teardown.defer('last', 1000, () => {
      order.push('last');
      return Promise.resolve();
    });
    const failures = await teardown.run();
    expect(order).toEqual(['last', 'first']);
    expect(failures).toEqual(['hangs: not done within 5 ms', 'fails: no']);
    expect(await teardown.run()).toEqual([]);
  });
});

describe('Broadcast', () => {
  it('gives every subscriber every value in order and ends them on close', async () => {
    const broadcast = new Broadcast<number>();
    const collect = async (iterable: AsyncIterable<number>) => {
      const seen: number[] = [];
      for await (const value of iterable) seen.push(value);
      return seen;
    };
    const [a, b] = [broadcast.subscribe(never), broadcast.subscribe(never)];
    const both = Promise.all([collect(a), collect(b)]);
    for (const n of [1, 2, 3]) broadcast.push(n);
    broadcast.close();
    expect(await both).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('ends with the signal', async () => {
    const abort = new AbortController();
    const subscription = new Broadcast<number>().subscribe(abort.signal);
    const done = (async () => {
      const seen: number[] = [];
      for await (const value of subscription) seen.push(value);
      return seen;
    })();
    abort.abort();
    expect(await done).toEqual([]);
  });
});

describe('deadline', () => {
  it('fires though nobody holds it, follows its parent, and lets go', async () => {
    const parent = new AbortController();
    const late = deadline(1, parent.signal);
    await new Promise((resolve) => {
      late.signal.addEventListener('abort', resolve);
    });
    expect(late.passed()).toBe(true);
    const early = deadline(60_000, parent.signal);
    parent.abort(new Error('Ctrl-C'));
    expect([early.signal.aborted, early.passed()]).toEqual([true, false]);
    early[Symbol.dispose]();
  });
});

describe('Journal', () => {
  it('has every event on disk when write returns, and drops stragglers after close', () => {
    const path = join(dir, 'events.jsonl');
    const journal = new Journal(path, startClock());
    journal.write({ type: 'note', text: 'one' });
    journal.write({ type: 'note', text: 'two' });
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; text: string });
    expect(lines.map((line) => [line.seq, line.text])).toEqual([
      [0, 'one'],
      [1, 'two'],
    ]);
    journal.close();
    expect(journal.write({ type: 'note', text: 'late' })).toBeUndefined();
  });

  it('refuses to write over an earlier trial', () => {
    const path = join(dir, 'events.jsonl');
    new Journal(path, startClock()).close();
    expect(() => new Journal(path, startClock())).toThrow(/EEXIST/);
  });
});

/** A clock that stands still but for who sleeps. */
function hops(): Clock {
  let nowMs = 0;
  const sleep = (ms: number): Promise<void> => {
    nowMs += Math.max(0, ms);
    return Promise.resolve();
  };
  return { now: () => instant(nowMs), sleep, sleepUntil: (at) => sleep(at - nowMs) };
}

describe('runSteps', () => {
  const context = (cluster: FakeCluster) => ({
    cluster,
    clock: startClock(1000),
    journal: new Journal(join(dir, 'events.jsonl'), startClock()),
    signal: never,
  });
  const states = (journal: Journal) =>
    journal.events.flatMap((e) => (e.type === 'step' ? [`${e.name}: ${e.state}`] : []));

  it('runs a shell step on every selected node and stops at the first failure that is not optional', async () => {
    const cluster = new FakeCluster({ exec: ({ command }) => (command === 'bad' ? 3 : 'ok') });
    const c = context(cluster);
    const ok = await runSteps(c, 'runbook', [
      look('looking may fail', 'control-plane', 'bad'),
      act('fine', 'workers', 'good'),
      act('fails', 'workstation', 'bad'),
      act('never reached', 'nodes', 'good'),
    ]);
    expect(ok).toBe(false);
    expect(cluster.calls.map((call) => `${call.on} ${call.command}`)).toHaveLength(4);
    expect(states(c.journal)).toEqual([
      'looking may fail: started',
      'looking may fail: failed',
      'fine: started',
      'fine: done',
      'fails: started',
      'fails: failed',
      'never reached: skipped',
    ]);
  });

  it('switches nodes off, and says so when one cannot be', async () => {
    const cluster = new FakeCluster();
    const c = context(cluster);
    expect(await runSteps(c, 'inject', [powerOff('the power fails', 'workers')])).toBe(true);
    expect(cluster.poweredOff).toEqual(cluster.select('workers').map((node) => node.name));
    cluster.powerOff = () => Promise.reject(new Error('there is a battery'));
    expect(await runSteps(c, 'inject', [powerOff('the power fails', { worker: 1 })])).toBe(false);
    expect(c.journal.events.at(-1)).toMatchObject({ state: 'failed', output: 'there is a battery' });
  });

  it('says what a node does after a panic, as a person would type it', async () => {
    const cluster = new FakeCluster();
    const c = context(cluster);
    expect(
      await runSteps(c, 'runbook', [onPanic('halt', { worker: 1 }, 'halt'), onPanic('go on', 'workers', 'reboot')]),
    ).toBe(true);
    expect(cluster.panics).toEqual(['fake-worker halt', 'fake-worker reboot', 'fake-worker2 reboot']);
    expect(c.journal.events.flatMap((e) => (e.type === 'step' && e.state === 'done' ? [e.command] : []))).toEqual([
      'sysctl -w kernel.panic=0',
      'sysctl -w kernel.panic=10',
    ]);
  });

  it('until looks again and again, and fails at its time-out', async () => {
    let looks = 0;
    const cluster = new FakeCluster({ exec: ({ command }) => (command === 'soon' && ++looks >= 3 ? 0 : 1) });
    // Time goes on by its sleeps alone: on a busy machine a clock that runs would be past the time-out before the third look.
    const c = { ...context(cluster), clock: hops() };
    expect(await runSteps(c, 'runbook', [until('soon', 'workstation', 'soon', seconds(30))])).toBe(true);
    expect(looks).toBe(3);
    expect(await runSteps(c, 'runbook', [until('never', 'workstation', 'never', seconds(5))])).toBe(false);
    expect(c.journal.events.at(-1)).toMatchObject({ state: 'failed', exitCode: 124 });
  });

  it('a step never leaks secrets into the journal', async () => {
    const cluster = new FakeCluster({ exec: () => 'kubeadm join --token abcdef.0123456789abcdef\npassword: hunter2' });
    const c = context(cluster);
    await runSteps(c, 'runbook', [act('prints', 'workstation', 'x')]);
    const stored = readFileSync(join(dir, 'events.jsonl'), 'utf8');
    expect(stored).not.toContain('0123456789abcdef');
    expect(stored).not.toContain('hunter2');
  });
});

describe('redact', () => {
  it('removes keys and tokens and leaves ordinary text alone', () => {
    expect(redact('-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----')).toBe('[key removed]');
    expect(redact('eyJhbGciOi.eyJzdWIiOi.sig-nature')).toBe('[token removed]');
    expect(redact('node/worker condition met')).toBe('node/worker condition met');
  });
});

describe('lookForFault', () => {
  it('confirms only when every check holds on every node, and an empty witness confirms nothing', async () => {
    const cluster = new FakeCluster({ exec: ({ on }) => (on.endsWith('worker2') ? '3' : '0') });
    const check = { name: 'empty', on: 'workers', command: 'ls | wc -l', expect: '^0$' } as const;
    const half = await lookForFault(cluster, [check], never);
    expect([half.confirmed, half.anyHolds]).toEqual([false, true]);
    cluster.handler = () => '0';
    expect((await lookForFault(cluster, [check], never)).confirmed).toBe(true);
    expect((await lookForFault(cluster, [], never)).confirmed).toBe(false);
  });
});

describe('Unanswered', () => {
  const sample = (n: number) => ({
    sli: 'slow',
    n,
    intendedMs: n * 1000,
    startedMs: n * 1000,
    endedMs: n * 1000,
    ok: true,
  });
  const probes = [{ sli: 'slow', periodMs: 1000, timeoutMs: 5000 }];

  it('knows one that was overtaken, until it comes in or can no longer', () => {
    const unanswered = new Unanswered(probes);
    for (const n of [3, 4, 6, 7]) unanswered.add(sample(n));
    expect(unanswered.any(8000)).toBe(true);
    unanswered.add(sample(5));
    expect(unanswered.any(8000)).toBe(false);
    for (const n of [9, 10]) unanswered.add(sample(n));
    expect(unanswered.any(10_000)).toBe(true);
    // Intended at 8 s, with 5 s to answer.
    expect(unanswered.any(14_001)).toBe(false);
  });

  it('does not ask for what was before the first, nor for what follows the last', () => {
    const unanswered = new Unanswered(probes);
    unanswered.add(sample(20));
    expect(unanswered.any(20_500)).toBe(false);
    expect(unanswered.any(22_500)).toBe(false);
  });
});

describe('SliTracker', () => {
  const sample = (n: number, ok: boolean) => ({
    sli: 'web',
    n,
    intendedMs: n * 100,
    startedMs: n * 100,
    endedMs: n * 100,
    ok,
  });
  it('calls an SLI bad while it is in an outage, steady only when wholly good since the instant and really sampled', () => {
    const tracker = new SliTracker(['web', 'unsampled'].map((sli) => ({ sli, periodMs: 100 })));
    for (let n = 0; n < 4; n++) tracker.add(sample(n, true));
    // In the order in which they end.
    for (const n of [6, 4]) tracker.add(sample(n, false));
    expect(tracker.bad()).toEqual([]);
    tracker.add(sample(5, false));
    expect(tracker.bad()).toEqual(['web']);
    expect(tracker.good()).toEqual([]);
    expect(tracker.unsteadySince(450)).toEqual(['web', 'unsampled']);
    for (let n = 7; n < 10; n++) tracker.add(sample(n, true));
    expect(tracker.bad()).toEqual(['web']);
    tracker.add(sample(10, true));
    expect(tracker.bad()).toEqual([]);
    expect(tracker.unsteadySince(700)).toEqual(['unsampled']);
  });

  it('forgets what was long ago', () => {
    const tracker = new SliTracker([{ sli: 'web', periodMs: 100 }]);
    for (let n = 0; n < 500; n++) tracker.add(sample(n, n % 50 !== 0));
    expect(tracker.bad()).toEqual([]);
  });
});

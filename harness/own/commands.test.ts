import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeCluster, type FakeHandler } from '../../test/support/fake-cluster.ts';
import { start } from '../../test/support/detection.ts';
import { instant, seconds } from '../model/units.ts';
import { commandAlert } from './command-alert.ts';
import { commandProbe } from './command-probe.ts';

let answer: FakeHandler = () => '';
const cluster = new FakeCluster({ exec: (call) => answer(call) });

describe('an SLI that is a command', () => {
  const { signal } = new AbortController();
  const ask = async (fields: Parameters<typeof commandProbe>[1]) => {
    const session = await commandProbe('own', fields).open({ cluster, now: () => instant(0), signal });
    await session.attempt(0, signal);
  };

  it('is good when it succeeds, and says what is expected where something is', async () => {
    answer = () => 'all fine';
    await expect(ask({ run: 'look' })).resolves.toBeUndefined();
    await expect(ask({ run: 'look', expect: '^all' })).resolves.toBeUndefined();
    await expect(ask({ run: 'look', expect: '^none' })).rejects.toThrow('workstation: no /^none/ in what it said');
    answer = () => ({ exitCode: 7, stderr: 'first\nno route' });
    await expect(ask({ run: 'look' })).rejects.toThrow('workstation: no route (exit 7)');
  });

  it('is bad when one node of several fails', async () => {
    answer = ({ on }) => (on === 'fake-worker2' ? 3 : 'ok');
    await expect(ask({ run: 'look', on: { worker: 1 } })).resolves.toBeUndefined();
    await expect(ask({ run: 'look', on: 'workers' })).rejects.toThrow('fake-worker2:  (exit 3)');
  });

  it('is asked once a second at most', () => {
    expect(commandProbe('own', { run: 'x', every: seconds(0.2) }).periodMs).toBe(1000);
    expect(commandProbe('own', { run: 'x', every: seconds(3) }).periodMs).toBe(3000);
  });
});

describe('an alert that is a command', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fires with the line that matches, and is quiet again', async () => {
    answer = () => 'disk 3 %';
    const command = { on: 'workers', run: 'df', fires: '9\\d %', every: seconds(2) } as const;
    const watching = start(commandAlert({ id: 'disk', command }), cluster);
    await vi.advanceTimersByTimeAsync(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = ({ on }) => (on === 'fake-worker2' ? 'disk 97 %\nrest' : 'disk 3 %');
    await vi.advanceTimersByTimeAsync(2000);
    expect(watching.last()).toEqual({ state: 'firing', what: 'disk 97 % (on fake-worker2)' });
    answer = () => '';
    await vi.advanceTimersByTimeAsync(2000);
    expect(watching.last()).toEqual({ state: 'quiet' });
    await watching.end();
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { k3s } from '../distributions/k3s.ts';
import { kubeadm } from '../distributions/kubeadm.ts';
import { FakeCluster, fakeEvent, fakePod, type FakeHandler } from '../../test/support/fake-cluster.ts';
import type { Detector } from '../model/detector.ts';
import { profiles } from '../model/profile.ts';
import { agentLog } from './agent-log.ts';
import { archiveLag } from './archive-lag.ts';
import { crashFile } from './crash-file.ts';
import { databaseLocked } from './database-locked.ts';
import { datastoreErrors } from './datastore-errors.ts';
import { interfaceChurn } from './interface-churn.ts';
import { lockHolder } from './lock-holder.ts';
import { memoryAvailable } from './memory-available.ts';
import { nodeRebooted } from './node-rebooted.ts';
import { oomKilled } from './oom-killed.ts';
import { postgresUp } from './postgres-up.ts';
import { start, type Watching } from '../../test/support/detection.ts';

/** Alerts that name one cause each: those that the postmortems wished they had had. */

const { fast } = profiles;
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let cluster: FakeCluster;
let answer: FakeHandler;
const running: Watching[] = [];
const watch = (detector: Detector): Watching => {
  const watching = start(detector, cluster);
  running.push(watching);
  return watching;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  answer = () => '';
  cluster = new FakeCluster({ exec: (call) => answer(call) });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.end()));
  vi.useRealTimers();
});

describe('datastore-errors', () => {
  it('fires above so many lines, keeps its words while it stands, and clears', async () => {
    answer = () => '5\n2026-06-05T09:10:00.0Z stderr F context canceled';
    const watching = watch(datastoreErrors(kubeadm));
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = () => '6\n2026-06-05T09:10:00.0Z stderr F E0605 "context canceled"';
    await later(fast.scrapeMs);
    const first = { state: 'firing', what: '6 lines say context canceled: E0605 "context canceled"' };
    expect(watching.last()).toEqual(first);
    answer = () => '99\n2026-06-05T09:10:00.0Z stderr F something else';
    await later(fast.scrapeMs);
    expect(watching.readings.findLast((r) => r.state === 'firing')).toEqual(first);
    answer = () => '0\n';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('knows a datastore that is full, and names it', async () => {
    answer = ({ command }) =>
      command.includes('mvcc: database space exceeded')
        ? '6\n2026-06-05T09:10:00.0Z stderr F E0605 etcdserver: mvcc: database space exceeded'
        : '0\n';
    const watching = watch(datastoreErrors(kubeadm));
    await later(100);
    expect(watching.last()).toMatchObject({
      state: 'firing',
      what: expect.stringMatching(/^6 lines say etcdserver: mvcc: database space exceeded:/) as string,
    });
  });

  it('asks only for lines that are younger than itself', async () => {
    const began = new Date(Date.now()).toISOString().slice(0, -1);
    watch(datastoreErrors(kubeadm));
    await later(100);
    expect(cluster.calls[0]?.command).toContain(`since='${began}'`);
  });
});

describe('database-locked', () => {
  it('fires at the first line that is younger than itself and its window, and clears', async () => {
    answer = () => '0\n';
    const began = Date.now() / 1000;
    const watching = watch(databaseLocked(k3s));
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    expect(cluster.calls[0]).toMatchObject({ on: 'fake-control-plane' });
    expect(cluster.calls[0]?.command).toContain(`--since "@${began.toFixed(3)}"`);
    answer = () => '2\n';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'the log of the datastore says: database is locked' });
    answer = () => '0\n';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    await later(2 * fast.alertWindowMs);
    const since = (Date.now() - fast.alertWindowMs) / 1000;
    expect(Number(/--since "@([\d.]+)"/.exec(cluster.calls.at(-1)?.command ?? '')?.[1])).toBeGreaterThan(
      since - fast.scrapeMs / 1000 - 0.1,
    );
  });
});

describe('lock-holder', () => {
  it('names who holds the lock at two looks in a row: a short hold, or another one each time, is none', async () => {
    const watching = watch(lockHolder(k3s, { expects: 'backup' }));
    for (const seen of ['', '7 backup\n', '', '7 backup\n', '8 sqlite3 state.db\n']) {
      answer = () => seen;
      await later(fast.scrapeMs);
    }
    expect(watching.readings.map(({ state }) => state)).not.toContain('firing');
    answer = () => '9 backup\n8 sqlite3 state.db\n';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: "the database's lock is held by 8 sqlite3 state.db" });
    answer = () => '';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = () => ({ exitCode: 1, stdout: '', stderr: 'no such container' });
    await later(fast.scrapeMs);
    expect(watching.last()).toMatchObject({ state: 'blind' });
  });
});

describe('agent-log', () => {
  const refusal = '2026-06-05T09:10:00.0Z stdout F BPF program is too large. Processed 1000001 insn';

  it('says what the kernel said and where, though another node is dark, and clears by the last word', async () => {
    const watching = watch(agentLog());
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = ({ on }) =>
      on === 'fake-worker' ? refusal : { exitCode: 1, stdout: '', stderr: 'container is not running' };
    await later(fast.scrapeMs);
    const what = 'BPF program is too large. Processed 1000001 insn (on fake-worker)';
    expect(watching.last()).toEqual({ state: 'firing', what });
    answer = () => '2026-06-05T09:11:00.0Z stdout F datapath: program for 4096 entries is loaded';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = () => ({ exitCode: 1, stdout: '', stderr: 'container is not running' });
    await later(fast.scrapeMs);
    expect(watching.last()).toMatchObject({ state: 'blind' });
  });

  it('asks only for lines that are younger than itself', async () => {
    const began = new Date(Date.now()).toISOString().slice(0, -1);
    watch(agentLog());
    await later(100);
    expect(cluster.calls[0]?.command).toContain(`since='${began}'`);
  });
});

describe('node-rebooted', () => {
  it('counts the starts of a node, not the seconds that readings are rounded to, and clears after its window', async () => {
    let started = 1000;
    answer = ({ on }) => String(on === 'fake-worker' ? started : 1000);
    const watching = watch(nodeRebooted());
    started += 2;
    await later(2 * fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    started = 1060;
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'rebooted: fake-worker' });
    started = 1120;
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'rebooted: fake-worker 2 times' });
    await later(fast.alertWindowMs + fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('is blind while a node is down: that is no reboot yet', async () => {
    answer = ({ on }) => (on === 'fake-worker' ? { exitCode: 1, stdout: '', stderr: 'is not running' } : '1000');
    const watching = watch(nodeRebooted());
    await later(fast.pollMs);
    expect(watching.last()).toMatchObject({ state: 'blind', why: 'fake-worker: is not running' });
  });
});

describe('interface-churn', () => {
  it('counts new interfaces across a reboot, and clears a minute later', async () => {
    let said = '1000 400';
    answer = ({ on }) => (on === 'fake-worker' ? said : '1000 7');
    const watching = watch(interfaceChurn());
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    said = '1000 420';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    // Started again, and its numbers with it: these six are new, too.
    said = '1050 6';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({
      state: 'firing',
      what: 'over 25 new interfaces of pods within a minute on fake-worker',
    });
    await later(62_000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });
});

describe('crash-file', () => {
  it('names what the report names, which is a wrong diagnosis, and remembers it while the node is down', async () => {
    answer = () => '';
    const detector = crashFile();
    const watching = watch(detector);
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = ({ on }) => (on === 'fake-worker' ? '_opt_gateway.0.crash\n' : '');
    await later(fast.scrapeMs);
    const fired = { state: 'firing', what: 'crash report of _opt_gateway.0.crash' };
    expect(watching.last()).toEqual(fired);
    expect(fired.what).not.toMatch(new RegExp(detector.expects));
    answer = () => ({ exitCode: 1, stdout: '', stderr: 'is not running' });
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual(fired);
  });
});

describe('memory-available', () => {
  const mib = (n: number) => n * 1_048_576;

  it('names the node, keeps its words while it stands, and is blind while another cannot be asked', async () => {
    answer = () => `${mib(300)} ${mib(768)}`;
    const watching = watch(memoryAvailable(kubeadm, { underPercent: 25 }));
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = ({ on }) =>
      on === 'fake-worker2' ? `${mib(191)} ${mib(768)}` : { exitCode: 1, stdout: '', stderr: 'no such container' };
    await later(fast.scrapeMs);
    const what = '191 of 768 MiB available on fake-worker2';
    expect(watching.last()).toEqual({ state: 'firing', what });
    answer = () => `${mib(120)} ${mib(768)}`;
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what });
    answer = () => `${mib(192)} ${mib(768)}`;
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = ({ on }) => (on === 'fake-worker2' ? '' : `${mib(300)} ${mib(768)}`);
    await later(fast.scrapeMs);
    expect(watching.last()).toMatchObject({ state: 'blind' });
  });
});

describe('oom-killed', () => {
  const ended = (name: string, reason: string, exitCode: number, epochMs = Date.now()) =>
    fakePod('a', name, {
      containers: [
        {
          name: 'main',
          ready: false,
          restarts: 1,
          state: 'CrashLoopBackOff',
          startedEpochMs: 0,
          lastEnd: { reason, exitCode, epochMs },
        },
      ],
    });

  it('fires by the reason, before that by the signal, and clears when the last kill is long ago', async () => {
    await later(500);
    cluster.api.podStates = [ended('old', 'OOMKilled', 137, Date.now() - 60_000)];
    const watching = watch(oomKilled());
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushPod(ended('web-1', 'Error', 1));
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushPod(ended('web-2', 'Error', 137));
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'killed (exit 137): a/web-2/main' });
    cluster.api.pushPod(ended('web-2', 'OOMKilled', 137));
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'OOMKilled: a/web-2/main' });
    cluster.api.pushPod(ended('web-1', 'OOMKilled', 137));
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'OOMKilled: a/web-2/main' });
    await later(fast.alertWindowMs + fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it("takes the kubelet's word for the machine, and leaves the instruments alone", async () => {
    const watching = watch(oomKilled());
    cluster.api.pushPod({ ...ended('probe', 'OOMKilled', 137), namespace: 'canary' });
    await later(2 * fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushEvent(
      fakeEvent('SystemOOM', 'System OOM encountered', { object: 'Node/fake-worker2', lastEpochMs: Date.now() }),
    );
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'SystemOOM on Node/fake-worker2' });
  });
});

describe('postgres-up', () => {
  it('asks on the node that has the files, and clears when it answers', async () => {
    let said = 'up';
    answer = ({ on }) => (on === 'fake-worker2' ? said : '');
    const watching = watch(postgresUp());
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    said = 'down';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'pg_up is 0 on fake-worker2' });
    said = 'up';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    answer = () => ({ exitCode: 1, stdout: '', stderr: 'no such container' });
    await later(fast.scrapeMs);
    expect(watching.last()).toMatchObject({ state: 'blind' });
  });
});

describe('archive-lag', () => {
  it('fires when the newest segment is old, keeps its words while it grows older, and clears with the next', async () => {
    let age = '4';
    answer = ({ on }) => (on === 'fake-worker2' ? age : '');
    const watching = watch(archiveLag());
    await later(100);
    expect(watching.last()).toEqual({ state: 'quiet' });
    age = '30';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    age = '31';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'nothing archived for 31 s' });
    age = '40';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'nothing archived for 31 s' });
    age = '0';
    await later(fast.scrapeMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });
});

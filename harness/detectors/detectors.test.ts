import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeCluster, fakeEvent, fakeNodeState, fakePod, type FakeCluster } from '../../test/support/fake-cluster.ts';
import type { Detector } from '../model/detector.ts';
import type { Sample } from '../model/probe.ts';
import { profiles } from '../model/profile.ts';
import { corednsFatal } from './coredns-fatal.ts';
import { livenessReadiness } from './liveness-readiness.ts';
import { nodeNotReady } from './node-not-ready.ts';
import { oomKilled } from './oom-killed.ts';
import { podsNotRunning } from './pods-not-running.ts';
import { podsTerminating } from './pods-terminating.ts';
import { probeFailing, Runs } from './probe-failing.ts';
import { leastRestartsMs, restartCount } from './restart-count.ts';
import { start, type Watching } from '../../test/support/detection.ts';
import { podNetworkWarnings, warningEvents } from './warning-events.ts';

const { fast } = profiles;
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let cluster: FakeCluster;
const running: Watching[] = [];
const watch = (detector: Detector, samples?: () => AsyncIterable<Sample>): Watching => {
  const watching = start(detector, cluster, samples);
  running.push(watching);
  return watching;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  cluster = fakeCluster();
  cluster.api.podStates = [fakePod('a', 'web-1'), fakePod('a', 'web-2')];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.end()));
  vi.useRealTimers();
});

/** Those that look at the API. */
const lookers: readonly Detector[] = [
  nodeNotReady(),
  restartCount({ over: 10 }),
  restartCount({ over: 10, scope: 'cluster' }),
  podsNotRunning(),
  podsTerminating(),
  livenessReadiness(),
  warningEvents({ expects: podNetworkWarnings }),
  oomKilled(),
];

describe.each(lookers.map((d) => [d.id, d] as const))('%s', (_id, detector) => {
  it('is quiet on a healthy cluster and beats at least once a period', async () => {
    const watching = watch(detector);
    await later(20 * detector.periodMs(fast) + 100);
    expect(watching.readings[0]).toEqual({ state: 'quiet' });
    expect(new Set(watching.readings.slice(1).map((r) => r.state))).toEqual(new Set(['alive']));
    expect(watching.readings.length).toBeGreaterThanOrEqual(20);
  });

  it('is blind while the API does not answer, and says so when it sees again', async () => {
    const watching = watch(detector);
    await later(3000);
    cluster.api.unreachable = true;
    await later(8000);
    expect(watching.last()).toMatchObject({ state: 'blind', why: expect.stringContaining('ECONNREFUSED') as string });
    cluster.api.unreachable = false;
    await later(8000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('ends at once when aborted, also in the middle of a look, and lets go of its watches', async () => {
    cluster.api.hang = true;
    const watching = watch(detector);
    await later(50);
    const ended = watching.end();
    await later(0);
    await ended;
    await later(1000);
    expect(cluster.api.watches).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('node-not-ready', () => {
  it('names the node and the reason, and clears', async () => {
    const watching = watch(nodeNotReady());
    await later(100);
    cluster.api.nodeStates[1] = fakeNodeState('fake-worker', { ready: false, reason: 'KubeletNotReady' });
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'not Ready: fake-worker (KubeletNotReady)' });
    cluster.api.nodeStates[1] = fakeNodeState('fake-worker');
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });
});

describe('restart-count', () => {
  const restarted = (name: string, restarts: number, namespace = 'a') =>
    fakePod(namespace, name, {
      containers: [{ name: 'main', ready: false, restarts, state: 'CrashLoopBackOff', startedEpochMs: 0 }],
    });

  it('fires when one container has more than so many, and not at as many', async () => {
    const watching = watch(restartCount({ over: 10 }));
    cluster.api.pushPod(restarted('web-1', 10));
    await later(10_000);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushPod(restarted('web-1', 11));
    await later(fast.scrapeMs + fast.evaluationMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'restarted more than 10 times: a/web-1/main' });
  });

  it('over the cluster, adds up what happened within the window, deleted pods too, and clears after it', async () => {
    cluster.api.pushPod(restarted('web-1', 40));
    const watching = watch(restartCount({ over: 10, scope: 'cluster' }));
    await later(5000);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushPod(restarted('web-1', 46));
    await later(5000);
    await cluster.api.deletePod('a', 'web-1');
    cluster.api.pushPod(restarted('web-2', 4));
    await later(5000);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushPod(restarted('web-2', 5));
    await later(5000);
    expect(watching.last()).toMatchObject({ state: 'firing' });
    // One window after the last restart it is over, as increase() is.
    await later(fast.alertWindowMs + 6000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('does not count the canaries', async () => {
    const watching = watch(restartCount({ over: 10 }));
    cluster.api.pushPod(restarted('canary-1', 99, 'canary'));
    await later(10_000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it("knows the kubelet's back-off: an alert on more than 10 restarts can't come within half an hour", () => {
    const { stock } = profiles;
    const at = (n: number) => leastRestartsMs(n, stock.crashBackOffMaxMs) / 1000;
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(at)).toEqual([0, 10, 30, 70, 150, 310, 610, 910]);
    expect(restartCount({ over: 10 }).leastTtdMs(stock)).toBe(1_810_000);
    expect(restartCount({ over: 10 }).loop(stock)).toContain('30 min');
    expect(restartCount({ over: 10, scope: 'cluster' }).leastTtdMs(stock)).toBe(0);
  });
});

describe('pods-not-running', () => {
  it('fires at a streak of looks, names pods, keeps its words while it stands, and clears', async () => {
    const watching = watch(podsNotRunning());
    await later(100);
    cluster.api.pushPod(fakePod('a', 'web-1', { ready: false }));
    await later(2 * fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'firing', what: '1 of 2 pods not ready: a/web-1' });
    cluster.api.pushPod(fakePod('a', 'web-2', { ready: false }));
    await later(3 * fast.pollMs);
    expect(watching.readings.filter((r) => r.state === 'firing')).toHaveLength(1);
    cluster.api.podStates = [fakePod('a', 'web-1'), fakePod('a', 'web-2')];
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('sees pods that are not even there', async () => {
    const watching = watch(podsNotRunning());
    cluster.api.replicaCount = { desired: 23, ready: 20 };
    await later(3 * fast.pollMs + 100);
    expect(watching.last()).toMatchObject({ state: 'firing', what: expect.stringContaining('3 of 23') as string });
    expect(watching.last()).toMatchObject({ what: expect.stringContaining('not there at all') as string });
  });
});

describe('pods-terminating', () => {
  const going = (name: string) => fakePod('a', name, { terminating: true });

  it('fires for a pod that stays Terminating for the window, and clears when it is gone', async () => {
    const watching = watch(podsTerminating());
    await later(100);
    cluster.api.pushPod(going('web-1'));
    await later(fast.alertWindowMs - fast.pollMs);
    expect(watching.last()).not.toMatchObject({ state: 'firing' });
    await later(2 * fast.pollMs);
    expect(watching.last()).toEqual({ state: 'firing', what: 'Terminating and not gone: a/web-1' });
    cluster.api.podStates = [fakePod('a', 'web-2')];
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('does not add up pods that come and go under one name, nor our own canaries', async () => {
    const watching = watch(podsTerminating());
    for (let n = 0; n < 4; n++) {
      cluster.api.podStates = [
        fakePod('a', 'web-1', { terminating: true, uid: `uid-${n}` }),
        fakePod('canary', 'canary-1', { terminating: true }),
      ];
      await later(fast.alertWindowMs / 2);
    }
    expect(watching.readings.map((r) => r.state)).not.toContain('firing');
  });
});

describe('liveness-readiness', () => {
  const unhealthy = (over = {}) =>
    fakeEvent('Unhealthy', 'Readiness probe failed: Get "http://10.244.1.2:9898/readyz": timeout', {
      namespace: 'a',
      object: 'Pod/web-1',
      lastEpochMs: Date.now(),
      ...over,
    });

  it('does not take a probe that could not be made of an ended container for the verdict of three failures', async () => {
    const watching = watch(livenessReadiness());
    await later(2100);
    const exited = 'Readiness probe errored and resulted in unknown state: container is in CONTAINER_EXITED state';
    cluster.api.pushEvent(
      fakeEvent('Unhealthy', exited, { namespace: 'a', object: 'Pod/web-1', lastEpochMs: Date.now() }),
    );
    cluster.api.pushPod(fakePod('a', 'web-1', { ready: false }));
    await later(4000);
    expect(watching.last()).not.toMatchObject({ state: 'firing' });
  });

  it('fires when a pod that was Ready is not, and the kubelet says why', async () => {
    const watching = watch(livenessReadiness());
    await later(2100);
    cluster.api.pushEvent(unhealthy());
    await later(2000);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.api.pushPod(fakePod('a', 'web-1', { ready: false }));
    await later(fast.pollMs);
    expect(watching.last()).toMatchObject({
      state: 'firing',
      what: expect.stringMatching(/^a\/web-1: Readiness probe failed/) as string,
    });
    cluster.api.pushPod(fakePod('a', 'web-1'));
    await later(fast.pollMs);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('fires when a liveness probe had the container killed', async () => {
    const watching = watch(livenessReadiness());
    await later(2100);
    cluster.api.pushEvent(unhealthy({ message: 'Liveness probe failed: exit code 1' }));
    cluster.api.pushPod(
      fakePod('a', 'web-1', {
        containers: [{ name: 'main', ready: true, restarts: 1, state: 'running', startedEpochMs: 0 }],
      }),
    );
    await later(fast.pollMs);
    expect(watching.readings).toContainEqual({ state: 'firing', what: 'a/web-1: Liveness probe failed: exit code 1' });
  });

  it('leaves pods to others that lost Ready with their node, and those that never were Ready', async () => {
    const watching = watch(livenessReadiness());
    await later(2100);
    cluster.api.pushPod(fakePod('a', 'web-1', { ready: false }));
    cluster.api.pushPod(fakePod('a', 'new', { ready: false }));
    cluster.api.pushEvent(unhealthy({ object: 'Pod/new' }));
    await later(5000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('promises three periods at most, and nothing at least: a container that ends needs none', () => {
    expect(livenessReadiness().leastTtdMs(profiles.stock)).toBe(0);
    expect(livenessReadiness().loop(profiles.stock)).toContain('30 s');
  });
});

describe('warning-events', () => {
  it('fires at a warning, again at a new reason only, and clears when they stop', async () => {
    const watching = watch(warningEvents({ expects: podNetworkWarnings }));
    await later(2000);
    const event = (reason: string) => fakeEvent(reason, 'plugin type="bridge" failed', { lastEpochMs: Date.now() });
    cluster.api.pushEvent(event('FailedCreatePodSandBox'));
    await later(500);
    expect(watching.last()).toEqual({
      state: 'firing',
      what: 'FailedCreatePodSandBox Pod/fake: plugin type="bridge" failed',
    });
    cluster.api.pushEvent(event('FailedCreatePodSandBox'));
    cluster.api.pushEvent(event('BackOff'));
    await later(500);
    expect(watching.readings.filter((r) => r.state === 'firing')).toHaveLength(2);
    await later(11_000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('tells the event that names the cause, also when another one of the same reason came first', async () => {
    const watching = watch(warningEvents({ expects: 'FailedScheduling .*untolerated taint' }));
    await later(2000);
    const event = (reason: string, message: string) => fakeEvent(reason, message, { lastEpochMs: Date.now() });
    cluster.api.pushEvent(event('Unhealthy', 'Readiness probe failed'));
    cluster.api.pushEvent(event('FailedScheduling', '0/3 nodes are available: 3 Insufficient cpu.'));
    await later(500);
    const cause = event('FailedScheduling', '0/3 nodes are available: 1 node(s) had untolerated taint {a: }.');
    cluster.api.pushEvent(cause);
    await later(500);
    expect(watching.last()).toMatchObject({
      state: 'firing',
      what: expect.stringContaining('untolerated taint') as string,
    });
    cluster.api.pushEvent(event('FailedScheduling', '0/3 nodes are available: 3 Insufficient memory.'));
    await later(500);
    expect(watching.last()).toMatchObject({ what: expect.stringContaining('untolerated taint') as string });
  });

  it('does not fire for what was before it, what is normal, and what the instruments suffer', async () => {
    const watching = watch(warningEvents({ expects: podNetworkWarnings }));
    await later(2000);
    cluster.api.pushEvent(fakeEvent('CgroupV1', 'maintenance mode', { lastEpochMs: Date.now() }));
    cluster.api.pushEvent(fakeEvent('BackOff', 'old', { lastEpochMs: Date.now() - 5000 }));
    cluster.api.pushEvent(fakeEvent('Pulled', 'normal', { type: 'Normal', lastEpochMs: Date.now() }));
    cluster.api.pushEvent(
      fakeEvent('FailedCreatePodSandBox', 'ours', { namespace: 'canary', lastEpochMs: Date.now() }),
    );
    await later(2000);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('opens its watch again when it breaks, and was never blind if that goes fast', async () => {
    const watching = watch(warningEvents({ expects: podNetworkWarnings }));
    await later(2000);
    cluster.api.unreachable = true;
    await later(300);
    cluster.api.unreachable = false;
    await later(2000);
    cluster.api.pushEvent(fakeEvent('BackOff', 'x', { lastEpochMs: Date.now() }));
    await later(500);
    expect(watching.readings.some((r) => r.state === 'blind')).toBe(false);
    expect(watching.last()).toMatchObject({ state: 'firing' });
  });
});

describe('probe-failing', () => {
  const sample = (n: number, ok: boolean, sli = 'new-connection'): Sample => ({
    sli,
    n,
    intendedMs: n * 250,
    startedMs: n * 250,
    endedMs: n * 250 + 10,
    ok,
    ...(ok ? {} : { error: 'ECONNREFUSED' }),
  });
  async function* of(...list: Sample[]): AsyncGenerator<Sample, void, undefined> {
    yield* list;
  }

  it('fires at so many in a row and clears at as many', async () => {
    const series = [true, true, false, false, true, false, false, false, false, true, true, true];
    const watching = watch(probeFailing({ sli: 'new-connection' }), () =>
      of(...series.flatMap((ok, n) => [sample(n, ok), sample(n, false, 'dns')])),
    );
    await later(10);
    expect(watching.readings.filter((r) => r.state !== 'alive')).toEqual([
      { state: 'quiet' },
      { state: 'firing', what: 'new-connection failed 3 times in a row: ECONNREFUSED' },
      { state: 'quiet' },
    ]);
  });

  it('finds streaks in the order of sending, not of finishing', () => {
    const runs = new Runs(3);
    expect(runs.add({ n: 0, ok: false })).toBeUndefined();
    expect(runs.add({ n: 2, ok: false })).toBeUndefined();
    expect(runs.add({ n: 3, ok: true })).toBeUndefined();
    expect(runs.add({ n: 1, ok: false })).toBe(true);
  });

  it('does not fire again for hung ones that give up after service is back', () => {
    const runs = new Runs(3);
    for (const n of [0, 1, 2]) runs.add({ n, ok: false });
    for (const n of [6, 7]) runs.add({ n, ok: true });
    expect(runs.add({ n: 8, ok: true })).toBe(false);
    for (const n of [3, 4, 5]) expect(runs.add({ n, ok: false })).toBeUndefined();
    expect([9, 10, 11].map((n) => runs.add({ n, ok: false }))).toEqual([undefined, undefined, true]);
  });

  it('beats once a second while samples come', async () => {
    const watching = watch(probeFailing({ sli: 'new-connection' }), () =>
      of(...Array.from({ length: 41 }, (_, n) => sample(n, true))),
    );
    await later(10);
    expect(watching.readings.filter((r) => r.state === 'alive')).toHaveLength(10);
  });
});

describe('coredns-fatal', () => {
  const beat = (line: string, streams = cluster.streams) => {
    for (const stream of streams) stream.push(line);
  };
  /** Beats once a second on all nodes. */
  const beating = async (seconds: number, line = 'beat 0') => {
    for (let i = 0; i < seconds; i++) {
      beat(line);
      await later(1000);
    }
  };

  it('follows the log on every node, and fires with the line itself', async () => {
    const watching = watch(corednsFatal());
    await beating(3);
    expect(cluster.streams).toHaveLength(3);
    expect(watching.last()).toEqual({ state: 'quiet' });
    cluster.streams[1]?.push('fatal [FATAL] plugin/loop: Loop (127.0.0.1:53 -> :53) detected for zone "."');
    await beating(2, 'beat 1');
    const firing = watching.last();
    expect(firing).toMatchObject({ state: 'firing', what: expect.stringMatching(/^\[FATAL\] plugin\/loop/) as string });
    expect(new RegExp(corednsFatal().expects).test(firing?.state === 'firing' ? firing.what : '')).toBe(true);
  });

  it('stands while the newest log of a pod holds the line, and clears 30 s after', async () => {
    const watching = watch(corednsFatal());
    await beating(2);
    beat('fatal [FATAL] x', cluster.streams.slice(0, 1));
    await beating(60, 'beat 1');
    expect(watching.last()).toMatchObject({ state: 'firing' });
    await beating(20);
    expect(watching.last()).toMatchObject({ state: 'firing' });
    await beating(15);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('is blind when a node says nothing any more, and attaches again when a stream ends', async () => {
    const watching = watch(corednsFatal());
    await beating(2);
    const [first, ...others] = cluster.streams;
    void first?.close();
    for (let i = 0; i < 8; i++) {
      beat('beat 0', others);
      await later(1000);
    }
    expect(watching.last()).toMatchObject({
      state: 'blind',
      why: expect.stringContaining('fake-control-plane') as string,
    });
    expect(cluster.streams.length).toBeGreaterThan(3);
    await beating(3);
    expect(watching.last()).toEqual({ state: 'quiet' });
  });

  it('ends at once when aborted', async () => {
    const watching = watch(corednsFatal());
    await later(1500);
    const ended = watching.end();
    await later(0);
    await ended;
    await later(2000);
    expect(cluster.streams.every((stream) => stream.closed)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

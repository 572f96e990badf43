import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { k3s } from '../distributions/k3s.ts';
import { kubeadm } from '../distributions/kubeadm.ts';
import { fakeCluster, fakeEvent, fakeNodeState, fakePod, type FakeCluster } from '../../test/support/fake-cluster.ts';
import type { Detector } from '../model/detector.ts';
import type { Sample } from '../model/probe.ts';
import { profiles } from '../model/profile.ts';
import { agentLog } from './agent-log.ts';
import { archiveLag } from './archive-lag.ts';
import { corednsFatal } from './coredns-fatal.ts';
import { crashFile } from './crash-file.ts';
import { databaseLocked } from './database-locked.ts';
import { datastoreErrors } from './datastore-errors.ts';
import { interfaceChurn } from './interface-churn.ts';
import { livenessReadiness } from './liveness-readiness.ts';
import { lockHolder } from './lock-holder.ts';
import { memoryAvailable } from './memory-available.ts';
import { nodeCheck } from './node-check.ts';
import { nodeNotReady } from './node-not-ready.ts';
import { nodeRebooted } from './node-rebooted.ts';
import { oomKilled } from './oom-killed.ts';
import { podsNotRunning } from './pods-not-running.ts';
import { podsTerminating } from './pods-terminating.ts';
import { postgresPanic } from './postgres-panic.ts';
import { postgresUp } from './postgres-up.ts';
import { probeFailing } from './probe-failing.ts';
import { restartCount } from './restart-count.ts';
import { start, type Watching } from '../../test/support/detection.ts';
import { podNetworkWarnings, warningEvents } from './warning-events.ts';

/**
 * The least TTD that each alert declares, against the soonest that it can be made to fire by an outage that shows at the worst instant of its
 * loop: never sooner than declared, and not much later, or the bound would be worth nothing.
 */

const { fast } = profiles;
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let cluster: FakeCluster;
let answer: (on: string) => string | number;
let watching: Watching | undefined;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  vi.setSystemTime(1_760_000_000_000);
  answer = () => '';
  cluster = fakeCluster();
  cluster.handler = ({ on }) => answer(on);
  cluster.api.podStates = [fakePod('a', 'web-1'), fakePod('a', 'web-2')];
});
afterEach(async () => {
  const ended = watching?.end();
  await later(0);
  await ended;
  watching = undefined;
  vi.useRealTimers();
});

/** How long after `onset` it fires, in ms: the onset comes `beforeMs` before its fifth look. */
async function ttdOf(detector: Detector, onset: () => void, beforeMs = 1): Promise<number> {
  watching = start(detector, cluster);
  const firing = (): boolean => watching?.readings.some((r) => r.state === 'firing') ?? false;
  await later(4 * detector.periodMs(fast) - beforeMs);
  expect(firing()).toBe(false);
  onset();
  const began = performance.now();
  for (let waited = 0; !firing(); waited++) {
    if (waited > 600_000) throw new Error(`${detector.id} never fired`);
    await later(1);
  }
  return performance.now() - began;
}

const event = (reason: string, message: string, object: string, type: 'Normal' | 'Warning' = 'Warning') => {
  cluster.api.pushEvent(fakeEvent(reason, message, { type, object, namespace: 'a', lastEpochMs: Date.now() }));
};
const restarted = (name: string, restarts: number) => {
  cluster.api.pushPod(
    fakePod('a', name, {
      containers: [{ name: 'main', ready: true, restarts, state: 'running', startedEpochMs: 0 }],
    }),
  );
};
const says = (text: string | number) => () => {
  answer = () => text;
};

describe('an alert whose next look may come at once has no least TTD', () => {
  const alarms: readonly (readonly [Detector, before: string, onset: () => void])[] = [
    [agentLog(), '', says('t stdout F BPF program is too large')],
    [crashFile(), '', says('_opt_gateway.0.crash\n')],
    [datastoreErrors(kubeadm), '0\n', says('6\nx y z context canceled')],
    [interfaceChurn(), '1000 7', says('1000 77')],
    [memoryAvailable(kubeadm), '500 768', says('5 768')],
    [nodeRebooted(), '1000', says('1060')],
    [postgresPanic(), '', says('PANIC:  could not locate a valid checkpoint record')],
    [postgresUp(), 'up', says('down')],
    [
      nodeNotReady(),
      '',
      () => {
        cluster.api.nodeStates[1] = fakeNodeState('fake-worker', { ready: false });
      },
    ],
    [
      oomKilled(),
      '',
      () => {
        event('SystemOOM', 'System OOM encountered', 'Node/fake-worker2');
      },
    ],
    [
      warningEvents({ expects: podNetworkWarnings }),
      '',
      () => {
        event('BackOff', 'x', 'Pod/web-1');
      },
    ],
    [
      livenessReadiness(),
      '',
      () => {
        event('Unhealthy', 'Readiness probe failed: x', 'Pod/web-1');
        cluster.api.pushPod(fakePod('a', 'web-1', { ready: false }));
      },
    ],
    [
      restartCount({ over: 10, scope: 'cluster' }),
      '',
      () => {
        restarted('web-1', 11);
      },
    ],
    [
      corednsFatal(),
      '',
      () => {
        cluster.streams[0]?.push('fatal [FATAL] plugin/loop');
        cluster.streams[0]?.push('beat 1');
      },
    ],
  ];
  it.each(alarms.map((each) => [each[0].id, ...each] as const))('%s', async (_id, detector, before, onset) => {
    answer = () => before;
    expect([detector.leastTtdMs(fast), detector.leastTtdMs(profiles.stock)]).toEqual([0, 0]);
    expect(await ttdOf(detector, onset)).toBeLessThanOrEqual(1);
  });
});

describe('an alert that counts something out is never sooner than it declares', () => {
  const within = (ttd: number, detector: Detector, slackMs: number): void => {
    expect(ttd).toBeGreaterThanOrEqual(detector.leastTtdMs(fast));
    expect(ttd).toBeLessThanOrEqual(detector.leastTtdMs(fast) + slackMs);
  };

  it('pods-not-running counts looks; the one under way at the onset was begun a period ago, and still sees it', async () => {
    const detector = podsNotRunning();
    expect(detector.leastTtdMs(fast)).toBe(fast.pollMs);
    let slowMs = 0;
    const { api } = cluster;
    api.replicas = async () => {
      // The answer is of when it comes.
      if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
      return api.replicaCount ?? { desired: 2, ready: 2 };
    };
    slowMs = fast.pollMs - 1;
    const ttd = await ttdOf(
      detector,
      () => {
        api.replicaCount = { desired: 2, ready: 0 };
        slowMs = 0;
      },
      2,
    );
    within(ttd, detector, 3);
  });

  it('probe-failing counts intended starts; the request under way at the onset fails as well', async () => {
    const detector = probeFailing({ sli: 'dns', streak: 3 });
    expect(detector.leastTtdMs(fast)).toBe(250);
    expect(probeFailing({ sli: 'dns', streak: 1 }).leastTtdMs(fast)).toBe(0);
    const onsetMs = 999;
    const request = (n: number): Sample => {
      const intendedMs = n * 250;
      // Answers take just under a period; from the onset on everything fails at once, what is under way too.
      const ok = intendedMs + 249 < onsetMs;
      const endedMs = ok ? intendedMs + 249 : Math.max(onsetMs, intendedMs);
      return { sli: 'dns', n, intendedMs, startedMs: intendedMs, endedMs, ok };
    };
    let firedMs = Number.NaN;
    async function* samples(): AsyncGenerator<Sample, void, undefined> {
      for (let n = 0; n < 12 && Number.isNaN(firedMs); n++) {
        const sent = request(n);
        yield sent;
        // The reading of a sample has been taken when the next one is asked for.
        if (watching?.last()?.state === 'firing') firedMs = sent.endedMs;
      }
    }
    watching = start(detector, cluster, samples);
    await later(10);
    within(firedMs - onsetMs, detector, 2);
  });

  it.each([podsTerminating()])('$id counts from its own first sight', async (detector) => {
    const ttd = await ttdOf(detector, () => {
      cluster.api.pushPod(fakePod('a', 'web-1', { terminating: true }));
    });
    within(ttd, detector, 1);
  });

  it("restart-count waits for the kubelet's back-off, however fast the container ends", async () => {
    const detector = restartCount({ over: 4 });
    const ttd = await ttdOf(detector, () => {
      // At once, then after 10, 20 and, by the cap, 30 s each.
      [0, 10, 30, 60, 90].forEach((atS, i) =>
        setTimeout(() => {
          restarted('web-1', i + 1);
        }, atS * 1000),
      );
    });
    within(ttd, detector, fast.scrapeMs);
  });

  it('database-locked waits as long as the datastore waits for the lock', async () => {
    const detector = databaseLocked(k3s);
    answer = () => '0\n';
    const ttd = await ttdOf(detector, () => {
      setTimeout(says('1\n'), 30_000);
    });
    within(ttd, detector, fast.scrapeMs);
  });

  it('lock-holder counts looks; the one under way at the onset may be the first of two', async () => {
    within(
      await ttdOf(lockHolder(k3s, { expects: 'backup' }), says('7 backup\n')),
      lockHolder(k3s, { expects: 'x' }),
      fast.scrapeMs + 1,
    );
  });

  it('archive-lag counts from the last segment, which is up to one interval and a copy old at the onset', async () => {
    const detector = archiveLag();
    expect(detector.leastTtdMs(fast)).toBe(20_000);
    let lastS = Number.NaN;
    // As `date` and `stat` have it: whole seconds.
    answer = () => String(Number.isNaN(lastS) ? 4 : Math.floor(Date.now() / 1000) - Math.floor(lastS));
    const ttd = await ttdOf(detector, () => {
      lastS = Date.now() / 1000 - 10;
    });
    within(ttd, detector, fast.scrapeMs + 1000);
  });

  it('a node check counts bad results, and before the first of them what it looks for', async () => {
    const bad = nodeCheck(kubeadm, 'check_dnat_rules');
    let exitCode = 0;
    cluster.handler = () => ({ exitCode, stdout: 'CRITICAL', stderr: '' });
    const ttd = await ttdOf(bad, () => {
      exitCode = 2;
    });
    within(ttd, bad, 1);
    // 10 s less 2 s and 4 % of them; 50 s less 10.4 s; and two minutes more for the other attempts, or 16 s.
    const coredns = nodeCheck(kubeadm, 'check_coredns_replicas');
    expect(coredns.leastTtdMs(fast)).toBe(7920 + 16_000);
    expect(coredns.leastTtdMs(profiles.stock)).toBe(39_600 + 120_000);
  });
});

describe('a wall clock that is set back', () => {
  it.each([nodeNotReady(), podsTerminating(), warningEvents({ expects: podNetworkWarnings })])(
    'changes nothing about when $id fires',
    async (detector) => {
      const ttd = await ttdOf(detector, () => {
        vi.setSystemTime(Date.now() - 3_600_000);
        cluster.api.nodeStates[1] = fakeNodeState('fake-worker', { ready: false });
        cluster.api.pushPod(fakePod('a', 'web-1', { terminating: true }));
        cluster.api.pushPod(fakePod('a', 'new', { node: '', phase: 'Pending', ready: false }));
        // Its own time is that of a cluster whose clock has not been set.
        cluster.api.pushEvent(fakeEvent('BackOff', 'x', { namespace: 'a', lastEpochMs: Date.now() + 3_600_000 }));
      });
      expect(ttd).toBeLessThanOrEqual(detector.leastTtdMs(fast) + 1);
    },
  );
});

import { describe, expect, it, vi } from 'vitest';
import { FakeKubeApi, fakeNodeState, fakePod } from '../../test/support/fake-cluster.ts';
import {
  endpointsNotReady,
  nodesNotReady,
  podsNotReady,
  replicasNotReady,
  servicesNotReady,
  waitReady,
} from './ready.ts';

const started = (startedEpochMs: number) =>
  fakePod('a', 'p', { containers: [{ name: 'c', ready: true, restarts: 0, state: 'running', startedEpochMs }] });
const spoke = (heartbeatEpochMs: number) => fakeNodeState('n', { heartbeatEpochMs });
const expected = new Map([['a', 1]]);

describe('what is not ready', () => {
  it('is nothing only when everything is there and Ready', () => {
    expect(nodesNotReady([fakeNodeState('n')])).toBe('');
    expect(nodesNotReady([fakeNodeState('n', { ready: false, reason: 'KubeletNotReady' })])).toMatch(
      /n \(KubeletNotReady\)/,
    );
    expect(podsNotReady(expected, [fakePod('a', 'p')])).toBe('');
    expect(podsNotReady(expected, [])).toBe('0 of 1 pods in a');
    expect(podsNotReady(expected, [fakePod('a', 'p'), fakePod('a', 'q')])).toBe('2 of 1 pods in a');
    expect(replicasNotReady({ desired: 1, ready: 1 })).toBe('');
    expect(replicasNotReady({ desired: 2, ready: 1 })).toMatch(/1 of 2 replicas/);
  });

  it('says what a pod waits for', () => {
    const containers = [{ name: 'c', ready: false, restarts: 3, state: 'CrashLoopBackOff', startedEpochMs: 0 }];
    const waiting = fakePod('a', 'p', { ready: false, containers });
    expect(podsNotReady(expected, [waiting])).toBe('1 pods not ready: a/p (CrashLoopBackOff)');
  });

  it("is a Service's endpoint that a node does not know yet, or that is no more", () => {
    const backends = [
      { target: '10.244.1.2:53', everywhere: true },
      { target: '10.244.2.3:80', everywhere: false },
    ];
    const on = (...targets: string[]) => [{ node: 'n', targets }];
    expect(servicesNotReady(backends, on('10.244.1.2:53'))).toBe('');
    expect(servicesNotReady(backends, on('10.244.1.2:53', '10.244.2.3:80'))).toBe('');
    expect(servicesNotReady(backends, on())).toMatch(/n \(1 endpoints missing, 0 that are gone\)/);
    expect(servicesNotReady(backends, on('10.244.1.2:53', '10.244.1.9:53'))).toMatch(/n \(0 endpoints missing, 1 /);
  });

  it("is a Service's endpoint that is of no pod of today, and a pod that is no endpoint yet", () => {
    const service = (addresses: readonly string[], selector: object = { selector: { app: 'p' } }) => [
      { namespace: 'a', name: 's', addresses, backends: [], ...selector },
    ];
    const pods = [
      fakePod('a', 'p', { address: '10.244.1.2' }),
      fakePod('a', 'another', { address: '10.244.1.3' }),
      fakePod('b', 'p', { address: '10.244.1.4' }),
      fakePod('a', 'ended', { labels: { app: 'p' }, phase: 'Succeeded', ready: false, address: '10.244.1.5' }),
    ];
    expect(endpointsNotReady(service(['10.244.1.2']), pods)).toBe('');
    // As after a restore, before the endpoint controller has begun: those of the day of the snapshot, and none when no pod was ready yet.
    expect(endpointsNotReady(service(['10.244.1.9']), pods)).toBe("endpoints not of today's pods: a/s");
    expect(endpointsNotReady(service([]), pods)).toBe("endpoints not of today's pods: a/s");
    expect(endpointsNotReady(service(['10.244.1.2', '10.244.1.9']), pods)).toMatch(/a\/s/);
    expect(endpointsNotReady(service(['172.18.0.2'], {}), pods)).toBe('');
  });

  // Kubernetes writes whole seconds: what it says of the second in which the restore began is of today.
  it('counts from the second of the restore on', () => {
    expect(nodesNotReady([spoke(5000)], 5700)).toBe('');
    expect(nodesNotReady([spoke(4000)], 5700)).toBe('no word yet from n');
    expect(podsNotReady(expected, [started(5000)], 5700)).toBe('');
    expect(podsNotReady(expected, [started(4000)], 5700)).toBe('1 pods not ready: a/p (not started yet)');
  });
});

describe('waitReady', () => {
  it('asks for pods only when the nodes have spoken, for replicas only when the pods run, and for Services last', async () => {
    const api = new FakeKubeApi();
    const asked: string[] = [];
    const ask =
      <T>(what: string, answers: readonly T[]) =>
      (): Promise<T> => {
        const answer = answers[Math.min(asked.filter((one) => one === what).length, answers.length - 1)];
        asked.push(what);
        return answer === undefined ? Promise.reject(new Error('nothing to say')) : Promise.resolve(answer);
      };
    const service = (address: string) => ({
      namespace: 'a',
      name: 's',
      selector: { app: 'p' },
      addresses: [address],
      backends: [{ target: `${address}:53`, everywhere: true }],
    });
    Object.assign(api, {
      nodes: ask('nodes', [[fakeNodeState('n', { ready: false })], [fakeNodeState('n')]]),
      pods: ask('pods', [[fakePod('a', 'p', { ready: false })], [fakePod('a', 'p')]]),
      replicas: ask('replicas', [{ desired: 1, ready: 1 }]),
      services: ask('services', [[service('10.244.1.8')], [service('10.244.1.1')]]),
    });
    const rules = ['10.244.1.9:53', '10.244.1.1:53'];
    const exec = () => Promise.resolve({ exitCode: 0, stdout: `${rules.shift() ?? ''}\n`, stderr: '' });
    const nodes = [{ name: 'n', role: 'worker', address: '10.0.0.2' }] as const;
    const workstation = () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
    await waitReady(
      { api, workstation, nodes, exec },
      { pods: expected, timeoutMs: 60_000 },
      new AbortController().signal,
    );
    const whole = ['nodes', 'pods', 'replicas', 'services'];
    expect(asked).toEqual(['nodes', 'nodes', 'pods', ...whole, ...whole, ...whole]);
    expect(rules).toEqual([]);
  });

  it('says every ten seconds what is still missing', async () => {
    const api = new FakeKubeApi();
    api.nodeStates = [fakeNodeState('n')];
    api.podStates = [fakePod('a', 'p', { ready: false })];
    let looks = 0;
    api.pods = () => {
      if (++looks === 8) api.podStates = [fakePod('a', 'p')];
      return Promise.resolve(api.podStates);
    };
    const now = vi.spyOn(performance, 'now').mockImplementation(() => looks * 4000);
    const told: string[] = [];
    try {
      const workstation = () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
      const cluster = { api, nodes: [], workstation, exec: workstation };
      const onProgress = (what: string) => void told.push(`${looks * 4} s: ${what}`);
      await waitReady(cluster, { pods: expected, timeoutMs: 60_000, onProgress }, new AbortController().signal);
    } finally {
      now.mockRestore();
    }
    const what = 'still waiting: 1 pods not ready: a/p (Running)';
    expect(told).toEqual([`12 s: ${what}`, `24 s: ${what}`]);
  });
});

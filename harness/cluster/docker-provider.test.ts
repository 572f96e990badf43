import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { profiles } from '../model/profile.ts';
import { millis } from '../model/units.ts';
import { FakeKubeApi, fakeNodeState, fakePod } from '../../test/support/fake-cluster.ts';
import { createCluster } from './create.ts';
import type { ClusterDeps, NewCluster } from './new.ts';
import type { ClusterSpec } from './spec.ts';
import type { RunProcess } from './process.ts';
import type { FrozenCluster, RestingCluster, RunningCluster } from './provider.ts';
import { restoreCluster } from './snapshot/restore.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

const workload = fileURLToPath(new URL('../../manifests/resurrection', import.meta.url));

describe('a cluster by kind', () => {
  let dir: string;
  let calls: string[];
  let addresses: Map<string, string>;
  let broken: (call: string) => boolean;
  let api: FakeKubeApi;
  let env: Readonly<Record<string, string>> | undefined;

  const run: RunProcess = (file, args, options) => {
    const call = [file, ...args].join(' ');
    calls.push(call);
    const ok = (stdout = '') => Promise.resolve({ exitCode: 0, stdout, stderr: '' });
    if (broken(call)) return Promise.resolve({ exitCode: 1, stdout: '', stderr: 'ERROR: it failed\n' });
    if (call.includes('.State') || call.includes('.Id}}')) return ok('sha256:0123456789abcdef0123');
    if (file === '/bin/kind') {
      env = options?.env;
      const pairs = (env?.['FIREDRILL_ADDRESSES'] ?? '').split(' ').map((pair) => pair.split('=') as [string, string]);
      for (const [name, address] of pairs) if (!addresses.has(name)) addresses.set(name, address);
      return ok();
    }
    if (args[0] === 'create') {
      const at = (flag: string): string => args[args.indexOf(flag) + 1] ?? '';
      addresses.set(at('--name'), at('--ip'));
    }
    if (call.includes('IPAddress')) {
      const asked = [...addresses].filter(([name]) => args.includes(name));
      if (call.includes('{{.Name}}')) return ok(asked.map(([name, address]) => `/${name}\t${address}`).join('\n'));
      return ok(asked[0]?.[1]);
    }
    if (call.includes('HostPort')) return ok('4711');
    if (call.startsWith('docker ps')) return ok('id1\nid2');
    if (call.includes('kubectl get ns,')) return ok('{"items":[]}');
    if (call.startsWith('docker logs')) return ok('INFO: detected cgroup v1\nINFO: starting init');
    return ok();
  };
  const spec = (): ClusterSpec => ({
    name: 'firedrill-r1-t1',
    runId: 'r1',
    nodeImage: 'node:1',
    workers: 2,
    workloadDir: workload,
    profile: profiles.fast,
    kindBinary: '/bin/kind',
    kubectlBinary: '/bin/kubectl',
    workDir: dir,
    cacheDir: join(dir, 'cache'),
  });
  const deps = (): ClusterDeps => ({ run, api: () => api });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firedrill-kind-'));
    await writeFile(join(dir, 'x'), '');
    calls = [];
    addresses = new Map();
    broken = () => false;
    env = undefined;
    api = new FakeKubeApi();
    api.nodeStates = [fakeNodeState('n')];
    const counts = { convocanvas: 5, librechat: 5, ollama: 4, chromadb: 4, monitoring: 5, firedrill: 1 };
    for (const [ns, n] of Object.entries(counts)) for (let i = 0; i < n; i++) api.podStates.push(fakePod(ns, `p${i}`));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const index = (pattern: RegExp): number => calls.findIndex((call) => pattern.test(call));

  it('puts the fence up before the first node, and takes nodes, fence and network down in that order', async () => {
    const cluster = await createCluster(spec(), deps(), new AbortController().signal);
    expect(index(/^docker network create/)).toBeGreaterThanOrEqual(0);
    expect(index(/docker run .*--network=host/)).toBeGreaterThanOrEqual(0);
    expect(index(/^\/bin\/kind create/)).toBeGreaterThan(index(/docker run .*--network=host/));
    expect(index(/^\/bin\/kind create/)).toBeGreaterThan(index(/^docker network create/));
    expect(index(/^docker update --restart=no firedrill-r1-t1-control-plane/)).toBeGreaterThan(0);
    calls = [];
    await Promise.all([cluster.delete(), cluster.delete()]);
    expect(index(/^docker rm -f -v id1 id2/)).toBeLessThan(index(/--network=host/));
    expect(index(/--network=host/)).toBeLessThan(index(/^docker network rm firedrill-r1-t1/));
    expect(calls.filter((call) => call.startsWith('docker rm'))).toHaveLength(1);
  });

  it('gives kind its own kubeconfig, network, addresses and a resolver that asks nobody outside', async () => {
    process.env['HTTPS_PROXY'] = 'http://proxy.example';
    try {
      await createCluster(spec(), deps(), new AbortController().signal);
    } finally {
      delete process.env['HTTPS_PROXY'];
    }
    expect(calls.find((call) => call.startsWith('/bin/kind'))).toContain(`--kubeconfig ${dir}/kubeconfig`);
    expect(env).toMatchObject({
      KUBECONFIG: `${dir}/kubeconfig`,
      KIND_EXPERIMENTAL_DOCKER_NETWORK: 'firedrill-r1-t1',
      FIREDRILL_RUN_ARGS: '--label firedrill.run=r1 --label firedrill.cluster=firedrill-r1-t1 --dns 127.0.0.1',
    });
    expect(env?.['HTTPS_PROXY']).toBeUndefined();
    expect(await readFile(join(dir, 'kind-path', 'docker'), 'utf8')).toContain('--ip');
  });

  it('opens the fence only when told', async () => {
    await createCluster({ ...spec(), openFence: true }, deps(), new AbortController().signal);
    expect(index(/--network=host/)).toBe(-1);
    expect(env?.['FIREDRILL_RUN_ARGS']).not.toContain('--dns');
  });

  it('takes down what it made when a later part fails, and tells the first error', async () => {
    broken = (call) => call.startsWith('/bin/kind') || call.startsWith('docker network rm');
    await expect(createCluster(spec(), deps(), new AbortController().signal)).rejects.toThrow(
      /kind could not create firedrill-r1-t1 .*it failed/,
    );
    expect(index(/^docker rm -f -v/)).toBeGreaterThan(0);
    expect(index(/^docker network rm/)).toBeGreaterThan(0);
  });

  it('waits for nodes that Docker is still making before it looks for nodes to remove', async () => {
    broken = (call) => call.startsWith('/bin/kind');
    const made: boolean[] = [];
    const slow: RunProcess = async (file, args, options) => {
      const marker = join(dir, 'in-flight', 'firedrill-r1-t1-worker');
      if (file === '/bin/kind') {
        await writeFile(marker, '');
        setTimeout(() => void rm(marker), 20);
      }
      if (args[0] === 'ps') made.push(!existsSync(marker));
      return run(file, args, options);
    };
    await expect(createCluster(spec(), { ...deps(), run: slow }, new AbortController().signal)).rejects.toThrow();
    expect(made).toEqual([true]);
  });

  it('does not go on with a node that has another address', async () => {
    addresses.set('firedrill-r1-t1-worker', '10.0.0.9');
    await expect(createCluster(spec(), deps(), new AbortController().signal)).rejects.toThrow(
      /firedrill-r1-t1-worker has the address 10\.0\.0\.9, not/,
    );
  });

  it('makes the nodes that k3d would, behind the same fence; Docker starts them again, and they go by our label', async () => {
    const cluster = await createCluster({ ...spec(), distribution: 'k3d' }, deps(), new AbortController().signal);
    const names = cluster.nodes.map(({ name, role }) => `${role} ${name}`);
    expect(names).toEqual([
      'control-plane k3d-firedrill-r1-t1-server-0',
      'worker k3d-firedrill-r1-t1-agent-0',
      'worker k3d-firedrill-r1-t1-agent-1',
    ]);
    expect(index(/docker run .*--network=host/)).toBeLessThan(index(/^docker create/));
    expect(index(/^docker update --restart=unless-stopped k3d-firedrill-r1-t1-server-0/)).toBeGreaterThan(0);
    expect(await cluster.environment()).toMatchObject({
      provider: 'docker, as k3d asks it',
      'cluster.origin': 'made by Docker, as k3d asks it',
      distribution: 'k3s on k3d',
    });
    calls = [];
    await cluster.delete();
    expect(index(/^docker ps .*label=firedrill\.cluster=/)).toBeGreaterThanOrEqual(0);
    expect(index(/^docker ps .*label=firedrill\.cluster=firedrill-r1-t1/)).toBeLessThan(
      index(/^docker rm -f -v id1 id2/),
    );
  });

  it('refuses names that are not ours and clusters without workers', async () => {
    await expect(createCluster({ ...spec(), name: 'mine' }, deps(), new AbortController().signal)).rejects.toThrow(
      /named/,
    );
    await expect(createCluster({ ...spec(), workers: 0 }, deps(), new AbortController().signal)).rejects.toThrow(
      /workers/,
    );
    expect(calls).toEqual([]);
  });

  it('switches a node off, once more without an error, and its reboot switches it on', async () => {
    const cluster = await createCluster(spec(), deps(), new AbortController().signal);
    calls = [];
    await cluster.powerOff('firedrill-r1-t1-worker2');
    expect(calls).toEqual(['docker kill --signal KILL firedrill-r1-t1-worker2']);
  });

  it('lets a node start itself again after a panic so many times, and never because Docker was started', async () => {
    const cluster = await createCluster(spec(), deps(), new AbortController().signal);
    calls = [];
    await cluster.onPanic('firedrill-r1-t1-worker', 'reboot');
    await cluster.onPanic('firedrill-r1-t1-worker', 'halt');
    expect(calls).toEqual([
      'docker update --restart=on-failure:30 firedrill-r1-t1-worker',
      'docker update --restart=no firedrill-r1-t1-worker',
    ]);
  });

  it('says after a reboot when Docker gave the node another address', async () => {
    const cluster = await createCluster(spec(), deps(), new AbortController().signal);
    calls = [];
    await cluster.reboot('firedrill-r1-t1-worker', { timeoutMs: millis(1000) });
    expect(index(/^docker kill --signal KILL firedrill-r1-t1-worker/)).toBeLessThan(index(/^docker start/));
    addresses.set('firedrill-r1-t1-worker', '10.0.0.9');
    await expect(cluster.reboot('firedrill-r1-t1-worker')).rejects.toThrow(/came back as 10\.0\.0\.9/);
  });

  it('is built when its pods are there, and handed over when those of the build are', async () => {
    const run = () => {
      calls.push('build');
      api.podStates.push(fakePod('policy', 'webhook', { ready: false }));
      setTimeout(() => {
        calls.push('webhook is ready');
        api.podStates.splice(-1, 1, fakePod('policy', 'webhook'));
      }, 300);
      return Promise.resolve();
    };
    await createCluster({ ...spec(), build: { key: 'b', run } }, deps(), new AbortController().signal);
    expect(index(/^build/)).toBeGreaterThan(index(/deploy\.sh/));
    expect(calls).toContain('webhook is ready');
  });

  it('says while it waits for its pods what is not ready yet', async () => {
    const pods = api.podStates;
    let looks = 0;
    api.pods = () => {
      api.podStates = ++looks < 4 ? pods.slice(1) : pods;
      return Promise.resolve(api.podStates);
    };
    const real = performance.now.bind(performance);
    const now = vi.spyOn(performance, 'now').mockImplementation(() => real() + looks * 6000);
    const told: string[] = [];
    try {
      const onProgress = (what: string) => void told.push(what);
      await createCluster({ ...spec(), onProgress }, deps(), new AbortController().signal);
    } finally {
      now.mockRestore();
    }
    expect(told).toContain('still waiting: 4 of 5 pods in convocanvas');
  });

  it('is restored at the addresses of its snapshot, and takes its disks away with it', async () => {
    const [name, prefix] = [spec().name, '10.201.7'];
    const asked = (node: string, port: number) => [
      ...['--name', node, '--volume', '/var', `--publish=127.0.0.1:0:${port}/TCP`, 'kind:1'],
    ];
    const nodes = ['control-plane', 'worker', 'worker2'].map((role, at) => ({
      ...{ name: `${name}-${role}`, image: `image:${at}`, sha256: 's' },
      asked: asked(`${name}-${role}`, [6443, 30080, 30432][at] ?? 0),
    }));
    const snapshot: Snapshot = {
      ...{ schemaVersion: 1, key: 'k', cluster: name, subnet: `${prefix}.0/24`, epochMs: 0, pods: {}, bytes: 1 },
      ...{ kubeconfig: 'server: https://127.0.0.1:1\n', base: { id: 'b', sha256: 's', bytes: 1 }, nodes },
    };
    const restoring: RunProcess = async (file, args, options) => {
      const [ip, node] = ['--ip', '--name'].map((flag) => args[args.indexOf(flag) + 1] ?? '');
      if (args.includes('--ip')) addresses.set(node ?? '', ip ?? '');
      if (args[0] === 'volume') return { exitCode: 0, stdout: 'firedrill-snapshots', stderr: '' };
      if (options?.input?.includes('lay_out') === true) for (const at of [0, 1, 2]) options.onLine?.(`there: ${at}`);
      return await run(file, args, options);
    };
    const now = Date.now() + 60_000;
    api.nodeStates = [fakeNodeState('n', { heartbeatEpochMs: now })];
    api.podStates = api.podStates.map((pod) => ({
      ...pod,
      containers: pod.containers.map((container) => ({ ...container, startedEpochMs: now })),
    }));
    const given = { ...deps(), run: restoring };
    const cluster = await restoreCluster(spec(), snapshot, given, new AbortController().signal);
    expect(cluster.nodes.map(({ address }) => address)).toEqual([11, 12, 13].map((last) => `${prefix}.${last}`));
    expect(calls.find((call) => call.startsWith('docker network create'))).toContain(`--subnet ${prefix}.0/24`);
    expect(await readFile(cluster.kubeconfig, 'utf8')).toMatch(/127\.0\.0\.1:\d{2,}/);
    expect(index(/^\/bin\/kind create/)).toBe(-1);
    expect(await cluster.environment()).toMatchObject({ 'cluster.origin': 'restored from a snapshot' });
    calls = [];
    await cluster.delete();
    expect(index(/^docker rm -f -v/)).toBeGreaterThanOrEqual(0);
    expect(index(/docker run .*firedrill-snapshots:\/store/)).toBeGreaterThan(index(/^docker rm -f -v/));
  });

  it('is handed over from its rest to the next trial, also when the folder of the last one is gone', async () => {
    const { signal } = new AbortController();
    const first = await createCluster(spec(), deps(), signal);
    await writeFile(first.kubeconfig, 'of the cluster');
    const resting = await first.atRest(signal);
    expect([...resting.fingerprint.keys()]).toEqual([]);
    await rm(dir, { recursive: true });
    calls = [];
    const second = await resting.handOver({ workDir: join(dir, 'next'), facts: { of: 'the next' } }, signal);
    expect(index(/^\/bin\/kind|^docker (run|start|network)/)).toBe(-1);
    expect(second.nodes).toEqual(first.nodes);
    expect(second.endpoint('web')).toEqual(first.endpoint('web'));
    expect(await readFile(join(dir, 'next', 'kubeconfig'), 'utf8')).toBe('of the cluster');
    expect(await second.environment()).toMatchObject({ 'cluster.origin': 'reset in place', of: 'the next' });
  });
});

it('does not compile what a cluster is not ready for', () => {
  expectTypeOf<NewCluster>().not.toHaveProperty('nodes');
  expectTypeOf<NewCluster>().not.toHaveProperty('workstation');
  expectTypeOf<RunningCluster>().not.toHaveProperty('handOver');
  expectTypeOf<RestingCluster>().not.toHaveProperty('exec');
  expectTypeOf<FrozenCluster>().not.toHaveProperty('exec');
  expectTypeOf<Snapshot>().not.toExtend<FrozenCluster>();
});

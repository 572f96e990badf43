import { setMaxListeners } from 'node:events';
import { expect, vi } from 'vitest';
import { fakeCluster } from '../support/fake-cluster.ts';
import { clusterFacts } from '../../harness/cluster/facts.ts';
import { kubeadmPlatform } from '../../harness/cluster/kubeadm/platform.ts';
import { takeFingerprint } from '../../harness/cluster/fingerprint.ts';
import { nodeLogs } from '../../harness/cluster/logs.ts';
import { powerOf } from '../../harness/cluster/power.ts';
import { waitReady } from '../../harness/cluster/ready.ts';
import {
  emptyNode,
  releaseControlPlane,
  releaseWorker,
  stopKubelet,
  stopLeaders,
} from '../../harness/cluster/kubeadm/rest.ts';
import type { Detector } from '../../harness/model/detector.ts';
import { profiles } from '../../harness/model/profile.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { instant } from '../../harness/model/units.ts';

interface Typed {
  readonly on: unknown;
  readonly command: string;
}

/** Every command of a scenario, whatever it is part of: steps, witnesses, checks. */
export function* commandsOf(value: unknown): Generator<Typed> {
  if (typeof value !== 'object' || value === null) return;
  if ('command' in value && typeof value.command === 'string' && 'on' in value) yield value as Typed;
  for (const child of Object.values(value)) yield* commandsOf(child);
}

/** What an alert asks of nodes in its first moment, each command once; at a time of the test's, one after another. */
export async function askedBy(detector: Detector): Promise<readonly string[]> {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  const cluster = fakeCluster();
  const end = new AbortController();
  const samples = async function* () {
    await new Promise((resolve) => {
      end.signal.addEventListener('abort', resolve);
    });
    yield* [];
  };
  const watching = (async () => {
    const context = { cluster, signal: end.signal, now: () => Date.now(), samples };
    for await (const reading of detector.watch(context, profiles.fast)) expect(reading.state).toBeTypeOf('string');
  })();
  await vi.advanceTimersByTimeAsync(100);
  end.abort(new Error('that was the first moment'));
  await watching.catch(() => undefined);
  vi.useRealTimers();
  return [...new Set(cluster.calls.map(({ command }) => command))];
}

/** What detectors and probes ask of nodes in their first moment. */
export async function asked(scenario: Scenario): Promise<readonly string[]> {
  const cluster = fakeCluster();
  const moment = AbortSignal.timeout(150);
  setMaxListeners(0, moment);
  const samples = async function* () {
    await new Promise((resolve) => {
      moment.addEventListener('abort', resolve);
    });
    yield* [];
  };
  const context = { cluster, signal: moment, now: () => instant(performance.now()), samples };
  await Promise.allSettled([
    ...scenario.detectors.map(async (detector) => {
      for await (const reading of detector.watch(context, profiles.fast)) expect(reading.state).toBeTypeOf('string');
    }),
    ...scenario.probes.map(async (probe) => {
      const session = await probe.open({ cluster, now: context.now, signal: moment });
      await session.attempt(1, moment).catch(() => undefined);
      await session.close();
    }),
  ]);
  return cluster.calls.filter(({ on }) => on !== 'workstation').map(({ command }) => command);
}

/** What the cluster's own code runs on nodes. */
export async function ownCommands(): Promise<readonly string[]> {
  const cluster = fakeCluster({ exec: () => ({ exitCode: 0, stdout: '', stderr: '' }) });
  const signal = AbortSignal.timeout(5000);
  const docker = () => Promise.resolve('INFO: detected cgroup v1\nINFO: starting init');
  const run = () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
  const spec = { nodeImage: '', kindBinary: 'kind', profile: profiles.fast };
  await clusterFacts(cluster, { spec, docker, run, platform: kubeadmPlatform });
  await takeFingerprint(cluster, undefined, signal).catch(() => undefined);
  await waitReady(cluster, { pods: new Map(), timeoutMs: 5000 }, signal).catch(() => undefined);
  await nodeLogs(cluster, 0, signal);
  const exec: typeof cluster.exec = (...given) => cluster.exec(...given);
  await powerOf(docker, { network: 'n', nodes: [], exec }, kubeadmPlatform.boot).reboot(cluster.nodes[0]?.name ?? '');
  return [
    ...cluster.calls.filter(({ on }) => on !== 'workstation').map(({ command }) => command),
    ...[stopKubelet, stopLeaders, emptyNode('worker'), emptyNode('control-plane'), releaseControlPlane],
    releaseWorker('10.0.0.2'),
  ];
}

import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import type { RuleSet } from '../alerts/live/rule-set.ts';
import { startAlertStack } from '../alerts/live/stack.ts';
import { alertTimes } from '../alerts/live/times.ts';
import { containersOf } from '../cluster/containers.ts';
import { dockerCli } from '../cluster/docker.ts';
import { dockerProvider } from '../cluster/docker-provider.ts';
import { nodePorts } from '../cluster/ports.ts';
import { workloadDir } from '../cluster/manifests.ts';
import { freshSource, snapshotSource, type ClusterBase } from '../cluster/provide.ts';
import { distributions } from '../distributions/all.ts';
import { startLoad } from '../load/k6.ts';
import { FiredrillError } from '../model/errors.ts';
import { profiles } from '../model/profile.ts';
import { claim, withLock } from '../host/lock.ts';
import { registerRun, type RunRegistration } from '../registry/registry.ts';
import { startSampling } from '../sampling/sampler.ts';
import { askDocker } from '../host/docker.ts';
import { realRunner } from '../host/run.ts';
import { cacheDir, stateDir } from '../host/folders.ts';
import { inotifyOfRoot } from '../host/inotify.ts';
import { inotifyRoomFor, monitoringMemory, roomFor, type Need } from '../setup/need.ts';
import { makeReady } from '../setup/ready.ts';
import { deadline } from '../host/time.ts';
import { buildOf } from './build.ts';
import { needOf } from './estimate.ts';
import { readHost } from './guard.ts';
import { monitoringImages, stackImages } from './monitoring.ts';
import type { RunOptions } from './options.ts';
import type { OwnedCluster, TrialDeps } from './trial-spec.ts';

/** A machine on which trials can run. */
export interface Machine {
  /** The image that every node is made from. */
  readonly nodeImage: string;
  readonly deps: TrialDeps;
  /** Begins to make the next trial's cluster, where that is another one than the last one's. */
  readonly prepareNext: () => void;
  /** The run is over: what was kept for another trial goes. */
  close(): Promise<void>;
}

/** Whether another cluster can be made while the last one is still there. */
async function roomForAnother({ memoryBytes, nodes }: Need): Promise<boolean> {
  if (roomFor(memoryBytes, freemem()) < 1) return false;
  const inotify = await inotifyOfRoot();
  return inotify === undefined || inotifyRoomFor(nodes, inotify) >= 1;
}

/** Requests a second that k6 sends: enough to see a bad second, little enough for two cores. */
const loadPerSecond = 10;

/**
 * Makes the machine ready (Docker, images, kind, kubectl: whatever is missing is fetched or built, saying so) and ties the
 * rooms together for the trials of one run.
 *
 * @throws FiredrillError `environment` with what is missing and how to mend it
 */
export async function prepareMachine(options: RunOptions, runId: string, runDir: string): Promise<Machine> {
  const { scenario, onProgress, signal } = options;
  const workload = workloadDir(scenario.cluster.workload);
  if (!existsSync(workload))
    throw new FiredrillError(
      'usage',
      `scenario ${options.scenarioId} wants the workload ${scenario.cluster.workload}, which is not there`,
      {
        hint: 'ls manifests',
      },
    );
  const bare = await needOf(options.scenarioId, scenario, options.parallel);
  const beside = options.rules === undefined ? 0 : monitoringMemory;
  const need = { ...bare, memoryBytes: bare.memoryBytes + beside };
  const optional = options.rules === undefined ? [] : monitoringImages;
  const { images, kindBinary, kubectlBinary } = await makeReady({ ...options, need, optional }, onProgress, signal);
  const registration = registerRun({ runId, scenario: options.scenarioId, runDir });
  let count = 0;
  const base: ClusterBase = {
    runId,
    nodeImage: images.node,
    ...(options.distribution === undefined ? {} : { distribution: options.distribution }),
    workers: scenario.cluster.workers,
    workloadDir: workload,
    profile: profiles[options.profile],
    kindBinary,
    kubectlBinary,
    // One cache, FIREDRILL_CACHE included: the provider's own default knows only XDG's.
    cacheDir: cacheDir(),
    openFence: options.openFence,
    facts: { 'trials.at-once': String(options.parallel) },
    ...buildOf(scenario.build),
  };
  const provider = dockerProvider();
  const docker = await askDocker(realRunner, signal);
  /** Where a trial writes. */
  const written = [dirname(runDir), cacheDir(), ...(docker === undefined ? [] : [docker.rootDir])];
  const slots = join(stateDir(), 'slots');
  const source = options.fresh
    ? freshSource(base, () => `firedrill-${runId}-${++count}`)
    : await snapshotSource(
        base,
        {
          claim: (name) => claim(join(slots, name)),
          alone: (work) => withLock(join(slots, 'snapshot'), work, { signal }),
        },
        signal,
        // One that waits for its next trial would take CPU from the other run's.
        options.shared === undefined ? {} : { resetInPlace: false },
      );
  /** How a cluster and all that belongs to it is taken away for good, by name. */
  const removals = new Map<string, () => Promise<void>>();
  let made = 0;

  const provide = async (own: AbortSignal, onNote: (text: string) => void): Promise<OwnedCluster> => {
    const name = await source.reserve();
    const workDir = join(stateDir(), 'work', `${name}-${runId}-${++made}`);
    const resources = resourcesOf(name, workDir);
    for (const resource of resources) registration.intend(resource);
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    const releaseAll = async () => {
      await rm(workDir, { recursive: true, force: true });
      for (const resource of resources) registration.released(resource);
    };
    try {
      const cluster = await source.provide({ name, workDir, onProgress: onNote }, own);
      const remove = cluster.delete.bind(cluster);
      removals.set(name, async () => {
        await remove();
        removals.delete(name);
        await releaseAll();
      });
      return Object.assign(cluster, {
        delete: async () => {
          using patience = deadline(30_000, signal);
          if (!signal.aborted && (await source.giveBack(cluster, patience.signal))) {
            await rm(workDir, { recursive: true, force: true });
            registration.released({ kind: 'dir', name: workDir });
          } else await removals.get(name)?.();
        },
      });
    } catch (error) {
      // One that was kept from the last trial and could not be taken over is still there.
      await removals
        .get(name)?.()
        .catch(() => undefined);
      // The source has taken down what it made. Only what is seen to be gone is released: the rest is for `clean`.
      using patience = deadline(20_000);
      const left = await provider.list(patience.signal).catch(() => undefined);
      if (left !== undefined && !left.some((one) => one.name.startsWith(name))) await releaseAll();
      throw error;
    }
  };
  const startAlerts =
    (rules: RuleSet): NonNullable<TrialDeps['startAlerts']> =>
    ({ cluster, clock, signal: own }) =>
      startAlertStack({
        images: stackImages(images),
        rules,
        times: alertTimes(profiles[options.profile]),
        cluster,
        distribution: distributions[options.distribution ?? 'kubeadm'],
        slis: scenario.probes.map(({ sli }) => sli),
        runId,
        workDir: join(cluster.kubeconfig, '..'),
        zeroEpochMs: clock.wallEpochMs,
        nowMs: () => clock.now(),
        signal: own,
      });
  /** The cluster of the next trial, on its way while the last one winds down. */
  let ahead: Promise<OwnedCluster | undefined> | undefined;

  return {
    nodeImage: images.node,
    close: async () => {
      try {
        const unused = await ahead?.catch(() => undefined);
        if (unused !== undefined) await removals.get(unused.name)?.();
        for (const name of source.spares()) await removals.get(name)?.();
      } finally {
        registration.end();
      }
    },
    prepareNext: () => {
      if (ahead !== undefined || source.takesBack() || signal.aborted) return;
      ahead = roomForAnother(need).then((room) => (room ? provide(signal, () => undefined) : undefined));
      // Told to the trial that wants it.
      ahead.catch(() => undefined);
    },
    deps: {
      keepCluster: (cluster) => {
        registration.keep({ name: cluster.name, kubeconfig: cluster.kubeconfig });
      },
      createCluster: async (trialSignal, onNote) => {
        const waiting = ahead;
        ahead = undefined;
        // What failed beforehand is tried again, where somebody sees why it fails.
        const ready = await waiting?.catch(() => undefined);
        return ready ?? (await provide(trialSignal, onNote));
      },
      ...(options.rules === undefined ? {} : { startAlerts: startAlerts(options.rules) }),
      ...(options.responders === undefined ? {} : { responders: options.responders }),
      readHost: () => readHost(written),
      nodeLogs: (cluster, since, signal) => provider.logs(cluster, since, signal, options.distribution),
      startSampling: async (given) =>
        startSampling({ ...given, containers: await containersOf(dockerCli(), given.cluster.name, given.signal) }),
      startLoad: ({ cluster, clock, maxSeconds, onSecond, signal: loadSignal }) => {
        const targets =
          scenario.users?.(cluster) ?? cluster.nodes.map((node) => `http://${node.address}:${nodePorts.web}/`);
        if (targets.length === 0) return Promise.resolve({ stop: () => Promise.resolve() });
        return startLoad({
          image: images.k6,
          cluster,
          runId,
          targets,
          ratePerSecond: loadPerSecond,
          maxSeconds,
          zeroEpochMs: clock.wallEpochMs,
          onSecond,
          signal: loadSignal,
        });
      },
    },
  };
}

/** Everything that a trial's cluster may leave behind, in the registry's words. */
function resourcesOf(name: string, workDir: string): readonly Parameters<RunRegistration['intend']>[0][] {
  return [
    { kind: 'dir', name: workDir },
    { kind: 'network', name },
    { kind: 'fence', name },
    { kind: 'cluster', name },
  ];
}

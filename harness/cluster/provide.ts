import { rm } from 'node:fs/promises';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { containersOf } from './containers.ts';
import { clusterPrefix, dockerCli, linesOf, type Docker } from './docker.ts';
import { differences, type Fingerprint } from './fingerprint.ts';
import { dockerProvider } from './docker-provider.ts';
import { projectManifests } from './manifests.ts';
import { runProcess, type RunProcess } from './process.ts';
import type { ClusterProvider, RestingCluster, RunningCluster } from './provider.ts';
import type { ClusterSpec } from './spec.ts';
import { snapshotDisks } from './snapshot/disks.ts';
import { snapshotKey, SnapshotUnusable } from './snapshot/snapshot.ts';
import { snapshotStore, type SnapshotStore } from './snapshot/store.ts';

/** Where clusters of one kind come from. */
export interface ClusterSource {
  /** A name that no other cluster has now, here or in another process. Its node names, addresses and certificates follow from it. */
  reserve(): Promise<string>;
  /** A healthy cluster with its workload, under a reserved name. */
  provide(spec: Pick<ClusterSpec, 'name' | 'workDir' | 'onProgress'>, signal: AbortSignal): Promise<RunningCluster>;
  /**
   * Takes back a cluster whose trial is over, its fault undone and its probes stopped: true when it is kept for the next trial,
   * because nothing of the drill is left on it; else the caller deletes it.
   */
  giveBack(cluster: RunningCluster, signal: AbortSignal): Promise<boolean>;
  /** Whether `giveBack` may still take one: else the next trial's cluster is another one for certain, and can be made beforehand. */
  takesBack(): boolean;
  /** Names of clusters that were kept and not used again, to be deleted. */
  spares(): readonly string[];
}

/** A source that makes every cluster again. */
export function freshSource(base: ClusterBase, nameOf: () => string): ClusterSource {
  return {
    reserve: () => Promise.resolve(nameOf()),
    provide: (given, signal) => dockerProvider().create({ ...base, ...given }, signal),
    giveBack: () => Promise.resolve(false),
    takesBack: () => false,
    spares: () => [],
  };
}

/** Everything of a cluster but what differs between trials. */
export type ClusterBase = Omit<ClusterSpec, 'name' | 'workDir' | 'onProgress'>;

/** What processes on one machine must not do at the same time. */
export interface Gate {
  /** Takes a name for as long as this process lives; false when another has it. */
  claim(name: string): Promise<boolean>;
  /** Does something while no other process does. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** After so many undos in a row that left something behind, the first rung is no longer tried in this run. */
const patienceWithUndo = 2;

/** Seams for tests and benchmarks; the defaults are the real things. */
export interface SourceDeps {
  /** Whether the first rung is tried at all. */
  readonly resetInPlace?: boolean;
  readonly docker?: Docker;
  readonly run?: RunProcess;
  readonly store?: SnapshotStore;
  readonly provider?: Pick<ClusterProvider, 'create' | 'restore'>;
}

/**
 * Clusters by a ladder, the cheapest rung first:
 *
 * 1. the cluster of the last trial, when its undo left nothing behind (`fingerprint.ts` says what is compared);
 * 2. one restored from a snapshot;
 * 3. one that is made anew.
 *
 * The first time one is made, frozen and becomes the snapshot; even its own run
 * goes on with a restored one, so that all trials begin alike. A snapshot that is damaged, or of which nothing healthy comes,
 * is thrown away and made again. Where none can be taken (no room), clusters are made anew, saying so.
 *
 * A name is a slot: there is a snapshot for each cluster that runs side by side with others, because names and addresses stand
 * in certificates.
 *
 * @throws FiredrillError `environment` when Docker or kind does not answer
 */
export async function snapshotSource(
  base: ClusterBase,
  gate: Gate,
  signal: AbortSignal,
  deps: SourceDeps = {},
): Promise<ClusterSource> {
  const { docker = dockerCli(), run = runProcess, provider = dockerProvider() } = deps;
  const [imageId, kind] = await Promise.all([
    docker(['image', 'inspect', '-f', '{{.Id}}', base.nodeImage], { signal }),
    run(base.kindBinary, ['version', '-q'], { timeoutMs: 10_000, signal }),
  ]);
  const key = await snapshotKey(base, {
    imageId,
    kindVersion: kind.stdout.trim(),
    sharedManifests: projectManifests,
  });
  const store = deps.store ?? snapshotStore(docker, snapshotDisks(docker, base.nodeImage));
  /** Reserved, and not there yet: until then nothing in Docker tells of it. */
  const inUse = new Set<string>();
  let hopeless = false;
  /** Clusters as they were when they were new, by name, and those of them that wait for their next trial. */
  const golden = new Map<string, Fingerprint>();
  const spare = new Map<string, RestingCluster>();
  /** How often in a row an undo left something behind: a scenario whose drills always do is not asked for ever. */
  let refusals = 0;
  /** Why a cluster was not used again, for the next trial's record. */
  const refused = new Map<string, string>();

  const takesBack = (): boolean => deps.resetInPlace !== false && refusals < patienceWithUndo;

  /** Makes a cluster anew and turns it into the snapshot. */
  const make = async (spec: ClusterSpec, own: AbortSignal): Promise<void> => {
    spec.onProgress?.('creating the cluster that all others are copied from (once)');
    const cluster = await provider.create(spec, own);
    try {
      spec.onProgress?.('taking the snapshot');
      await store.publish(await cluster.freeze(key, own), own);
    } finally {
      await cluster.delete();
      // What it was made from may be asked for again, should the snapshot not be sound.
      await rm(spec.workDir, { recursive: true, force: true });
    }
  };

  const restoreOrCreate = async (spec: ClusterSpec, own: AbortSignal): Promise<RunningCluster> => {
    const find = async () => (await store.list(own)).find((one) => one.cluster === spec.name && one.key === key);
    for (let attempt = 1; attempt <= 2 && !hopeless; attempt++) {
      let snapshot = await find();
      try {
        if (snapshot === undefined) {
          await gate.alone(() => make({ ...spec, workDir: `${spec.workDir}/snapshot` }, own));
          snapshot = await find();
        }
        if (snapshot !== undefined) return await provider.restore(spec, snapshot, own);
      } catch (error) {
        own.throwIfAborted();
        spec.onProgress?.(`not from a snapshot: ${oneLine(error)}`);
        if (snapshot === undefined) hopeless = true;
        else if (error instanceof SnapshotUnusable) await store.remove(snapshot, own);
        else break;
      }
    }
    return await provider.create(spec, own);
  };

  /** A cluster under a reserved name: the last trial's, else one restored or made. */
  const take: ClusterSource['provide'] = async (given, trialSignal) => {
    const { name } = given;
    const kept = spare.get(name);
    if (kept !== undefined) {
      spare.delete(name);
      return await kept.handOver({ ...given, facts: { ...base.facts } }, trialSignal);
    }
    const why = refused.get(name);
    refused.delete(name);
    const facts = { ...base.facts, ...(why === undefined ? {} : { 'cluster.not-reset-in-place': why }) };
    const spec = { ...base, ...given, facts };
    const cluster = await restoreOrCreate(spec, trialSignal);
    golden.delete(name);
    if (takesBack()) {
      try {
        golden.set(name, (await cluster.atRest(trialSignal)).fingerprint);
      } catch (error) {
        await cluster.delete().catch(() => undefined);
        throw error;
      }
    }
    return cluster;
  };

  return {
    async reserve() {
      for (const name of spare.keys()) {
        if (inUse.has(name)) continue;
        inUse.add(name);
        return name;
      }
      for (let slot = 0; slot < 100; slot++) {
        const name = `${clusterPrefix}${key.slice(0, 6)}-${slot}`;
        if (inUse.has(name)) continue;
        // At once: another block of this run may be asking, too.
        inUse.add(name);
        // A cluster that was kept, or left behind by a run that was killed, has its name for as long as it is there.
        if ((await gate.claim(name)) && !(await nameIsTaken(docker, name, signal))) return name;
        inUse.delete(name);
      }
      throw new FiredrillError('environment', 'a hundred clusters of this kind exist already', {
        hint: 'npm run firedrill -- clean --kept',
      });
    },
    provide: (given, trialSignal) => take(given, trialSignal).finally(() => inUse.delete(given.name)),
    async giveBack(cluster, own) {
      const before = golden.get(cluster.name);
      if (before === undefined) {
        refused.set(cluster.name, `not tried: ${patienceWithUndo} undos in a row left something behind`);
        return false;
      }
      try {
        const resting = await cluster.atRest(own);
        const left = differences(before, resting.fingerprint);
        if (left.length === 0) {
          refusals = 0;
          spare.set(cluster.name, resting);
          return true;
        }
        refusals++;
        const shown = left.slice(0, 3).map((line) => line.replaceAll(`${cluster.name}-`, '').slice(0, 120));
        refused.set(cluster.name, `${left.length} differences: ${shown.join('; ')}`);
      } catch (error) {
        refused.set(cluster.name, oneLine(error));
      }
      return false;
    },
    takesBack,
    spares: () => [...spare.keys()],
  };
}

/** Whether Docker has anything under a cluster's name: nodes, its network. */
async function nameIsTaken(docker: Docker, name: string, signal: AbortSignal): Promise<boolean> {
  const [nodes, networks] = await Promise.all([
    containersOf(docker, name, signal),
    docker(['network', 'ls', '-q', '--filter', `name=^${name}$`], { signal }),
  ]);
  return nodes.length + linesOf(networks).length > 0;
}

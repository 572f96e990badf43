import { mkdir } from 'node:fs/promises';
import type { Cluster, KubeApi } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { removeNetwork, removeNodes } from './containers.ts';
import { dockerCli, labels, type Docker } from './docker.ts';
import { dockerFence, type Fence } from './fence.ts';
import type { Platform } from './platform.ts';
import { platformOf } from './platforms.ts';
import { projectManifests, writeManifests, type ManifestFolder } from './manifests.ts';
import { bridgeOf, createNetwork, type ClusterNetwork } from './network.ts';
import { execInNode } from './nodes.ts';
import { cniPackages } from './packages.ts';
import { runProcess, type RunProcess } from './process.ts';
import { snapshotDisks, type SnapshotDisks } from './snapshot/disks.ts';
import { checkSpec, type ClusterSpec } from './spec.ts';
import { together } from './together.ts';
import { workstationPaths } from './workstation.ts';

/** Seams for tests; the defaults are the real things. */
export interface ClusterDeps {
  readonly run?: RunProcess;
  readonly api?: (kubeconfig: string) => KubeApi;
  readonly fence?: (docker: Docker, image: string) => Fence;
  /** Folder with flannel.yaml, CoreDNS' patches and instruments.yaml; default: the project's `manifests/`. */
  readonly manifests?: string;
}

/** What every cluster needs before its first node: a network behind its fence, the repository, the packages. */
export interface Prepared {
  readonly net: ClusterNetwork;
  readonly manifests: ManifestFolder;
  readonly packages: string | undefined;
}

/** A cluster that has a name and no node yet: what it is made with, and how what has been made of it is taken down at any moment. */
export class NewCluster {
  readonly spec: ClusterSpec;
  readonly deps: ClusterDeps;
  readonly platform: Platform;
  /** Its nodes' disks lie in the volume of the snapshots. */
  readonly onCopies: boolean;
  /** The names of its nodes, the control plane first. */
  readonly names: readonly string[];
  readonly kubeconfig: string;
  readonly run: RunProcess;
  readonly docker: Docker;
  readonly disks: SnapshotDisks;
  /** How long each part of its start took, as facts for the record. */
  readonly seconds: Record<string, string> = {};
  readonly exec: Cluster['exec'];
  readonly #fence: Fence;
  #deleting: Promise<void> | undefined;

  /** @throws FiredrillError `usage` or `internal` for a bad spec */
  constructor(spec: ClusterSpec, deps: ClusterDeps, onCopies: boolean) {
    checkSpec(spec);
    this.spec = spec;
    this.deps = deps;
    this.platform = platformOf(spec);
    this.onCopies = onCopies;
    this.names = this.platform.names(spec.name, spec.workers);
    this.kubeconfig = workstationPaths(spec.workDir).kubeconfig;
    const run = deps.run ?? runProcess;
    this.run = run;
    this.docker = dockerCli(run);
    this.disks = snapshotDisks(this.docker, spec.nodeImage);
    this.exec = (node, command, options = {}) => execInNode(node, command, options, run);
    this.#fence = (deps.fence ?? dockerFence)(this.docker, spec.nodeImage);
  }

  /** Starts it by `work`; what was made is taken down again when that fails. */
  async orDelete<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // The first error is the one to tell; what cannot be removed now is for `clean`.
      await this.delete().catch(() => undefined);
      throw error;
    }
  }

  /** Does a part of the start, saying so, and keeps how long it took. */
  async timed<T>(key: string, what: string, work: () => Promise<T>): Promise<T> {
    this.spec.onProgress?.(what);
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.seconds[`seconds.${key}`] = ((performance.now() - from) / 1000).toFixed(1);
    }
  }

  /** @param subnet this one and no other: a restored cluster's addresses stand in its certificates */
  async prepare(signal: AbortSignal, subnet?: string): Promise<Prepared> {
    await mkdir(this.spec.workDir, { recursive: true });
    await this.#checkImage(signal);
    const [net, manifests, packages] = await together([
      this.#makeNetwork(signal, subnet),
      this.writeManifests(),
      this.packages(signal),
    ]);
    return { net, manifests, packages };
  }

  writeManifests(): Promise<ManifestFolder> {
    const { workloadDir, workDir, profile } = this.spec;
    const shared = this.deps.manifests ?? projectManifests;
    return writeManifests({
      shared,
      workloadDir,
      workDir,
      nodes: this.names,
      profile,
      network: !this.platform.bringsNetwork,
      dnsPatch: this.platform.dnsPatch,
    });
  }

  /** The folder of the CNI plugins as packages, where reinstalling them takes any. */
  async packages(signal: AbortSignal): Promise<string | undefined> {
    const { nodeImage: image, runId, cacheDir: cache } = this.spec;
    const runLabel = `${labels.run}=${runId}`;
    const { plugins: from } = this.platform;
    if (from === undefined) return undefined;
    return await cniPackages(this.docker, { image, runLabel, from, ...(cache === undefined ? {} : { cache }) }, signal);
  }

  /** Whether the fence is in place at this moment; `open` when there is to be none. */
  async fenceFact(net: ClusterNetwork): Promise<'open' | 'stands' | 'BROKEN'> {
    if (this.spec.openFence === true) return 'open';
    return (await this.#fence.stands(this.spec.name, net.bridge)) ? 'stands' : 'BROKEN';
  }

  /** Takes away whatever there is of it by now: nodes with their volumes, the fence and the network. May be called again. */
  delete(): Promise<void> {
    const { name, workDir, openFence } = this.spec;
    this.#deleting ??= (async () => {
      // The fence goes after the last node and before the network, whose label says how it was put up.
      await this.platform.made?.(workDir);
      await removeNodes(this.docker, name);
      const removeDisks = this.onCopies ? this.disks.remove('live', name) : undefined;
      const openUp = openFence === true ? undefined : this.#fence.remove(name);
      await together([removeDisks, Promise.resolve(openUp).then(() => removeNetwork(this.docker, name))]);
    })().catch((error: unknown) => {
      this.#deleting = undefined;
      throw error;
    });
    return this.#deleting;
  }

  async #checkImage(signal: AbortSignal): Promise<void> {
    try {
      await this.docker(['image', 'inspect', '-f', '{{.Id}}', this.spec.nodeImage], { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new FiredrillError('environment', `Docker has no node image ${this.spec.nodeImage}: ${oneLine(error)}`, {
        hint: 'npm run firedrill -- doctor',
        cause: error,
      });
    }
  }

  async #makeNetwork(signal: AbortSignal, subnet?: string): Promise<ClusterNetwork> {
    const { name: cluster, runId, nodeImage: helperImage, openFence } = this.spec;
    // The fence goes by the bridge's name, which is known before there is a bridge.
    const fence = openFence === true ? undefined : this.#fence.install(cluster, bridgeOf(cluster), signal);
    const given = { cluster, runId, helperImage, ...(subnet === undefined ? {} : { subnet }) };
    const [net] = await together([createNetwork(this.docker, given, signal), Promise.resolve(fence)]);
    return net;
  }
}

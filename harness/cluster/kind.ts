import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type {
  Cluster,
  Endpoint,
  EndpointName,
  ExecOptions,
  ExecResult,
  KubeApi,
  NodeInfo,
  NodeStream,
} from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { NodeSelector } from '../model/step.ts';
import { chosenEndpoints, endpointsBy, nodesAt, type Endpoints } from './addresses.ts';
import { kubeApi } from './api.ts';
import { removeNetwork, removeNodes } from './containers.ts';
import { dockerCli, labels, type Docker } from './docker.ts';
import { kindFacts } from './facts.ts';
import { dockerFence, type Fence } from './fence.ts';
import { takeFingerprint, type Fingerprint } from './fingerprint.ts';
import { nodeNames } from './kind-config.ts';
import { kindCreate, nodesMade } from './kind-create.ts';
import { looksBy } from './looks.ts';
import { projectManifests, writeManifests, type ManifestFolder } from './manifests.ts';
import { mustOnWorkstation } from './must.ts';
import { bridgeOf, createNetwork, type ClusterNetwork } from './network.ts';
import { attachToNode, execInNode } from './nodes.ts';
import { cniPackages } from './packages.ts';
import { powerOf, type Power } from './power.ts';
import { runProcess, type RunProcess } from './process.ts';
import { waitReady } from './ready.ts';
import { selectNodes } from './select.ts';
import { snapshotDisks, type SnapshotDisks } from './snapshot/disks.ts';
import { freezeCluster } from './snapshot/freeze.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot/snapshot.ts';
import { kubeconfigAt, portsFor, startNodes } from './snapshot/start.ts';
import { checkSpec, type ClusterSpec } from './spec.ts';
import { together } from './together.ts';
import { createWorkstation, workstationPaths, type Workstation } from './workstation.ts';

/** Seams for tests; the defaults are the real things. */
export interface ClusterDeps {
  readonly run?: RunProcess;
  readonly api?: (kubeconfig: string) => KubeApi;
  readonly fence?: (docker: Docker, image: string) => Fence;
  /** Folder with flannel.yaml, coredns.patch.yaml and instruments.yaml; default: the project's `manifests/`. */
  readonly manifests?: string;
}

/** A cluster and the right to take it down. */
export interface OwnedCluster extends Cluster {
  /** Stops it for good and archives its disks; see `snapshotSource`. Only of one that kind made. */
  freeze(key: string, signal: AbortSignal): Promise<Snapshot>;
  /** Takes away what probes wrote, and tells what there is then: the measure of a reset in place. Nothing may run on it. */
  atRest(signal: AbortSignal): Promise<Fingerprint>;
  /** The same cluster for another trial, with a work folder of its own; the old one is no longer to be used. */
  handOver(given: Pick<ClusterSpec, 'workDir' | 'onProgress' | 'facts'>, signal: AbortSignal): Promise<OwnedCluster>;
  /** Takes away nodes with their volumes, the fence and the network. May be called again. */
  delete(): Promise<void>;
}

const readyTimeoutMs = 180_000;
/** A restored cluster that takes so long is no faster than a new one. */
const restoreTimeoutMs = 90_000;

/**
 * Starts a cluster with its network and its workload by kind, and resolves when everything in it is Ready. What was made is
 * taken down again when this fails or is aborted half-way.
 *
 * @throws FiredrillError `usage` for a bad spec, `environment` when Docker, kind or the workload fails, with what it said
 */
export function createCluster(spec: ClusterSpec, deps: ClusterDeps, signal: AbortSignal): Promise<OwnedCluster> {
  return started(spec, deps, (cluster) => cluster.start(signal));
}

/**
 * Starts a cluster from a snapshot, under the snapshot's own name; the workload and its data are in it. Like `createCluster`
 * in all else.
 *
 * @throws SnapshotUnusable when the snapshot must not be used again
 */
export function restoreCluster(
  spec: ClusterSpec,
  snapshot: Snapshot,
  deps: ClusterDeps,
  signal: AbortSignal,
): Promise<OwnedCluster> {
  return started(spec, deps, (cluster) => cluster.restore(snapshot, signal));
}

async function started(
  spec: ClusterSpec,
  deps: ClusterDeps,
  start: (cluster: KindCluster) => Promise<void>,
): Promise<OwnedCluster> {
  checkSpec(spec);
  const cluster = new KindCluster(spec, deps);
  try {
    await start(cluster);
    return cluster;
  } catch (error) {
    // The first error is the one to tell; what cannot be removed now is for `clean`.
    await cluster.delete().catch(() => undefined);
    throw error;
  }
}

interface Prepared {
  readonly net: ClusterNetwork;
  readonly manifests: ManifestFolder;
  readonly packages: string;
}

class KindCluster implements OwnedCluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly network: string;
  readonly api: KubeApi;
  readonly nodes: readonly NodeInfo[] = [];
  readonly #spec: ClusterSpec;
  readonly #run: RunProcess;
  readonly #docker: Docker;
  readonly #fence: Fence;
  readonly #sharedManifests: string;
  readonly #disks: SnapshotDisks;
  readonly #power: Power;
  readonly #deps: ClusterDeps;
  #net: ClusterNetwork | undefined;
  #workstation: Workstation | undefined;
  #endpoints: Endpoints = new Map();
  #seconds: Record<string, string> = {};
  #deleting: Promise<void> | undefined;
  /** Which rung of the ladder it came by. */
  #origin: 'made by kind' | 'restored from a snapshot' | 'reset in place' = 'made by kind';
  /** Its nodes' disks lie in the volume of the snapshots. */
  #onCopies = false;
  #manifests: ManifestFolder | undefined;
  #kubeconfigText: string | undefined;

  constructor(spec: ClusterSpec, deps: ClusterDeps) {
    this.#spec = spec;
    this.#deps = deps;
    this.name = spec.name;
    this.network = spec.name;
    this.kubeconfig = workstationPaths(spec.workDir).kubeconfig;
    this.#run = deps.run ?? runProcess;
    this.#docker = dockerCli(this.#run);
    this.#fence = (deps.fence ?? dockerFence)(this.#docker, spec.nodeImage);
    this.#disks = snapshotDisks(this.#docker, spec.nodeImage);
    this.#power = powerOf(this.#docker, this);
    this.#sharedManifests = deps.manifests ?? projectManifests;
    this.api = (deps.api ?? kubeApi)(this.kubeconfig);
  }

  /** By kind, from nothing. */
  async start(signal: AbortSignal): Promise<void> {
    const spec = this.#spec;
    const names = nodeNames(spec.name, spec.workers);
    const { net, manifests, packages } = await this.#timed('prepare', 'making the network and its fence', () =>
      this.#prepare(names, signal),
    );
    await this.#timed('nodes', `starting ${names.length} nodes`, () =>
      kindCreate(spec, { names, net, kubeconfig: this.kubeconfig }, this.#run, signal),
    );
    await this.#timed('settle', 'checking addresses and ports', async () => {
      await this.#docker(['update', '--restart=no', ...names], { signal });
      await this.#checkAddresses(names, signal);
      this.#endpoints = await chosenEndpoints(this.#docker, this.nodes, signal);
    });
    await this.#makeWorkstation(manifests, packages);
    await this.#timed('deploy', 'deploying the network and the workload', () => this.#deploy(signal));
    await this.#timed('ready', 'waiting until every pod is ready', () =>
      waitReady(this, { pods: manifests.pods, timeoutMs: readyTimeoutMs }, signal),
    );
    const { seed } = manifests.data;
    if (seed !== undefined) {
      await this.#timed('seed', 'importing the data', () =>
        mustOnWorkstation(this, `sh "${seed}"`, 'importing the data', signal),
      );
    }
  }

  /**
   * From a snapshot: the same nodes with the same names, addresses and certificates, started on a copy of its disks.
   * @throws SnapshotUnusable when the snapshot is damaged, or when what was started of it does not become healthy
   */
  async restore(snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    const spec = this.#spec;
    const names = nodeNames(spec.name, spec.workers);
    this.#origin = 'restored from a snapshot';
    this.#onCopies = true;
    const sinceEpochMs = Date.now();
    const prepared = await this.#timed('nodes', `copying the disks of ${names.length} nodes and starting them`, () =>
      this.#startRestored(snapshot, names, signal),
    );
    await this.#timed('settle', 'checking addresses', () => this.#checkAddresses(names, signal));
    await this.#makeWorkstation(prepared.manifests, prepared.packages);
    try {
      await this.#timed('ready', 'waiting until every pod is ready', () =>
        waitReady(this, { pods: prepared.manifests.pods, timeoutMs: restoreTimeoutMs, sinceEpochMs }, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      throw new SnapshotUnusable(`what was restored did not become healthy: ${oneLine(error)}`, error);
    }
  }

  freeze(key: string, signal: AbortSignal): Promise<Snapshot> {
    const subnet = this.#net?.subnet ?? '';
    const given = { key, spec: this.#spec, subnet, docker: this.#docker, disks: this.#disks };
    return freezeCluster(this, given, signal);
  }

  /** What every cluster needs before its first node: a network behind its fence, the repository, the packages. */
  async #prepare(names: readonly string[], signal: AbortSignal, subnet?: string): Promise<Prepared> {
    const spec = this.#spec;
    await mkdir(spec.workDir, { recursive: true });
    await this.#checkImage(signal);
    const [net, manifests, packages] = await together([
      this.#makeNetwork(signal, subnet),
      this.#writeManifests(names),
      this.#packages(signal),
    ]);
    return { net, manifests, packages };
  }

  async #startRestored(snapshot: Snapshot, names: readonly string[], signal: AbortSignal): Promise<Prepared> {
    const ports = await portsFor(snapshot);
    this.#endpoints = endpointsBy(ports);
    const prepared = this.#prepare(names, signal, snapshot.subnet);
    const given = { cluster: this, spec: this.#spec, prepared, ports, docker: this.#docker, disks: this.#disks };
    const [ready] = await together([prepared, startNodes(snapshot, given, signal)]);
    await writeFile(this.kubeconfig, kubeconfigAt(snapshot, ports), { mode: 0o600 });
    return ready;
  }

  async atRest(signal: AbortSignal): Promise<Fingerprint> {
    const { reset, state } = this.#manifests?.data ?? {};
    if (reset !== undefined) await mustOnWorkstation(this, `sh "${reset}"`, 'taking away what probes wrote', signal);
    // Its folder goes with the trial.
    this.#kubeconfigText = await readFile(this.kubeconfig, 'utf8');
    return await takeFingerprint(this, state, signal);
  }

  async handOver(
    given: Pick<ClusterSpec, 'workDir' | 'onProgress' | 'facts'>,
    signal: AbortSignal,
  ): Promise<OwnedCluster> {
    const next = new KindCluster({ ...this.#spec, ...given }, this.#deps);
    await next.#adopt(this, signal);
    return next;
  }

  async #adopt(old: KindCluster, signal: AbortSignal): Promise<void> {
    const spec = this.#spec;
    this.#origin = 'reset in place';
    this.#onCopies = old.#onCopies;
    this.#net = old.#net;
    this.#endpoints = old.#endpoints;
    await this.#timed('prepare', 'taking the cluster of the last trial, which is as it was before it', async () => {
      await mkdir(spec.workDir, { recursive: true });
      const names = old.nodes.map((node) => node.name);
      const [manifests, packages] = await Promise.all([this.#writeManifests(names), this.#packages(signal)]);
      await writeFile(this.kubeconfig, old.#kubeconfigText ?? '', { mode: 0o600 });
      await this.#checkAddresses(names, signal);
      await this.#makeWorkstation(manifests, packages);
    });
  }

  #writeManifests(nodes: readonly string[]): Promise<ManifestFolder> {
    const { workloadDir, workDir, profile } = this.#spec;
    return writeManifests({ shared: this.#sharedManifests, workloadDir, workDir, nodes, profile });
  }

  #packages(signal: AbortSignal): Promise<string> {
    const { nodeImage: image, runId, cacheDir: cache } = this.#spec;
    const runLabel = `${labels.run}=${runId}`;
    return cniPackages(this.#docker, { image, runLabel, ...(cache === undefined ? {} : { cache }) }, signal);
  }

  async #makeWorkstation(manifests: ManifestFolder, packages: string): Promise<void> {
    this.#manifests = manifests;
    const { workDir, kubectlBinary: kubectl, kindBinary: kind } = this.#spec;
    this.#workstation = await createWorkstation(
      { workDir, manifests: manifests.dir, packages, nodes: this.nodes, tools: { kubectl, kind } },
      this.#run,
    );
  }

  async #timed<T>(key: string, what: string, work: () => Promise<T>): Promise<T> {
    this.#spec.onProgress?.(what);
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.#seconds[`seconds.${key}`] = ((performance.now() - from) / 1000).toFixed(1);
    }
  }

  async #checkImage(signal: AbortSignal): Promise<void> {
    try {
      await this.#docker(['image', 'inspect', '-f', '{{.Id}}', this.#spec.nodeImage], { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new FiredrillError('environment', `Docker has no node image ${this.#spec.nodeImage}: ${oneLine(error)}`, {
        hint: 'firedrill doctor',
        cause: error,
      });
    }
  }

  async #makeNetwork(signal: AbortSignal, subnet?: string): Promise<ClusterNetwork> {
    const spec = this.#spec;
    // The fence goes by the bridge's name, which is known before there is a bridge.
    const fence = spec.openFence === true ? undefined : this.#fence.install(spec.name, bridgeOf(spec.name), signal);
    const network = createNetwork(
      this.#docker,
      {
        cluster: spec.name,
        runId: spec.runId,
        helperImage: spec.nodeImage,
        ...(subnet === undefined ? {} : { subnet }),
      },
      signal,
    ).then((net) => (this.#net = net));
    const [net] = await together([network, Promise.resolve(fence)]);
    return net;
  }

  /** Reads the nodes' addresses and holds them against what they were given. */
  async #checkAddresses(names: readonly string[], signal?: AbortSignal): Promise<void> {
    if (this.#net === undefined) return;
    (this as { nodes: readonly NodeInfo[] }).nodes = await nodesAt(this.#docker, this.#net, names, signal);
  }

  async #deploy(signal: AbortSignal): Promise<void> {
    // The API may refuse for a moment while its admission plugins start (a namespace's default service account).
    for (let attempt = 1; ; attempt++) {
      try {
        await mustOnWorkstation(this, 'sh "$MANIFESTS/deploy.sh"', 'deploying the workload', signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (attempt >= 3) throw error;
      }
    }
  }

  select(selector: NodeSelector): readonly NodeInfo[] {
    return selectNodes(this.nodes, selector);
  }

  exec(node: string, command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return execInNode(node, command, options, this.#run);
  }

  readonly look: Cluster['look'] = looksBy(attachToNode);

  workstation(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const workstation = this.#workstation;
    if (!workstation) return Promise.reject(new FiredrillError('internal', 'the workstation is not there yet'));
    return workstation.run(command, options);
  }

  attach(node: string, command: string, signal: AbortSignal): NodeStream {
    return attachToNode(node, command, signal);
  }

  endpoint(name: EndpointName): Endpoint {
    const found = this.#endpoints.get(name);
    if (!found) throw new FiredrillError('internal', `no endpoint ${name}`);
    return found;
  }

  reboot(node: string, options?: ExecOptions): Promise<void> {
    return this.#power.reboot(node, options);
  }

  powerOff(node: string, options?: ExecOptions): Promise<void> {
    return this.#power.powerOff(node, options);
  }

  onPanic(node: string, then: 'reboot' | 'halt', options?: ExecOptions): Promise<void> {
    return this.#power.onPanic(node, then, options);
  }

  async environment(): Promise<Readonly<Record<string, string>>> {
    const spec = this.#spec;
    const [facts, fence, addresses] = await Promise.all([
      kindFacts(this, { spec, docker: this.#docker, run: this.#run }),
      this.#net && spec.openFence !== true ? this.fenceStands() : Promise.resolve(false),
      this.#checkAddresses(this.nodes.map((n) => n.name)).then(() => 'pinned', oneLine),
    ]);
    return {
      ...facts,
      fence: spec.openFence === true ? 'open' : fence ? 'stands' : 'BROKEN',
      subnet: this.#net?.subnet ?? '',
      addresses: `${addresses}: ${this.nodes.map((n) => `${n.name}=${n.address}`).join(' ')}`,
      'cluster.origin': this.#origin,
      ...spec.facts,
      ...this.#seconds,
    };
  }

  /** Whether the fence is in place at this moment. */
  async fenceStands(): Promise<boolean> {
    return this.#net !== undefined && (await this.#fence.stands(this.name, this.#net.bridge));
  }

  delete(): Promise<void> {
    this.#deleting ??= (async () => {
      // The fence goes after the last node and before the network, whose label says how it was put up.
      await nodesMade(this.#spec.workDir);
      await removeNodes(this.#docker, this.name);
      const removeDisks = this.#onCopies ? this.#disks.remove('live', this.name) : undefined;
      const openUp = this.#spec.openFence === true ? undefined : this.#fence.remove(this.name);
      await together([removeDisks, Promise.resolve(openUp).then(() => removeNetwork(this.#docker, this.name))]);
    })().catch((error: unknown) => {
      this.#deleting = undefined;
      throw error;
    });
    return this.#deleting;
  }
}

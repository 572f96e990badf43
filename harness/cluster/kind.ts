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
import type { Profile } from '../model/profile.ts';
import type { NodeSelector } from '../model/step.ts';
import { millis } from '../model/units.ts';
import { kubeApi } from './api.ts';
import { killNode, removeNetwork, removeNodes } from './containers.ts';
import { clusterPrefix, dockerCli, labels, linesOf, type Docker } from './docker.ts';
import { dockerFence, type Fence } from './fence.ts';
import { takeFingerprint, type Fingerprint } from './fingerprint.ts';
import { entryNode, nodeNames, nodePorts, timerFacts } from './kind-config.ts';
import { askedFor, kindCreate, nodeRunArgs, nodesMade } from './kind-create.ts';
import { projectManifests, writeManifests, type ManifestFolder } from './manifests.ts';
import { bridgeOf, createNetwork, type ClusterNetwork } from './network.ts';
import { attachToNode, execInNode } from './nodes.ts';
import { cniPackages } from './packages.ts';
import { freePorts } from './ports.ts';
import { runProcess, type RunProcess } from './process.ts';
import { waitReady } from './ready.ts';
import { selectNodes } from './select.ts';
import { sleep } from './sleep.ts';
import { basePath, snapshotDisks, type NodeDisk, type SnapshotDisks } from './snapshot/disks.ts';
import {
  deleteLeases,
  emptyNode,
  releaseControlPlane,
  releaseWorker,
  stopKubelet,
  stopLeaders,
} from './snapshot/quiesce.ts';
import { publishedPorts, restoreArgs, SnapshotUnusable, type Snapshot } from './snapshot/snapshot.ts';
import { snapshotImage } from './snapshot/store.ts';
import { together } from './together.ts';
import { createWorkstation, workstationPaths, type Workstation } from './workstation.ts';

/** What a cluster is made from. */
export interface ClusterSpec {
  /** Begins with `firedrill-`; lower-case letters, digits and dashes; at most 40 characters, for node names come from it. */
  readonly name: string;
  readonly runId: string;
  /** A node image that this Docker has, with everything that the cluster runs in it: nothing is pulled from inside. */
  readonly nodeImage: string;
  /** At least 1. */
  readonly workers: number;
  /** Folder with the workload's YAML (`manifests/<name>`). */
  readonly workloadDir: string;
  readonly profile: Profile;
  readonly kindBinary: string;
  readonly kubectlBinary: string;
  /** A folder of this trial alone; gets the kubeconfig, the workstation and its back-up folder. Not removed by `delete`. */
  readonly workDir: string;
  /** Lets the cluster reach the outside. Never by default. */
  readonly openFence?: boolean;
  /** Where unpacked packages are kept over runs; default ~/.cache/firedrill. */
  readonly cacheDir?: string;
  /** Facts for the trial's record besides those that the cluster knows itself. */
  readonly facts?: Readonly<Record<string, string>>;
  /** What is being done, for people. */
  readonly onProgress?: (what: string) => void;
}

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

function checkSpec(spec: ClusterSpec): void {
  const name = JSON.stringify(spec.name);
  if (!spec.name.startsWith(clusterPrefix) || !/^[a-z0-9][a-z0-9-]{0,39}$/.test(spec.name)) {
    throw new FiredrillError(
      'internal',
      `a cluster cannot be named ${name}: 'firedrill-' and at most 30 of a-z, 0-9, -`,
    );
  }
  if (!Number.isInteger(spec.workers) || spec.workers < 1 || spec.workers > 9) {
    throw new FiredrillError('usage', `a cluster needs 1 to 9 workers, not ${spec.workers}`, {
      hint: 'set cluster.workers in the scenario',
    });
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
  readonly #deps: ClusterDeps;
  #net: ClusterNetwork | undefined;
  #workstation: Workstation | undefined;
  #endpoints = new Map<EndpointName, Endpoint>();
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
      await this.#readEndpoints(signal);
    });
    await this.#makeWorkstation(manifests, packages);
    await this.#timed('deploy', 'deploying the network and the workload', () => this.#deploy(signal));
    await this.#timed('ready', 'waiting until every pod is ready', () =>
      waitReady(this, { pods: manifests.pods, timeoutMs: readyTimeoutMs }, signal),
    );
    const { seed } = manifests.data;
    if (seed !== undefined) {
      await this.#timed('seed', 'importing the data', () => this.#must(`sh "${seed}"`, 'importing the data', signal));
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

  /**
   * Brings the cluster to rest and archives its disks; afterwards it can only be deleted. Its nodes are stopped and still there,
   * for `SnapshotStore.publish` to commit.
   */
  async freeze(key: string, signal: AbortSignal): Promise<Snapshot> {
    const spec = this.#spec;
    const [controlPlane, ...workers] = this.nodes;
    if (controlPlane === undefined || this.#net === undefined)
      throw new FiredrillError('internal', 'nothing to freeze');
    const kubeconfig = await readFile(this.kubeconfig, 'utf8');
    await Promise.all(this.nodes.map((node) => this.#mustOn(node.name, stopKubelet, signal)));
    await this.#mustOn(controlPlane.name, stopLeaders, signal);
    await this.#must(deleteLeases, 'deleting the leases', signal);
    await Promise.all(workers.map((node) => this.#mustOn(node.name, emptyNode('worker'), signal)));
    await this.#mustOn(controlPlane.name, emptyNode('control-plane'), signal);
    const names = this.nodes.map((node) => node.name);
    await this.#docker(['kill', ...names], { signal });

    const format = '{{range .Mounts}}{{if eq .Destination "/var"}}{{.Name}}{{end}}{{end}}';
    const volumes = linesOf(await this.#docker(['inspect', '-f', format, ...names], { signal }));
    const imageId = await this.#docker(['image', 'inspect', '-f', '{{.Id}}', spec.nodeImage], { signal });
    const baseId = imageId.replace('sha256:', '').slice(0, 12);
    const saved = await this.#disks.save({ cluster: spec.name, baseId, volumes, runId: spec.runId }, signal);
    return {
      schemaVersion: 1,
      key,
      cluster: spec.name,
      subnet: this.#net.subnet,
      kubeconfig,
      epochMs: Date.now(),
      bytes: saved.nodes.reduce((sum, node) => sum + node.bytes, 0),
      base: { id: baseId, ...saved.base },
      nodes: await Promise.all(
        names.map(async (name, index) => ({
          name,
          image: snapshotImage(spec.name, index),
          sha256: saved.nodes[index]?.sha256 ?? '',
          asked: [...(await askedFor(spec.workDir, name))],
        })),
      ),
    };
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

  /**
   * Nodes are started one by one as their disks are there, the control plane first: the others' are unpacked while it boots. The first
   * one waits for the network and its fence.
   */
  async #startRestored(snapshot: Snapshot, names: readonly string[], signal: AbortSignal): Promise<Prepared> {
    const wanted = snapshot.nodes.flatMap((node) => publishedPorts(node.asked));
    const free = await freePorts(wanted.length);
    const prepared = this.#prepare(names, signal, snapshot.subnet);
    const ports = Object.fromEntries(wanted.map((port, i) => [port, free[i] ?? 0]));
    const endpoints = Object.entries(nodePorts) as [EndpointName, number][];
    this.#endpoints = new Map(
      endpoints.map(([name, port]) => [name, { host: '127.0.0.1', port: ports[`${port}/TCP`] ?? 0 }]),
    );
    const started: Promise<unknown>[] = [];
    const start = async (index: number, { varDir, baseDir }: NodeDisk): Promise<void> => {
      const { net } = await prepared;
      const node = snapshot.nodes[index];
      if (node === undefined || signal.aborted) return;
      const args = restoreArgs(node.asked, { varDir, image: node.image, ports });
      const own = ['--ip', net.nodeAddress(index), '--volume', `${baseDir}:${basePath}:ro`];
      await this.#docker(['run', ...own, ...nodeRunArgs(this.#spec), ...args], { signal });
      const release = index === 0 ? releaseControlPlane : releaseWorker(net.nodeAddress(0));
      await this.#mustOn(node.name, release, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw new SnapshotUnusable(`what was restored does not start: ${oneLine(error)}`, error);
      });
    };
    const onDisk = (index: number, disk: NodeDisk): void => {
      const one = start(index, disk);
      // Told below, when all have ended.
      one.catch(() => undefined);
      started.push(one);
    };
    const unpacked = this.#disks.unpack(snapshot, this.#spec.runId, onDisk, signal);
    const [ready] = await together([prepared, unpacked, unpacked.catch(() => undefined).then(() => together(started))]);
    await writeFile(
      this.kubeconfig,
      snapshot.kubeconfig.replace(/(server: https:\/\/127\.0\.0\.1):\d+/g, `$1:${ports['6443/TCP'] ?? 0}`),
      { mode: 0o600 },
    );
    return ready;
  }

  async atRest(signal: AbortSignal): Promise<Fingerprint> {
    const { reset, state } = this.#manifests?.data ?? {};
    if (reset !== undefined) await this.#must(`sh "${reset}"`, 'taking away what probes wrote', signal);
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
    const net = this.#net;
    if (!net) return;
    const format = `{{.Name}}\t{{(index .NetworkSettings.Networks "${net.name}").IPAddress}}`;
    const rows = linesOf(await this.#docker(['inspect', '-f', format, ...names], signal ? { signal } : {}));
    const actual = new Map(rows.map((row) => row.replace(/^\//, '').split('\t') as [string, string]));
    const nodes = names.map((name, index): NodeInfo => {
      const [address = '', wanted] = [actual.get(name), net.nodeAddress(index)];
      if (address !== wanted) {
        throw new FiredrillError('environment', `node ${name} has the address ${address || 'none'}, not ${wanted}`);
      }
      return { name, role: index === 0 ? 'control-plane' : 'worker', address };
    });
    (this as { nodes: readonly NodeInfo[] }).nodes = nodes;
  }

  async #readEndpoints(signal: AbortSignal): Promise<void> {
    const found = await Promise.all(
      (Object.entries(nodePorts) as [EndpointName, number][]).map(async ([endpoint, port]) => {
        const node = this.nodes[entryNode(endpoint, this.#spec.workers)]?.name ?? '';
        const format = `{{(index (index .HostConfig.PortBindings "${port}/tcp") 0).HostPort}}`;
        const host = await this.#docker(['inspect', '-f', format, node], { signal });
        return [endpoint, { host: '127.0.0.1', port: Number(host) }] as const;
      }),
    );
    this.#endpoints = new Map(found);
  }

  /** Runs a command on the workstation that has to succeed. */
  async #must(command: string, what: string, signal: AbortSignal): Promise<void> {
    const result = await this.workstation(command, { timeoutMs: millis(120_000), signal });
    signal.throwIfAborted();
    if (result.exitCode !== 0) {
      throw new FiredrillError('environment', `${what} failed (exit ${result.exitCode}): ${oneLine(result.stderr)}`);
    }
  }

  /** Runs a command in a node that has to succeed. */
  async #mustOn(node: string, command: string, signal: AbortSignal): Promise<void> {
    const result = await this.exec(node, command, { timeoutMs: millis(60_000), signal });
    signal.throwIfAborted();
    if (result.exitCode !== 0) {
      throw new FiredrillError(
        'environment',
        `in node ${node}: ${oneLine(result.stderr || `exit ${result.exitCode}`)}`,
      );
    }
  }

  async #deploy(signal: AbortSignal): Promise<void> {
    // The API may refuse for a moment while its admission plugins start (a namespace's default service account).
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#must('sh "$MANIFESTS/deploy.sh"', 'deploying the workload', signal);
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

  async reboot(node: string, options: ExecOptions = {}): Promise<void> {
    const signal = options.signal ?? new AbortController().signal;
    const timeoutMs = options.timeoutMs ?? 60_000;
    const deadline = performance.now() + timeoutMs;
    await this.powerOff(node, { signal, timeoutMs: millis(timeoutMs) });
    await this.#docker(['start', node], { signal, timeoutMs: Math.max(1000, deadline - performance.now()) });
    await this.#checkAddress(node, signal);
    for (;;) {
      const result = await this.exec(node, 'true', { signal, timeoutMs: millis(5000) });
      if (result.exitCode === 0) return;
      signal.throwIfAborted();
      if (performance.now() > deadline) {
        throw new FiredrillError('environment', `node ${node} did not come back: ${oneLine(result.stderr)}`);
      }
      await sleep(100, signal);
    }
  }

  async powerOff(node: string, options: ExecOptions = {}): Promise<void> {
    const { signal, timeoutMs = 60_000 } = options;
    const bounds = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    await killNode(this.#docker, node, bounds);
  }

  async onPanic(node: string, then: 'reboot' | 'halt', options: ExecOptions = {}): Promise<void> {
    const { signal, timeoutMs = 30_000 } = options;
    const policy = then === 'reboot' ? 'on-failure:30' : 'no';
    await this.#docker(['update', `--restart=${policy}`, node], {
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #checkAddress(node: string, signal: AbortSignal): Promise<void> {
    const known = this.nodes.find((n) => n.name === node);
    const format = `{{(index .NetworkSettings.Networks "${this.network}").IPAddress}}`;
    const address = await this.#docker(['inspect', '-f', format, node], { signal });
    if (known && known.address !== address) {
      throw new FiredrillError('environment', `node ${node} came back as ${address}, not ${known.address}`);
    }
  }

  async environment(): Promise<Readonly<Record<string, string>>> {
    const spec = this.#spec;
    const controlPlane = this.nodes[0]?.name ?? '';
    const [docker, image, kind, node, fence, addresses] = await Promise.all([
      this.#docker(['version', '-f', '{{.Server.Version}}']),
      this.#docker(['image', 'inspect', '-f', '{{.Id}}', spec.nodeImage]),
      this.#run(spec.kindBinary, ['version', '-q'], { timeoutMs: 10_000 }),
      this.exec(
        controlPlane,
        'uname -r; nproc; cat /kind/version; [ -f /sys/fs/cgroup/cgroup.controllers ] && echo v2 || echo v1; containerd --version | cut -d" " -f3',
        { timeoutMs: millis(10_000) },
      ),
      this.#net && spec.openFence !== true ? this.fenceStands() : Promise.resolve(false),
      this.#checkAddresses(this.nodes.map((n) => n.name)).then(() => 'pinned', oneLine),
    ]);
    const [kernel = '', cpus = '', kubernetes = '', cgroup = '', containerd = ''] = linesOf(node.stdout);
    return {
      provider: 'kind',
      'version.kind': kind.stdout.trim(),
      'version.docker': docker,
      'version.kubernetes': kubernetes,
      'version.containerd': containerd,
      'image.node': spec.nodeImage,
      'image.node-id': image,
      kernel,
      cpus,
      cgroup,
      profile: spec.profile.name,
      ...timerFacts(spec.profile),
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

import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  Cluster,
  Endpoint,
  EndpointName,
  ExecOptions,
  ExecResult,
  KubeApi,
  NodeInfo,
  NodeStream,
  PodState,
} from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { NodeSelector } from '../model/step.ts';
import { millis } from '../model/units.ts';
import { kubeApi } from './api.ts';
import { removeNetwork, removeNodes } from './containers.ts';
import { clusterPrefix, dockerCli, labels, linesOf, type Docker } from './docker.ts';
import { dockerFence, type Fence } from './fence.ts';
import { entryNode, kindConfig, nodeNames, nodePorts, timerFacts } from './kind-config.ts';
import { writeManifests, type ManifestFolder } from './manifests.ts';
import { createNetwork, type ClusterNetwork } from './network.ts';
import { attachToNode, execInNode } from './nodes.ts';
import { cniPackages } from './packages.ts';
import { runProcess, type RunProcess } from './process.ts';
import { selectNodes } from './select.ts';
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
  /** Takes away nodes with their volumes, the fence and the network. May be called again. */
  delete(): Promise<void>;
}

const createTimeoutMs = 300_000;
const readyTimeoutMs = 180_000;
const projectManifests = fileURLToPath(new URL('../../manifests', import.meta.url));

/**
 * Starts a cluster with its network and its workload, and resolves when everything in it is Ready. What was made is taken
 * down again when this fails or is aborted half-way.
 *
 * @throws FiredrillError `usage` for a bad spec, `environment` when Docker, kind or the workload fails, with what it said
 */
export async function createCluster(spec: ClusterSpec, deps: ClusterDeps, signal: AbortSignal): Promise<OwnedCluster> {
  checkSpec(spec);
  const cluster = new KindCluster(spec, deps);
  try {
    await cluster.start(signal);
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

/**
 * kind starts its nodes with `docker run`. This stands before the real one on kind's PATH and gives each node what kind has
 * no setting for: our labels, a fixed address (Docker hands addresses out in start order, so that nodes killed and started
 * in another order would swap theirs and the control plane never come back), and, behind the fence, a resolver that
 * knows the names of this network and nothing else (Docker's own asks the host's resolver from outside the fence; with
 * 127.0.0.1 given it asks inside the node, where nobody listens, and says so at once).
 *
 * A file tells that a node is being made: Docker goes on making it for seconds, unseen in any list, when the client that asked
 * for it is killed.
 *
 * kind outlives a harness that was killed (kill -9) and would go on making nodes after `clean` has looked: without its owner it
 * makes no more, and takes back the one it was making.
 */
const dockerShim = `#!/bin/sh
if [ "$1" = run ]; then
  name=
  previous=
  for argument; do
    if [ "$previous" = --name ]; then name=$argument; fi
    previous=$argument
  done
  for pair in $FIREDRILL_ADDRESSES; do
    if [ "\${pair%%=*}" = "$name" ]; then
      shift
      kill -0 "$FIREDRILL_OWNER" 2>/dev/null || { echo "firedrill is gone: no more nodes" >&2; exit 1; }
      : > "$FIREDRILL_IN_FLIGHT/$name"
      code=0
      "$FIREDRILL_DOCKER" run --ip "\${pair#*=}" $FIREDRILL_RUN_ARGS "$@" || code=$?
      kill -0 "$FIREDRILL_OWNER" 2>/dev/null || { "$FIREDRILL_DOCKER" rm -fv "$name" >/dev/null 2>&1; code=1; }
      rm -f "$FIREDRILL_IN_FLIGHT/$name"
      exit $code
    fi
  done
fi
exec "$FIREDRILL_DOCKER" "$@"
`;

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
  #net: ClusterNetwork | undefined;
  #workstation: Workstation | undefined;
  #endpoints = new Map<EndpointName, Endpoint>();
  #seconds: Record<string, string> = {};
  #deleting: Promise<void> | undefined;

  constructor(spec: ClusterSpec, deps: ClusterDeps) {
    this.#spec = spec;
    this.name = spec.name;
    this.network = spec.name;
    this.kubeconfig = workstationPaths(spec.workDir).kubeconfig;
    this.#run = deps.run ?? runProcess;
    this.#docker = dockerCli(this.#run);
    this.#fence = (deps.fence ?? dockerFence)(this.#docker, spec.nodeImage);
    this.#sharedManifests = deps.manifests ?? projectManifests;
    this.api = (deps.api ?? kubeApi)(this.kubeconfig);
  }

  async start(signal: AbortSignal): Promise<void> {
    const spec = this.#spec;
    await mkdir(spec.workDir, { recursive: true });
    const names = nodeNames(spec.name, spec.workers);

    const [manifests, packages] = await this.#timed('prepare', 'making the network and its fence', async () => {
      await this.#checkImage(signal);
      const rendering = writeManifests({
        shared: this.#sharedManifests,
        workloadDir: spec.workloadDir,
        workDir: spec.workDir,
        nodes: names,
        profile: spec.profile,
      });
      const unpacking = cniPackages(
        this.#docker,
        {
          image: spec.nodeImage,
          runLabel: `${labels.run}=${spec.runId}`,
          ...(spec.cacheDir === undefined ? {} : { cache: spec.cacheDir }),
        },
        signal,
      );
      // All must settle before this can fail: what is half-made would be made after the teardown.
      const [net, rendered, unpacked] = await Promise.allSettled([this.#makeNetwork(signal), rendering, unpacking]);
      if (net.status === 'rejected') throw net.reason;
      if (rendered.status === 'rejected') throw rendered.reason;
      if (unpacked.status === 'rejected') throw unpacked.reason;
      return [rendered.value, unpacked.value] as const;
    });

    await this.#timed('nodes', `starting ${names.length} nodes`, () => this.#kindCreate(names, signal));
    await this.#timed('settle', 'checking addresses and ports', async () => {
      await this.#docker(['update', '--restart=no', ...names], { signal });
      await this.#checkAddresses(names, signal);
      await this.#readEndpoints(signal);
    });
    this.#workstation = await createWorkstation(
      {
        workDir: spec.workDir,
        manifests: manifests.dir,
        packages,
        nodes: this.nodes,
        tools: { kubectl: spec.kubectlBinary, kind: spec.kindBinary },
      },
      this.#run,
    );
    await this.#timed('deploy', 'deploying the network and the workload', () => this.#deploy(signal));
    await this.#timed('ready', 'waiting until every pod is ready', () => this.#waitReady(manifests, signal));
    if (manifests.seed !== undefined) {
      const { seed } = manifests;
      await this.#timed('seed', 'importing the data', () => this.#must(`sh "${seed}"`, 'importing the data', signal));
    }
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

  async #makeNetwork(signal: AbortSignal): Promise<void> {
    const spec = this.#spec;
    const options = { cluster: spec.name, runId: spec.runId, helperImage: spec.nodeImage };
    this.#net = await createNetwork(this.#docker, options, signal);
    if (spec.openFence !== true) await this.#fence.install(spec.name, this.#net.bridge, signal);
  }

  async #kindCreate(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { workDir, kindBinary, nodeImage, runId, openFence } = this.#spec;
    const net = this.#net;
    if (!net) throw new FiredrillError('internal', 'nodes before their network');
    const config = join(workDir, 'kind.yaml');
    await writeFile(config, kindConfig(this.#spec));
    const shims = join(workDir, 'kind-path');
    await mkdir(shims, { recursive: true });
    await mkdir(this.#inFlight, { recursive: true });
    await writeFile(join(shims, 'docker'), dockerShim);
    await chmod(join(shims, 'docker'), 0o755);

    const env: Record<string, string> = {};
    for (const [key, value] of Object.entries(process.env)) {
      // kind hands proxies on to its nodes, where nothing may use them.
      if (value !== undefined && !/^(https?|no|all)_proxy$/i.test(key) && !key.startsWith('KIND_')) env[key] = value;
    }
    const docker = await this.#run('sh', ['-c', 'command -v docker'], { timeoutMs: 5000 });
    Object.assign(env, {
      PATH: `${shims}:${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
      KUBECONFIG: this.kubeconfig,
      KIND_EXPERIMENTAL_PROVIDER: 'docker',
      KIND_EXPERIMENTAL_DOCKER_NETWORK: net.name,
      FIREDRILL_DOCKER: docker.stdout.trim(),
      FIREDRILL_OWNER: String(process.pid),
      FIREDRILL_IN_FLIGHT: this.#inFlight,
      FIREDRILL_ADDRESSES: names.map((name, index) => `${name}=${net.nodeAddress(index)}`).join(' '),
      FIREDRILL_RUN_ARGS: [
        ...['--label', `${labels.run}=${runId}`, '--label', `${labels.cluster}=${this.name}`],
        ...(openFence === true ? [] : ['--dns', '127.0.0.1']),
      ].join(' '),
    });
    const result = await this.#run(
      kindBinary,
      // --retain: the caller removes the nodes by its own label, and a log of what failed can still be read.
      [
        'create',
        'cluster',
        '--name',
        this.name,
        '--image',
        nodeImage,
        '--config',
        config,
        '--kubeconfig',
        this.kubeconfig,
        '--retain',
      ],
      { env, signal, timeoutMs: createTimeoutMs, group: 'leader' },
    );
    const log = join(workDir, 'kind.log');
    await writeFile(log, `${result.stdout}${result.stderr}`);
    signal.throwIfAborted();
    if (result.exitCode !== 0) {
      const said = linesOf(result.stderr).filter((line) => /error|fail|already|timed out/i.test(line));
      throw new FiredrillError(
        'environment',
        `kind could not create ${this.name} (exit ${result.exitCode}): ${oneLine(said.slice(0, 3).join('; ') || result.stderr)}`,
        { hint: `less ${log}` },
      );
    }
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

  async #waitReady(manifests: ManifestFolder, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    let missing = 'the API has not answered yet';
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      try {
        const [nodes, pods, replicas] = await Promise.all([
          this.api.nodes({ signal }),
          this.api.pods({ signal }),
          this.api.replicas({ signal }),
        ]);
        missing = notReady(manifests.pods, nodes, pods, replicas);
        if (missing === '') return;
      } catch (error) {
        signal.throwIfAborted();
        missing = oneLine(error);
      }
      await sleep(500, signal);
    }
    const events = await this.workstation(
      "kubectl get events -A --field-selector type=Warning --sort-by=.lastTimestamp -o 'custom-columns=:involvedObject.name,:reason,:message' --no-headers | tail -n 3",
      { timeoutMs: millis(10_000), signal },
    );
    throw new FiredrillError(
      'environment',
      `the workload was not ready within ${readyTimeoutMs / 1000} s: ${missing}; last events: ${linesOf(events.stdout)
        .map((line) => line.replace(/\s+/g, ' ').slice(0, 160))
        .join(' | ')}`,
      { hint: 'firedrill doctor' },
    );
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
    await this.#docker(['kill', '--signal', 'KILL', node], { signal, timeoutMs }).catch((error: unknown) => {
      // One that is off already is started all the same.
      if (!/is not running/i.test(oneLine(error))) throw error;
    });
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
      ...this.#seconds,
    };
  }

  /** Whether the fence is in place at this moment. */
  async fenceStands(): Promise<boolean> {
    return this.#net !== undefined && (await this.#fence.stands(this.name, this.#net.bridge));
  }

  get #inFlight(): string {
    return join(this.#spec.workDir, 'in-flight');
  }

  /** Waits until Docker has made every node that it was asked for: only then can they be seen, and removed. */
  async #nodesMade(): Promise<void> {
    const deadline = performance.now() + 60_000;
    const signal = new AbortController().signal;
    while (performance.now() < deadline) {
      if ((await readdir(this.#inFlight).catch(() => [])).length === 0) return;
      await sleep(200, signal);
    }
  }

  delete(): Promise<void> {
    this.#deleting ??= (async () => {
      // The fence goes after the last node and before the network, whose label says how it was put up.
      await this.#nodesMade();
      await removeNodes(this.#docker, this.name);
      if (this.#spec.openFence !== true && this.#net) await this.#fence.remove(this.name);
      await removeNetwork(this.#docker, this.name);
    })().catch((error: unknown) => {
      this.#deleting = undefined;
      throw error;
    });
    return this.#deleting;
  }
}

/** Empty when everything is there and Ready; else what is not, in words. Pure. */
export function notReady(
  expected: ReadonlyMap<string, number>,
  nodes: readonly { readonly name: string; readonly ready: boolean; readonly reason: string }[],
  pods: readonly PodState[],
  replicas: { readonly desired: number; readonly ready: number },
): string {
  const bad = nodes.filter((node) => !node.ready);
  if (bad.length > 0) return `nodes not Ready: ${bad.map((node) => `${node.name} (${node.reason})`).join(', ')}`;
  for (const [namespace, count] of expected) {
    const there = pods.filter((pod) => pod.namespace === namespace && !pod.terminating).length;
    if (there !== count) return `${there} of ${count} pods in ${namespace}`;
  }
  const waiting = pods.filter((pod) => !pod.ready || pod.terminating);
  if (waiting.length > 0) {
    const shown = waiting.slice(0, 5).map((pod) => {
      const state = pod.containers.find((container) => container.state !== 'running')?.state ?? pod.phase;
      return `${pod.namespace}/${pod.name} (${pod.terminating ? 'Terminating' : state})`;
    });
    return `${waiting.length} pods not ready: ${shown.join(', ')}${waiting.length > 5 ? ', ...' : ''}`;
  }
  if (replicas.ready < replicas.desired) return `${replicas.ready} of ${replicas.desired} replicas ready`;
  return '';
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

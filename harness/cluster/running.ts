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
import { nodesAt, type Endpoints } from './addresses.ts';
import { kubeApi } from './api.ts';
import { clusterFacts } from './facts.ts';
import { takeFingerprint } from './fingerprint.ts';
import { looksBy } from './looks.ts';
import { mustOnWorkstation } from './must.ts';
import { NewCluster, type Prepared } from './new.ts';
import { attachToNode } from './nodes.ts';
import { powerOf, type Power } from './power.ts';
import type { Platform } from './platform.ts';
import type { FrozenCluster, RestingCluster, RunningCluster } from './provider.ts';
import { selectNodes } from './select.ts';
import { freezeCluster } from './snapshot/freeze.ts';
import { createWorkstation, type Workstation } from './workstation.ts';

/** What there is when the nodes of a cluster have been started. */
export interface Started extends Prepared {
  readonly nodes: readonly NodeInfo[];
  readonly endpoints: Endpoints;
  /** Which rung of the ladder it came by. */
  readonly origin: `made by ${Platform['madeBy']}` | 'restored from a snapshot' | 'reset in place';
}

/** The cluster whose nodes have been started: makes its workstation, by which the rest is done. Its pods may not be Ready yet. */
export async function startedCluster(fresh: NewCluster, started: Started): Promise<RunningCluster> {
  const { workDir, kubectlBinary: kubectl, kindBinary: kind } = fresh.spec;
  const { manifests, packages, nodes } = started;
  const workstation = await createWorkstation(
    { workDir, manifests: manifests.dir, packages, nodes, tools: { kubectl, kind } },
    fresh.run,
  );
  return new StartedCluster(fresh, started, workstation);
}

class StartedCluster implements RunningCluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly network: string;
  readonly api: KubeApi;
  readonly nodes: readonly NodeInfo[];
  readonly look: Cluster['look'] = looksBy(attachToNode);
  readonly #fresh: NewCluster;
  readonly #started: Started;
  readonly #workstation: Workstation;
  readonly #power: Power;

  constructor(fresh: NewCluster, started: Started, workstation: Workstation) {
    this.name = fresh.spec.name;
    this.network = started.net.name;
    this.kubeconfig = fresh.kubeconfig;
    this.api = (fresh.deps.api ?? kubeApi)(fresh.kubeconfig);
    this.nodes = started.nodes;
    this.#fresh = fresh;
    this.#started = started;
    this.#workstation = workstation;
    this.#power = powerOf(fresh.docker, this, fresh.platform.boot);
  }

  select(selector: NodeSelector): readonly NodeInfo[] {
    return selectNodes(this.nodes, selector);
  }

  exec(node: string, command: string, options?: ExecOptions): Promise<ExecResult> {
    return this.#fresh.exec(node, command, options);
  }

  workstation(command: string, options?: ExecOptions): Promise<ExecResult> {
    return this.#workstation.run(command, options);
  }

  get workstationEnv(): Readonly<Record<string, string>> {
    return this.#workstation.env;
  }

  attach(node: string, command: string, signal: AbortSignal): NodeStream {
    return attachToNode(node, command, signal);
  }

  endpoint(name: EndpointName): Endpoint {
    const found = this.#started.endpoints.get(name);
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
    const { spec, docker, run, names, seconds, platform } = this.#fresh;
    const { net, origin } = this.#started;
    const [facts, fence, addresses] = await Promise.all([
      clusterFacts(this, { spec, docker, run, platform }),
      this.#fresh.fenceFact(net),
      nodesAt(docker, net, names).then(() => 'pinned', oneLine),
    ]);
    return {
      ...facts,
      fence,
      subnet: net.subnet,
      addresses: `${addresses}: ${this.nodes.map((n) => `${n.name}=${n.address}`).join(' ')}`,
      'cluster.origin': origin,
      ...spec.facts,
      ...seconds,
    };
  }

  freeze(key: string, signal: AbortSignal): Promise<FrozenCluster> {
    const { spec, docker, disks, platform } = this.#fresh;
    return freezeCluster(this, { key, spec, subnet: this.#started.net.subnet, docker, disks, platform }, signal);
  }

  async atRest(signal: AbortSignal): Promise<RestingCluster> {
    const { reset, state } = this.#started.manifests.data;
    if (reset !== undefined) await mustOnWorkstation(this, `sh "${reset}"`, 'removing what probes wrote', signal);
    // Its folder goes with the trial.
    const kubeconfig = await readFile(this.kubeconfig, 'utf8');
    return {
      name: this.name,
      fingerprint: await takeFingerprint(this, state, signal),
      handOver: (given, next) => this.#handOver(given, kubeconfig, next),
    };
  }

  async #handOver(
    given: Parameters<RestingCluster['handOver']>[0],
    kubeconfig: string,
    signal: AbortSignal,
  ): Promise<RunningCluster> {
    const { spec, deps, onCopies, docker, names } = this.#fresh;
    const next = new NewCluster({ ...spec, ...given }, deps, onCopies);
    const { net, endpoints } = this.#started;
    return await next.timed(
      'prepare',
      'reusing the cluster of the last trial, which is as it was before it',
      async () => {
        await mkdir(next.spec.workDir, { recursive: true });
        const [manifests, packages] = await Promise.all([next.writeManifests(), next.packages(signal)]);
        await writeFile(next.kubeconfig, kubeconfig, { mode: 0o600 });
        const nodes = await nodesAt(docker, net, names, signal);
        return await startedCluster(next, { net, manifests, packages, nodes, endpoints, origin: 'reset in place' });
      },
    );
  }

  delete(): Promise<void> {
    return this.#fresh.delete();
  }
}

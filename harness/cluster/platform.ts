import type { Cluster, NodeInfo } from '../model/cluster.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Profile } from '../model/profile.ts';
import type { BootSigns } from './boot.ts';
import { labels, type Docker } from './docker.ts';
import type { ClusterNetwork } from './network.ts';
import type { Ports } from './ports.ts';
import type { RunProcess } from './process.ts';
import type { ClusterSpec } from './spec.ts';

/** What a cluster's nodes are made with. */
export interface NodesToMake {
  /** The control plane first. */
  readonly names: readonly string[];
  readonly net: ClusterNetwork;
  readonly ports: Ports;
  /** The file to write. */
  readonly kubeconfig: string;
  readonly docker: Docker;
  readonly run: RunProcess;
  readonly exec: Cluster['exec'];
}

/** How a running cluster is brought to rest, so that what lies on its disks then is a healthy cluster that starts at once. */
export interface Rest {
  /** Every script of it: a snapshot that was taken in another way is another one. */
  readonly scripts: string;
  /** @throws FiredrillError `environment` when a node does not come to rest */
  bring(cluster: Cluster, signal: AbortSignal): Promise<void>;
  /** For a node that was started of a snapshot: how it goes on; undefined when it does so by itself. */
  readonly release: (role: NodeInfo['role'], apiAddress: string) => string | undefined;
}

/** How the nodes of a distribution are made, and what else of them differs: one value for each, in the table of `platforms.ts`. */
export interface Platform {
  readonly distribution: Distribution;
  /** Who makes the nodes. */
  readonly madeBy: 'kind' | 'Docker' | 'Docker, as k3d asks it';
  /** Their names, the control plane's first. */
  readonly names: (cluster: string, workers: number) => readonly string[];
  /** How one tells that commands may be run in it. */
  readonly boot: BootSigns;
  /** What Docker does when a node has ended by itself. */
  readonly restart: 'no' | 'unless-stopped';
  /** Where a node image has the CNI plug-ins as their makers put them there; absent: whoever reinstalls has no use for them. */
  readonly plugins?: string;
  /** It comes with the pods' network, which is not deployed then. */
  readonly bringsNetwork: boolean;
  /** The file under `manifests/` that places its CoreDNS. */
  readonly dnsPatch: string;
  /** For a node: prints the versions of Kubernetes and of containerd, a line each. */
  readonly versions: string;
  /** All that nodes are configured by for a profile: part of a snapshot's key. */
  readonly configuredBy: (profile: Profile) => string;
  /**
   * Makes the nodes on a network that is there already, and a cluster of them.
   * @throws FiredrillError `environment` with what was said; what it made is left to the caller to remove
   */
  make(spec: ClusterSpec, given: NodesToMake, signal: AbortSignal): Promise<void>;
  /** Resolves when Docker has made every node that it was asked for: only then can they be seen, and removed. Absent: they are when `make` has ended. */
  readonly made?: (workDir: string) => Promise<void>;
  /** The arguments after `docker run` with which a node was asked for, its image last, without what `nodeRunArgs` adds. */
  asked(workDir: string, node: string): Promise<readonly string[]>;
  readonly rest: Rest;
}

/**
 * Asks Docker for a node that it makes and starts. Not cut in between: the daemon would go on making it, unseen in any list, and whoever takes the
 * cluster down would not find it.
 * @throws the signal's reason when it was aborted meanwhile; the node is there then
 */
export async function askForNode(docker: Docker, args: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await docker(args);
  signal.throwIfAborted();
}

/** What every node is started with besides. No argument of these holds a space. */
export const nodeRunArgs = (spec: Pick<ClusterSpec, 'runId' | 'name' | 'openFence'>): readonly string[] => [
  ...['--label', `${labels.run}=${spec.runId}`, '--label', `${labels.cluster}=${spec.name}`],
  ...(spec.openFence === true ? [] : ['--dns', '127.0.0.1']),
];

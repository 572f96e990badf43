import type { Cluster } from '../model/cluster.ts';
import type { DistributionName } from '../model/distribution.ts';
import type { Leftovers } from '../model/leftover.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { NodeLog } from './logs.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { ClusterSpec } from './spec.ts';

/**
 * Where clusters come from, and everything about them that is not asked of one that runs. Implemented by `docker-provider.ts`.
 *
 * The types are a cluster's life, and each has only what can be done then: `NewCluster` (`new.ts`: no node yet) becomes a `RunningCluster`
 * by `create` or `restore`; that becomes a `RestingCluster` between two trials, which can be handed to the next one, or a `FrozenCluster`,
 * which can be published as a snapshot.
 */
export interface ClusterProvider extends Leftovers {
  /**
   * Starts a cluster with its network and its workload from nothing, and resolves when everything in it is Ready. What was made is
   * taken down again when this fails or is aborted half-way.
   *
   * @throws FiredrillError `usage` for a bad spec, `environment` when Docker, kind or the workload fails, with what it said
   */
  create(spec: ClusterSpec, signal: AbortSignal): Promise<RunningCluster>;
  /**
   * Starts a cluster from a snapshot, under the snapshot's own name: the same nodes with the same names, addresses and certificates,
   * started on a copy of its disks; the workload and its data are in it. Like `create` in all else.
   *
   * @throws SnapshotUnusable when the snapshot is damaged, or when what was started of it does not become healthy
   */
  restore(spec: ClusterSpec, snapshot: Snapshot, signal: AbortSignal): Promise<RunningCluster>;
  /** What every node of a cluster wrote since an instant (milliseconds since the Unix epoch). Never rejects because of a node. */
  logs(
    cluster: Pick<Cluster, 'nodes' | 'exec'>,
    sinceEpochMs: number,
    signal: AbortSignal,
    distribution?: DistributionName,
  ): Promise<readonly NodeLog[]>;
}

/** A cluster that is up, and the right to take it down. */
export interface RunningCluster extends Cluster {
  /**
   * Stops it for good and archives its disks; afterwards it can only be published and deleted. Only of one that was created, not restored.
   * @throws FiredrillError `environment` when a node does not come to rest, or its disk cannot be archived
   */
  freeze(key: string, signal: AbortSignal): Promise<FrozenCluster>;
  /** Takes away what probes wrote, and tells what there is then. Nothing may run on it. */
  atRest(signal: AbortSignal): Promise<RestingCluster>;
  /** Takes away nodes with their volumes, the fence and the network. May be called again. */
  delete(): Promise<void>;
}

/** A cluster on which nothing of a trial runs. */
export interface RestingCluster {
  readonly name: string;
  /** What is there: the measure of a reset in place. */
  readonly fingerprint: Fingerprint;
  /** The same cluster for another trial, with a work folder of its own; the old one is no longer to be used, and its folder may be gone. */
  handOver(given: Pick<ClusterSpec, 'workDir' | 'onProgress' | 'facts'>, signal: AbortSignal): Promise<RunningCluster>;
}

/** A cluster whose nodes are stopped and still there, and whose disks are saved: `SnapshotStore.publish` makes a snapshot of it. */
export interface FrozenCluster {
  readonly snapshot: Snapshot;
}

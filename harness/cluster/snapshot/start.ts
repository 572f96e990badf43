import type { Cluster } from '../../model/cluster.ts';
import { oneLine } from '../../model/errors.ts';
import { awaitBoot, bootWithinMs } from '../boot.ts';
import type { Docker } from '../docker.ts';
import { mustOnNode } from '../must.ts';
import type { ClusterNetwork } from '../network.ts';
import { askForNode, nodeRunArgs, type Platform } from '../platform.ts';
import type { Ports } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';
import { together } from '../together.ts';
import { basePath, type NodeDisk, type SnapshotDisks } from './disks.ts';
import { restoreArgs, SnapshotUnusable, type Snapshot } from './snapshot.ts';

/**
 * Starts the nodes of a snapshot on copies of its disks, one by one as those are there, the control plane first: the others' are
 * unpacked while it boots. The first one waits for the network and its fence.
 * @throws SnapshotUnusable when a disk is damaged or a node does not start from it
 */
export async function startNodes(
  snapshot: Snapshot,
  given: {
    readonly cluster: Pick<Cluster, 'exec'>;
    readonly spec: Pick<ClusterSpec, 'name' | 'runId' | 'openFence'>;
    readonly prepared: Promise<{ readonly net: ClusterNetwork }>;
    readonly ports: Ports;
    readonly docker: Docker;
    readonly disks: SnapshotDisks;
    readonly platform: Platform;
  },
  signal: AbortSignal,
): Promise<void> {
  const { cluster, spec, ports, docker, disks, platform } = given;
  const { boot, restart } = platform;
  // A node that was started of a damaged snapshot would wait for the others, which never come.
  const damaged = new AbortController();
  const wanted = AbortSignal.any([signal, damaged.signal]);
  const start = async (index: number, { varDir, baseDir }: NodeDisk): Promise<void> => {
    const { net } = await given.prepared;
    const node = snapshot.nodes[index];
    if (node === undefined || wanted.aborted) return;
    const args = restoreArgs(node.asked, { varDir, image: node.image, ports, restart });
    const own = ['--ip', net.nodeAddress(index), '--volume', `${baseDir}:${basePath}:ro`];
    const startedEpochMs = Date.now();
    await askForNode(docker, ['run', ...own, ...nodeRunArgs(spec), ...args], signal);
    const release = platform.rest.release(index === 0 ? 'control-plane' : 'worker', net.nodeAddress(0));
    try {
      await awaitBoot({ docker, cluster, boot }, node.name, startedEpochMs, {
        signal: wanted,
        timeoutMs: bootWithinMs,
      });
      if (release !== undefined) await mustOnNode(cluster, node.name, release, wanted);
    } catch (error) {
      signal.throwIfAborted();
      throw new SnapshotUnusable(`what was restored does not start: ${oneLine(error)}`, error);
    }
  };
  const started: Promise<unknown>[] = [];
  const onDisk = (index: number, disk: NodeDisk): void => {
    const one = start(index, disk);
    // Told below, when all have ended.
    one.catch(() => undefined);
    started.push(one);
  };
  const unpacked = disks.unpack(snapshot, spec.runId, onDisk, signal);
  const over = unpacked.catch((error: unknown) => {
    damaged.abort(error);
  });
  await together([unpacked, over.then(() => together(started))]);
}

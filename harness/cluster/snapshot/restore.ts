import { writeFile } from 'node:fs/promises';
import { oneLine } from '../../model/errors.ts';
import { endpointsAt, nodesAt } from '../addresses.ts';
import { NewCluster, type ClusterDeps } from '../new.ts';
import type { RunningCluster } from '../provider.ts';
import { waitReady } from '../ready.ts';
import { startedCluster } from '../running.ts';
import type { ClusterSpec } from '../spec.ts';
import { together } from '../together.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot.ts';
import { clusterPorts, kubeconfigAt } from '../ports.ts';
import { startNodes } from './start.ts';

/** A restored cluster that takes so long is no faster than a new one. */
const restoreTimeoutMs = 90_000;

/** `ClusterProvider.restore`. */
export async function restoreCluster(
  spec: ClusterSpec,
  snapshot: Snapshot,
  deps: ClusterDeps,
  signal: AbortSignal,
): Promise<RunningCluster> {
  const fresh = new NewCluster(spec, deps, true);
  const { names, docker, disks, platform } = fresh;
  return await fresh.orDelete(async () => {
    const sinceEpochMs = Date.now();
    const { prepared, endpoints } = await fresh.timed(
      'nodes',
      `copying the disks of ${names.length} nodes and starting them`,
      async () => {
        const ports = await clusterPorts();
        const preparing = fresh.prepare(signal, snapshot.subnet);
        const given = { cluster: fresh, spec, prepared: preparing, ports, docker, disks, platform };
        const [prepared] = await together([preparing, startNodes(snapshot, given, signal)]);
        await writeFile(fresh.kubeconfig, kubeconfigAt(snapshot.kubeconfig, ports), { mode: 0o600 });
        return { prepared, endpoints: endpointsAt(ports) };
      },
    );
    const nodes = await fresh.timed('settle', 'checking addresses', () => nodesAt(docker, prepared.net, names, signal));
    const cluster = await startedCluster(fresh, { ...prepared, nodes, endpoints, origin: 'restored from a snapshot' });
    const pods = new Map(Object.entries(snapshot.pods));
    try {
      await fresh.timed('ready', 'waiting until every pod is ready', () =>
        waitReady(cluster, { pods, timeoutMs: restoreTimeoutMs, sinceEpochMs, onProgress: spec.onProgress }, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      throw new SnapshotUnusable(`what was restored did not become healthy: ${oneLine(error)}`, error);
    }
    return cluster;
  });
}

import { realRunner } from '../host/run.ts';
import { endpointsAt, nodesAt } from './addresses.ts';
import { mustOnWorkstation } from './must.ts';
import { isOwnWorkload } from './manifests.ts';
import { bringImages } from './own-images.ts';
import { NewCluster, type ClusterDeps } from './new.ts';
import type { RunningCluster } from './provider.ts';
import { clusterPorts } from './ports.ts';
import { waitReady } from './ready.ts';
import { startedCluster } from './running.ts';
import type { ClusterSpec } from './spec.ts';

const readyTimeoutMs = 180_000;

/** `ClusterProvider.create`. */
export async function createCluster(
  spec: ClusterSpec,
  deps: ClusterDeps,
  signal: AbortSignal,
): Promise<RunningCluster> {
  const fresh = new NewCluster(spec, deps, false);
  const { names, docker } = fresh;
  return await fresh.orDelete(async () => {
    const prepared = await fresh.timed('prepare', 'creating the network and its fence', () => fresh.prepare(signal));
    const { net, manifests } = prepared;
    const ports = await clusterPorts();
    await fresh.timed('nodes', `starting ${names.length} nodes`, () =>
      fresh.platform.make(
        spec,
        { names, net, ports, docker, kubeconfig: fresh.kubeconfig, run: fresh.run, exec: fresh.exec },
        signal,
      ),
    );
    const nodes = await fresh.timed('settle', 'checking addresses', async () => {
      await docker(['update', `--restart=${fresh.platform.restart}`, ...names], { signal });
      return await nodesAt(docker, net, names, signal);
    });
    const endpoints = endpointsAt(ports);
    const cluster = await startedCluster(fresh, {
      ...prepared,
      nodes,
      endpoints,
      origin: `made by ${fresh.platform.madeBy}`,
    });
    if (isOwnWorkload(spec.workloadDir)) {
      const { ctr } = fresh.platform.distribution.commands;
      await fresh.timed('images', "bringing the workload's images", () =>
        bringImages(cluster, manifests.images, { docker, ctr, pipe: realRunner.pipe }, signal),
      );
    }
    await fresh.timed('deploy', 'deploying the network and the workload', () => deploy(cluster, signal));
    await fresh.timed('ready', 'waiting until every pod is ready', () =>
      waitReady(cluster, { pods: manifests.pods, timeoutMs: readyTimeoutMs, onProgress: spec.onProgress }, signal),
    );
    const { seed } = manifests.data;
    if (seed !== undefined) {
      await fresh.timed('seed', 'importing the data', () =>
        mustOnWorkstation(cluster, `sh "${seed}"`, 'importing the data', signal),
      );
    }
    const { build } = spec;
    if (build !== undefined) {
      await fresh.timed('build', "making it the scenario's", async () => {
        await build.run(cluster, signal);
        // How many pods there are now is the build's business.
        await waitReady(cluster, { pods: new Map(), timeoutMs: readyTimeoutMs, onProgress: spec.onProgress }, signal);
      });
    }
    return cluster;
  });
}

async function deploy(cluster: RunningCluster, signal: AbortSignal): Promise<void> {
  // The API may refuse for a moment while its admission plugins start (a namespace's default service account).
  for (let attempt = 1; ; attempt++) {
    try {
      await mustOnWorkstation(cluster, 'sh "$MANIFESTS/deploy.sh"', 'deploying the workload', signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= 3) throw error;
    }
  }
}

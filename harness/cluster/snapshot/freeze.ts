import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../model/cluster.ts';
import { linesOf, type Docker } from '../docker.ts';
import { podCounts } from '../ready.ts';
import type { Platform } from '../platform.ts';
import type { FrozenCluster } from '../provider.ts';
import type { ClusterSpec } from '../spec.ts';
import type { SnapshotDisks } from './disks.ts';
import { snapshotImage } from './store.ts';

/** `RunningCluster.freeze`, of a cluster that was made and not restored. */
export async function freezeCluster(
  cluster: Cluster,
  given: {
    readonly key: string;
    readonly spec: Pick<ClusterSpec, 'name' | 'nodeImage' | 'runId' | 'workDir'>;
    readonly subnet: string;
    readonly docker: Docker;
    readonly disks: SnapshotDisks;
    readonly platform: Platform;
  },
  signal: AbortSignal,
): Promise<FrozenCluster> {
  const { key, spec, subnet, docker, disks, platform } = given;
  const kubeconfig = await readFile(cluster.kubeconfig, 'utf8');
  const pods = Object.fromEntries(podCounts(await cluster.api.pods({ signal })));
  await platform.rest.bring(cluster, signal);
  const names = cluster.nodes.map((node) => node.name);
  await docker(['kill', ...names], { signal });

  const format = '{{range .Mounts}}{{if eq .Destination "/var"}}{{.Name}}{{end}}{{end}}';
  const volumes = linesOf(await docker(['inspect', '-f', format, ...names], { signal }));
  const imageId = await docker(['image', 'inspect', '-f', '{{.Id}}', spec.nodeImage], { signal });
  const baseId = imageId.replace('sha256:', '').slice(0, 12);
  const saved = await disks.save({ cluster: spec.name, baseId, volumes, runId: spec.runId }, signal);
  const nodes = await Promise.all(
    names.map(async (name, index) => ({
      name,
      image: snapshotImage(spec.name, index),
      sha256: saved.nodes[index]?.sha256 ?? '',
      asked: [...(await platform.asked(spec.workDir, name))],
    })),
  );
  return {
    snapshot: {
      schemaVersion: 1,
      key,
      cluster: spec.name,
      subnet,
      kubeconfig,
      epochMs: Date.now(),
      pods,
      bytes: saved.nodes.reduce((sum, node) => sum + node.bytes, 0),
      base: { id: baseId, ...saved.base },
      nodes,
    },
  };
}

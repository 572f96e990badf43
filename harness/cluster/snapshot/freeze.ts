import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../model/cluster.ts';
import { FiredrillError } from '../../model/errors.ts';
import { linesOf, type Docker } from '../docker.ts';
import { askedFor } from '../kind-create.ts';
import { podCounts } from '../ready.ts';
import { mustOnNode, mustOnWorkstation } from '../must.ts';
import type { FrozenCluster } from '../provider.ts';
import type { ClusterSpec } from '../spec.ts';
import type { SnapshotDisks } from './disks.ts';
import { deleteLeases, emptyNode, stopKubelet, stopLeaders } from './quiesce.ts';
import { snapshotImage } from './store.ts';

/** `RunningCluster.freeze`, of a cluster that kind made. */
export async function freezeCluster(
  cluster: Cluster,
  given: {
    readonly key: string;
    readonly spec: Pick<ClusterSpec, 'name' | 'nodeImage' | 'runId' | 'workDir'>;
    readonly subnet: string;
    readonly docker: Docker;
    readonly disks: SnapshotDisks;
  },
  signal: AbortSignal,
): Promise<FrozenCluster> {
  const { key, spec, subnet, docker, disks } = given;
  const [controlPlane, ...workers] = cluster.nodes;
  if (controlPlane === undefined) throw new FiredrillError('internal', 'nothing to freeze');
  const kubeconfig = await readFile(cluster.kubeconfig, 'utf8');
  const pods = Object.fromEntries(podCounts(await cluster.api.pods({ signal })));
  const on = (node: string, command: string) => mustOnNode(cluster, node, command, signal);
  await Promise.all(cluster.nodes.map((node) => on(node.name, stopKubelet)));
  await on(controlPlane.name, stopLeaders);
  await mustOnWorkstation(cluster, deleteLeases, 'deleting the leases', signal);
  await Promise.all(workers.map((node) => on(node.name, emptyNode('worker'))));
  await on(controlPlane.name, emptyNode('control-plane'));
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
      asked: [...(await askedFor(spec.workDir, name))],
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

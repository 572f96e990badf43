import { lastWords, type Runner } from '../host/run.ts';
import type { Cluster } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import { linesOf, type Docker } from './docker.ts';
import { mustOnNode } from './must.ts';
import { fullName } from '../model/image-name.ts';

interface Carrier extends Pick<Runner, 'pipe'> {
  readonly docker: Docker;
  /** How a node's images are listed and imported: `ctr -n k8s.io`. */
  readonly ctr: string;
}

/**
 * Brings images that a workload asks for and nodes lack: from this machine's Docker, for behind the fence nothing can be pulled. All that our own
 * workloads ask for is in the nodes already.
 * @throws FiredrillError `environment` naming what this Docker does not have, and how to get it
 */
export async function bringImages(
  cluster: Pick<Cluster, 'nodes' | 'exec'>,
  images: readonly string[],
  by: Carrier,
  signal: AbortSignal,
): Promise<void> {
  const { docker, ctr } = by;
  for (const { name } of cluster.nodes) {
    const there = new Set(linesOf(await mustOnNode(cluster, name, `${ctr} images list -q`, signal)));
    const missing = images.filter((image) => !there.has(fullName(image)));
    if (missing.length === 0) continue;
    for (const image of missing)
      if ((await docker(['images', '-q', image], { signal })) === '')
        throw new FiredrillError(
          'environment',
          `the workload asks for ${image}, which is neither in the nodes nor in this Docker`,
          {
            hint: `docker pull ${image}`,
          },
        );
    await carry(name, missing, by, signal);
  }
}

/** Images of this Docker into a node, without a file in between. */
async function carry(node: string, images: readonly string[], by: Carrier, signal: AbortSignal): Promise<void> {
  const carried = await by.pipe(
    ['docker', 'save', ...images],
    ['docker', 'exec', '-i', node, ...by.ctr.split(' '), 'images', 'import', '-'],
    { signal },
  );
  if (carried.ok) return;
  throw new FiredrillError(
    'environment',
    `${images.join(', ')} could not be brought to ${node}: ${lastWords(carried)}`,
    {
      hint: `docker save ${images[0] ?? ''} | docker exec -i ${node} ${by.ctr} images import -`,
    },
  );
}

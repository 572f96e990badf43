import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Cluster } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import { linesOf, type Docker } from './docker.ts';
import { mustOnNode } from './must.ts';
import { fullName } from '../model/image-name.ts';

/**
 * Brings images that a workload asks for and nodes lack: from this machine's Docker, for behind the fence nothing can be pulled. All that our own
 * workloads ask for is in the nodes already.
 * @throws FiredrillError `environment` naming what this Docker does not have, and how to get it
 */
export async function bringImages(
  cluster: Pick<Cluster, 'nodes' | 'exec'>,
  images: readonly string[],
  by: { readonly docker: Docker; readonly ctr: string },
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
    await carry(name, missing, ctr, signal);
  }
}

/** Images of this Docker into a node, without a file in between. */
async function carry(node: string, images: readonly string[], ctr: string, signal: AbortSignal): Promise<void> {
  const saved = spawn('docker', ['save', ...images], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const taken = spawn('docker', ['exec', '-i', node, ...ctr.split(' '), 'images', 'import', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    signal,
  });
  saved.stdout.pipe(taken.stdin);
  const codes = await Promise.all([once(saved, 'close'), once(taken, 'close')]);
  if (codes.some(([code]) => code !== 0))
    throw new FiredrillError('environment', `${images.join(', ')} could not be brought to ${node}`, {
      hint: `docker save ${images[0] ?? ''} | docker exec -i ${node} ctr -n k8s.io images import -`,
    });
}

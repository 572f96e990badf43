import { describe, expect, it } from 'vitest';
import type { Cluster } from '../model/cluster.ts';
import { bringImages } from './own-images.ts';

const { signal } = new AbortController();

/** Nodes that list these images, and a Docker that has those. */
function given(onNode: Readonly<Record<string, readonly string[]>>, inDocker: readonly string[]) {
  const carried: string[] = [];
  const cluster = {
    nodes: Object.keys(onNode).map((name) => ({ name })),
    exec: (node: string) =>
      Promise.resolve({ exitCode: 0, stdout: `${(onNode[node] ?? []).join('\n')}\n`, stderr: '' }),
  } as unknown as Pick<Cluster, 'nodes' | 'exec'>;
  const by = {
    ctr: 'k3s ctr -n k8s.io',
    docker: (args: readonly string[]) => Promise.resolve(inDocker.includes(args.at(-1) ?? '') ? 'sha256:1' : ''),
    pipe: (from: readonly string[], to: readonly string[]) => {
      carried.push(`${from.join(' ')} | ${to.join(' ')}`);
      const ok = !to.includes('full');
      return Promise.resolve({
        ...{ ok, exitCode: ok ? 0 : 1, stdout: '', stderr: ok ? '' : 'no space left on device' },
        ...{ missing: false, timedOut: false },
      });
    },
  };
  return { cluster, by, carried };
}

describe('images that a workload asks for', () => {
  it('are brought to the nodes that lack them, and to no other', async () => {
    const { cluster, by, carried } = given({ a: ['docker.io/library/shop:1'], b: [] }, ['shop:1', 'cart:2']);
    await bringImages(cluster, ['shop:1', 'cart:2'], by, signal);
    expect(carried).toEqual([
      'docker save cart:2 | docker exec -i a k3s ctr -n k8s.io images import -',
      'docker save shop:1 cart:2 | docker exec -i b k3s ctr -n k8s.io images import -',
    ]);
  });

  it('that this Docker lacks are named, with how to get them', async () => {
    const { cluster, by, carried } = given({ a: [] }, []);
    await expect(bringImages(cluster, ['shop:1'], by, signal)).rejects.toMatchObject({
      message: 'the workload asks for shop:1, which is neither in the nodes nor in this Docker',
      hint: 'docker pull shop:1',
    });
    expect(carried).toEqual([]);
  });

  it('that a node does not take are named with what it said', async () => {
    const { cluster, by } = given({ full: [] }, ['shop:1']);
    await expect(bringImages(cluster, ['shop:1'], by, signal)).rejects.toThrow(
      'shop:1 could not be brought to full: no space left on device',
    );
  });
});

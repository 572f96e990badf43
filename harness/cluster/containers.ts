import { oneLine } from '../model/errors.ts';
import type { Leftover, Leftovers } from '../model/leftover.ts';
import { clusterPrefix, isGone, labels, linesOf, type Docker } from './docker.ts';
import { dockerFence } from './fence.ts';
import { shellScript } from './shell.ts';
import { snapshotDisks } from './snapshot/disks.ts';

/** `a<tab>b` lines of a docker listing. */
const rows = (text: string): string[][] => linesOf(text).map((line) => line.split('\t'));

const orUndefined = (text: string | undefined): string | undefined =>
  text === undefined || text === '' || text === '<no value>' ? undefined : text;

/** The full ids of a cluster's containers, its nodes and what makes load on it, by our own label for this very cluster; stopped ones too. */
export async function containersOf(docker: Docker, cluster: string, signal?: AbortSignal): Promise<readonly string[]> {
  const args = ['ps', '-aq', '--no-trunc', '--filter', `label=${labels.cluster}=${cluster}`];
  return linesOf(await docker(args, signal ? { signal } : {}));
}

/**
 * Takes down a cluster's nodes with their volumes. Only containers that carry our own label for this very cluster.
 * Resolves also when there are none.
 */
export async function removeNodes(docker: Docker, cluster: string, signal?: AbortSignal): Promise<void> {
  const given = signal ? { signal } : {};
  const remove = async (ids: readonly string[]): Promise<void> => {
    try {
      await docker(['rm', '-f', '-v', ...ids], { ...given, timeoutMs: 120_000 });
    } catch (error) {
      if (!isGone(error) && !/already in progress/i.test(oneLine(error))) throw error;
    }
  };
  const ids = await containersOf(docker, cluster, signal);
  if (ids.length === 0) return;
  try {
    await remove(ids);
  } catch (error) {
    if (!cannotEnd(error)) throw error;
    // The others are gone by now, and so is what Docker knew of them.
    const left = await containersOf(docker, cluster, signal);
    if (left.length === 0) return;
    await thaw(docker, left, signal);
    await remove(left);
  }
}

/** Docker's words for a container whose processes outlive SIGKILL. */
const cannotEnd = (error: unknown): boolean => /did not receive an exit event/i.test(oneLine(error));

/** Cuts a node's power: every process of it ends at once. Resolves also when it is off already. */
export async function killNode(
  docker: Docker,
  node: string,
  bounds: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const kill = async (): Promise<void> => {
    try {
      await docker(['kill', '--signal', 'KILL', node], bounds);
    } catch (error) {
      if (!/is not running/i.test(oneLine(error))) throw error;
    }
  };
  try {
    await kill();
  } catch (error) {
    if (!cannotEnd(error)) throw error;
    await thaw(docker, [await docker(['inspect', '-f', '{{.Id}}', node], bounds)], bounds.signal);
    await kill();
  }
}

/**
 * Thaws whatever is frozen inside nodes that cannot be killed. runc freezes a container's cgroup while it changes its devices;
 * when the node's own systemd is killed in that instant nobody thaws it, and a frozen process ignores even SIGKILL (seen here).
 */
export async function thaw(docker: Docker, ids: readonly string[], signal?: AbortSignal): Promise<void> {
  const [first = ''] = ids;
  const given = signal ? { signal } : {};
  const image = await docker(['inspect', '-f', '{{.Config.Image}}', first], given);
  await docker(
    [
      ...['run', '--rm', '-i', '--privileged', '--network=none', '-v', '/sys/fs/cgroup:/cgroup', '--entrypoint', 'sh'],
      ...[image, '-s'],
    ],
    {
      ...given,
      input: shellScript('thaw.sh', { ids: ids.join(' ') }),
    },
  );
}

/** Removes a network after cutting off whatever is still attached to it; the containers themselves are left alone. */
export async function removeNetwork(docker: Docker, network: string, signal?: AbortSignal): Promise<void> {
  const given = signal ? { signal } : {};
  try {
    const attached = linesOf(
      await docker(
        ['network', 'inspect', '-f', '{{range $id, $_ := .Containers}}{{println $id}}{{end}}', network],
        given,
      ),
    );
    for (const id of attached) await docker(['network', 'disconnect', '-f', network, id], given).catch(() => undefined);
    await docker(['network', 'rm', network], given);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/**
 * Finds and removes what firedrill left in Docker, for `clean`. Ours is what carries our labels and, for clusters and
 * networks, a name that begins with `firedrill-`; nothing else is ever touched.
 */
export function dockerLeftovers(docker: Docker): Leftovers {
  /** The images by which fences were put up, by cluster: the label of their network. */
  const helperImages = async (signal: AbortSignal): Promise<ReadonlyMap<string, string>> => {
    const networks = rows(
      await docker(
        [
          'network',
          'ls',
          '--filter',
          `label=${labels.helperImage}`,
          '--format',
          `{{.Name}}\t{{.Label "${labels.helperImage}"}}`,
        ],
        { signal },
      ),
    );
    const known = new Map(networks.map(([name = '', image = '']) => [name, image]));
    return known;
  };
  /** Any image that can show and change the firewall: a fence may be all that is left of a cluster. */
  const anyHelper = async (signal: AbortSignal): Promise<string | undefined> => {
    for (const reference of ['firedrill/node', 'kindest/node']) {
      const [id] = linesOf(await docker(['images', '-q', '--filter', `reference=${reference}`], { signal }));
      if (id !== undefined) return id;
    }
    return undefined;
  };
  const helperFor = async (cluster: string, signal: AbortSignal): Promise<string | undefined> => {
    const image = (await helperImages(signal)).get(cluster);
    if (image !== undefined) {
      const there = await docker(['images', '-q', image], { signal }).catch(() => '');
      if (there !== '') return image;
    }
    return anyHelper(signal);
  };

  /** A restored cluster's disks lie in the volume of the snapshots. */
  const removeDisks = async (cluster: string, signal: AbortSignal): Promise<void> => {
    const image = await anyHelper(signal);
    if (image !== undefined) await snapshotDisks(docker, image).remove('live', cluster, signal);
  };

  return {
    async list(signal) {
      const format = `{{.ID}}\t{{.Names}}\t{{.Label "${labels.cluster}"}}\t{{.Label "${labels.run}"}}`;
      const containers = rows(
        await docker(['ps', '-a', '--no-trunc', '--filter', `label=${labels.run}`, '--format', format], { signal }),
      );
      const clusters = new Map<string, string | undefined>();
      const found: Leftover[] = [];
      for (const [, name = '', cluster = '', runId] of containers) {
        if (cluster === '') found.push({ kind: 'container', name, runId: orUndefined(runId) });
        else if (cluster.startsWith(clusterPrefix)) clusters.set(cluster, orUndefined(runId));
      }
      for (const [name, runId] of clusters) found.push({ kind: 'cluster', name, runId });

      // Without an image there was no cluster on this Docker, and so neither disks nor a fence.
      const image = await anyHelper(signal);
      if (image !== undefined) {
        for (const name of await snapshotDisks(docker, image).live(signal)) {
          // Its nodes are gone, or were never started; whose it was, the registry knows.
          if (name.startsWith(clusterPrefix) && !clusters.has(name)) {
            found.push({ kind: 'cluster', name, runId: undefined });
          }
        }
      }

      const volumeFormat = `{{.Name}}\t{{.Label "${labels.run}"}}`;
      const volumes = rows(
        await docker(['volume', 'ls', '--filter', `label=${labels.run}`, '--format', volumeFormat], { signal }),
      );
      for (const [name = '', runId] of volumes) found.push({ kind: 'volume', name, runId: orUndefined(runId) });

      const networks = rows(
        await docker(['network', 'ls', '--filter', `label=${labels.run}`, '--format', volumeFormat], { signal }),
      );
      const runOf = new Map<string, string | undefined>(clusters);
      for (const [name = '', runId] of networks) {
        if (!name.startsWith(clusterPrefix)) continue;
        found.push({ kind: 'network', name, runId: orUndefined(runId) });
        runOf.set(name, orUndefined(runId));
      }
      if (image !== undefined) {
        for (const name of await dockerFence(docker, image).list(signal)) {
          if (name.startsWith(clusterPrefix)) found.push({ kind: 'fence', name, runId: runOf.get(name) });
        }
      }
      return found;
    },

    async delete(leftover, signal) {
      try {
        switch (leftover.kind) {
          case 'cluster':
            await removeNodes(docker, leftover.name, signal);
            await removeDisks(leftover.name, signal);
            return;
          case 'network':
            await removeNetwork(docker, leftover.name, signal);
            return;
          case 'fence': {
            const image = await helperFor(leftover.name, signal);
            if (image !== undefined) await dockerFence(docker, image).remove(leftover.name, signal);
            return;
          }
          case 'container':
            await docker(['rm', '-f', '-v', leftover.name], { signal });
            return;
          case 'volume':
            await docker(['volume', 'rm', '-f', leftover.name], { signal });
            return;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!isGone(error)) throw error;
      }
    },
  };
}

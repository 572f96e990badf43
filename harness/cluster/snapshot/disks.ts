import { randomBytes } from 'node:crypto';
import { FiredrillError } from '../../model/errors.ts';
import { labels, linesOf, type Docker } from '../docker.ts';
import { shellScript } from '../shell.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot.ts';

/**
 * The one Docker volume in which snapshots keep the /var of their nodes:
 *
 *     base/<image>/        what a node image brings along and nobody writes to, its image layers above all: once for all
 *                          nodes and snapshots of that image
 *     golden/<cluster>/    an archive of what else is in each node's /var
 *     live/<cluster>/      the /var of nodes that run now: what is in the archive, and links to the base, which every node has as a
 *                          mount that it cannot write to (`basePath`)
 *
 * (Copying the base, if only by hard links, made a thousand folders for each node and took them away again.) Handled by a short-lived container of the node image without a
 * network, so that nobody has to be root on the machine or know where Docker keeps its things.
 */
export const snapshotVolume = 'firedrill-snapshots';

/** Where a restored node has the base, read-only. Links in its /var lead there. */
export const basePath = '/kind/base';

/** A SHA-256 and a size in bytes. */
export interface Sum {
  readonly sha256: string;
  readonly bytes: number;
}

/** Folders on Docker's host that a restored node is started with. */
export interface NodeDisk {
  /** Becomes its /var. */
  readonly varDir: string;
  /** To be mounted at `basePath`, read-only. */
  readonly baseDir: string;
}

/** What can be done with that volume. */
export interface SnapshotDisks {
  /**
   * Archives the /var of stopped nodes, given by their Docker volumes.
   * @throws FiredrillError `environment` when there is too little room
   */
  save(
    of: {
      readonly cluster: string;
      readonly baseId: string;
      readonly volumes: readonly string[];
      readonly runId: string;
    },
    signal: AbortSignal,
  ): Promise<{ readonly base: Sum; readonly nodes: readonly Sum[] }>;
  /**
   * Lays out the /var of every node, the control plane's first, and calls `onDisk` as soon as a node's is there and its archive was
   * found sound: the node may start while the others are still being unpacked. Resolves when all are.
   * @throws SnapshotUnusable when a sum does not agree; nodes that were started must not be used then
   */
  unpack(
    snapshot: Snapshot,
    runId: string,
    onDisk: (index: number, disk: NodeDisk) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Takes away the disks of a cluster's nodes (`live`) or its snapshot (`golden`). Nothing happens when there are none. */
  remove(folder: 'live' | 'golden', cluster: string, signal?: AbortSignal): Promise<void>;
  /** Takes away image layers and archives of snapshots, all but those of these. */
  removeAllBut(kept: Kept, signal?: AbortSignal): Promise<void>;
  /** Clusters whose nodes' disks are in the volume. */
  live(signal?: AbortSignal): Promise<readonly string[]>;
}

/** What snapshots are made of: ids of image layers, and the clusters whose archives they are. */
interface Kept {
  readonly bases: readonly string[];
  readonly clusters: readonly string[];
}

/** How much must be free before a snapshot is taken: a base, three archives and a running copy of them, with room to breathe. */
const leastFreeKiB = 4 * 1024 * 1024;

/** The scripts that the helper runs. Cluster names are lower-case letters, digits and dashes: nothing to quote. */
export const diskScripts = {
  save: (cluster: string, baseId: string, count: number): string =>
    shellScript('disks.sh') +
    shellScript('disks-save.sh', { cluster, base_id: baseId, count, least_free_kib: leastFreeKiB }),
  unpack: ({ cluster, base, nodes }: Snapshot, nonce: string): string =>
    shellScript('disks.sh') +
    shellScript('disks-unpack.sh', {
      ...{ cluster, nonce, base_id: base.id, base_sum: base.sha256, base_path: basePath },
      sums: nodes.map((node) => node.sha256).join(' '),
    }),
  /** Takes away the disks of one cluster: those of its nodes (`live`) or its snapshot (`golden`). */
  remove: (folder: 'live' | 'golden', cluster: string): string => `rm -rf /store/${folder}/${cluster}`,
  /** Takes away what no snapshot names. */
  removeOthers: ({ bases, clusters }: Kept): string =>
    shellScript('disks-remove-others.sh', { bases: bases.join(' '), clusters: clusters.join(' ') }),
  live: 'ls /store/live 2>/dev/null || true',
} as const;

/** Runs the scripts. `image` is any node image of firedrill's. */
export function snapshotDisks(docker: Docker, image: string): SnapshotDisks {
  const helper = async (
    script: string,
    options: {
      readonly runId?: string;
      readonly mounts?: readonly string[];
      readonly onLine?: (line: string) => void;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<string> =>
    await docker(
      [
        ...['run', '--rm', '-i', '--privileged', '--network=none', '-v', `${snapshotVolume}:/store`],
        ...(options.mounts ?? []).flatMap((mount) => ['-v', mount]),
        ...(options.runId === undefined ? [] : ['--label', `${labels.run}=${options.runId}`]),
        ...['--entrypoint', 'sh', image, '-s'],
      ],
      {
        input: script,
        timeoutMs: 300_000,
        ...(options.onLine ? { onLine: options.onLine } : {}),
        ...(options.signal ? { signal: options.signal } : {}),
      },
    );
  const there = async (signal?: AbortSignal): Promise<boolean> => {
    const found = await docker(
      ['volume', 'ls', '-q', '--filter', `name=^${snapshotVolume}$`],
      signal ? { signal } : {},
    );
    return found !== '';
  };
  return {
    async save(of, signal) {
      const out = await helper(diskScripts.save(of.cluster, of.baseId, of.volumes.length), {
        runId: of.runId,
        mounts: of.volumes.map((volume, index) => `${volume}:/from/${index}:ro`),
        signal,
      });
      const [base, ...nodes] = linesOf(out).map((line): Sum => {
        const [sha256 = '', bytes = ''] = line.split(' ');
        return { sha256, bytes: Number(bytes) };
      });
      if (base === undefined || nodes.length !== of.volumes.length || nodes.some((node) => !(node.bytes > 0))) {
        throw new FiredrillError('internal', `the helper of a snapshot said ${JSON.stringify(out)}`);
      }
      return { base, nodes };
    },
    async unpack(snapshot, runId, onDisk, signal) {
      const point = await docker(['volume', 'inspect', '-f', '{{.Mountpoint}}', snapshotVolume], { signal });
      const nonce = randomBytes(4).toString('hex');
      let damaged = false;
      const onLine = (line: string): void => {
        damaged ||= line.startsWith('damaged');
        const index = /^there: (\d+)$/.exec(line)?.[1];
        if (index === undefined || damaged) return;
        onDisk(Number(index), {
          varDir: `${point}/live/${snapshot.cluster}/${nonce}/${index}`,
          baseDir: `${point}/base/${snapshot.base.id}`,
        });
      };
      const said = linesOf(await helper(diskScripts.unpack(snapshot, nonce), { runId, onLine, signal }));
      const wrong = said.filter((line) => !line.startsWith('there: '));
      if (wrong.length > 0) throw new SnapshotUnusable(wrong.join('; '));
    },
    async remove(folder, cluster, signal) {
      if (await there(signal)) await helper(diskScripts.remove(folder, cluster), signal ? { signal } : {});
    },
    async removeAllBut(kept, signal) {
      if (await there(signal)) await helper(diskScripts.removeOthers(kept), signal ? { signal } : {});
    },
    async live(signal) {
      return (await there(signal)) ? linesOf(await helper(diskScripts.live, signal ? { signal } : {})) : [];
    },
  };
}

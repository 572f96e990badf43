import { FiredrillError } from '../../model/errors.ts';
import { clusterPrefix, isGone, labels, linesOf, type Docker } from '../docker.ts';
import type { FrozenCluster } from '../provider.ts';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.ts';
import { snapshotVolume, type SnapshotDisks } from './disks.ts';

/** The image of a node in a snapshot of a cluster. */
export const snapshotImage = (cluster: string, index: number): string => `firedrill/snapshot:${cluster}-${index}`;
const label = 'firedrill.snapshot';

/** How much the snapshots of a machine may take together before the oldest go, in bytes. */
export const snapshotBound = 6 * 2 ** 30;

/** The snapshots that this Docker has. What there is stands in Docker alone: nothing to fall out of step with it. */
export interface SnapshotStore {
  list(signal?: AbortSignal): Promise<readonly Snapshot[]>;
  /**
   * Commits the nodes of a frozen cluster, and takes away the oldest snapshots beyond the bound. The
   * node that carries the description comes last: what is interrupted before it is never found.
   */
  publish(frozen: FrozenCluster, signal: AbortSignal): Promise<void>;
  remove(snapshot: Pick<Snapshot, 'cluster' | 'nodes'>, signal?: AbortSignal): Promise<void>;
}

/** What a set of snapshots takes on disk: each base once. */
export function bytesOf(snapshots: readonly Snapshot[]): number {
  const bases = new Map(snapshots.map(({ base }) => [base.id, base.bytes]));
  return (
    snapshots.reduce((sum, snapshot) => sum + snapshot.bytes, 0) + [...bases.values()].reduce((sum, n) => sum + n, 0)
  );
}

/** Those that have to go, oldest first, so that the rest is within the bound. The newest always stays. Pure. */
export function beyondBound(snapshots: readonly Snapshot[], bound: number): readonly Snapshot[] {
  const oldestFirst = [...snapshots].sort((a, b) => a.epochMs - b.epochMs);
  const gone: Snapshot[] = [];
  while (oldestFirst.length > 1 && bytesOf(oldestFirst) > bound) gone.push(...oldestFirst.splice(0, 1));
  return gone;
}

/** Every snapshot that this Docker has, by the labels of their images. */
export async function describedSnapshots(docker: Docker, signal?: AbortSignal): Promise<readonly Snapshot[]> {
  const given = signal ? { signal } : {};
  const ids = linesOf(await docker(['images', '-q', '--no-trunc', '--filter', `label=${label}`], given));
  if (ids.length === 0) return [];
  const described = linesOf(
    await docker(['image', 'inspect', '-f', `{{index .Config.Labels "${label}"}}`, ...new Set(ids)], given),
  );
  return described.map(decodeSnapshot).filter((snapshot) => snapshot !== undefined);
}

/** The store of this Docker. */
export function snapshotStore(docker: Docker, disks: SnapshotDisks, bound = snapshotBound): SnapshotStore {
  const list = (signal?: AbortSignal) => describedSnapshots(docker, signal);
  const remove: SnapshotStore['remove'] = async (snapshot, signal) => {
    if (!snapshot.cluster.startsWith(clusterPrefix)) return;
    const given = signal ? { signal } : {};
    // The description goes first: half a snapshot must not be found.
    for (const { image } of snapshot.nodes) {
      await docker(['rmi', image], given).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
    }
    await disks.remove('golden', snapshot.cluster, signal);
  };
  return {
    list,
    remove,
    async publish({ snapshot }, signal) {
      const [first, ...others] = snapshot.nodes;
      if (first === undefined) return;
      for (const { name, image } of others) await docker(['commit', name, image], { signal });
      const described = `LABEL ${label}=${encodeSnapshot(snapshot)}`;
      await docker(['commit', '--change', described, first.name, first.image], { signal });
      const all = await list(signal);
      const gone = beyondBound(all, bound);
      for (const old of gone) await remove(old, signal);
      const kept = all.filter((one) => !gone.includes(one));
      const bases = [...new Set(kept.map(({ base }) => base.id))];
      await disks.removeAllBut({ bases, clusters: kept.map(({ cluster }) => cluster) }, signal);
    },
  };
}

/**
 * Takes away every snapshot of this Docker; returns how many. Nothing of a running cluster may be in the volume.
 * @throws FiredrillError `environment` when there are clusters: their disks may lie there
 */
export async function removeSnapshots(docker: Docker, signal: AbortSignal): Promise<number> {
  const clusters = await docker(['ps', '-aq', '--filter', `label=${labels.cluster}`], { signal });
  if (clusters !== '') {
    throw new FiredrillError('environment', 'snapshots stay while there are clusters: their disks may be among them', {
      hint: 'wait for the runs, or: npm run firedrill -- clean --kept',
    });
  }
  const format = '{{.Repository}}:{{.Tag}}';
  const images = linesOf(
    await docker(['images', '--filter', 'reference=firedrill/snapshot', '--format', format], { signal }),
  );
  if (images.length > 0) await docker(['rmi', ...images], { signal });
  await docker(['volume', 'rm', snapshotVolume], { signal }).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  return images.filter((image) => image.endsWith('-0')).length;
}

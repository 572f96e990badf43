import { describe, expect, it } from 'vitest';
import type { Docker } from '../docker.ts';
import { diskScripts, type SnapshotDisks } from './disks.ts';
import { encodeSnapshot, type Snapshot } from './snapshot.ts';
import { beyondBound, bytesOf, removeSnapshots, snapshotImage, snapshotStore } from './store.ts';

const signal = new AbortController().signal;
const snapshot = (slot: number, over: Partial<Snapshot> = {}): Snapshot => ({
  schemaVersion: 1,
  key: 'key',
  cluster: `firedrill-key-${slot}`,
  subnet: '10.201.1.0/24',
  kubeconfig: '',
  epochMs: slot,
  pods: {},
  bytes: 10,
  base: { id: 'base', sha256: 's', bytes: 100 },
  nodes: [0, 1].map((index) => ({
    name: `node-${slot}-${index}`,
    image: snapshotImage(`firedrill-key-${slot}`, index),
    sha256: 't',
    asked: [],
  })),
  ...over,
});

/** A Docker that knows images by their tag and their label. */
function fakeDocker(clusters = '') {
  const images = new Map<string, string>();
  const calls: string[] = [];
  const docker: Docker = (args) => {
    const call = args.join(' ');
    calls.push(call);
    if (call.startsWith('ps')) return Promise.resolve(clusters);
    if (call.startsWith('images -q'))
      return Promise.resolve([...images].flatMap(([n, l]) => (l ? [n] : [])).join('\n'));
    if (call.startsWith('images')) return Promise.resolve([...images.keys()].join('\n'));
    if (call.startsWith('image inspect')) {
      return Promise.resolve(
        args
          .slice(4)
          .map((name) => images.get(name) ?? '')
          .join('\n'),
      );
    }
    if (args[0] === 'commit') {
      images.set(
        args.at(-1) ?? '',
        (args[2] ?? '').replace('LABEL firedrill.snapshot=', '').replace(/^firedrill\/.*/, ''),
      );
    }
    if (args[0] === 'rmi') for (const name of args.slice(1)) images.delete(name);
    return Promise.resolve('');
  };
  return { docker, images, calls };
}

function fakeDisks() {
  const removed: string[] = [];
  const kept: Parameters<SnapshotDisks['removeAllBut']>[0][] = [];
  const disks: SnapshotDisks = {
    save: () => Promise.reject(new Error('not used')),
    unpack: () => Promise.reject(new Error('not used')),
    live: () => Promise.resolve([]),
    remove: (folder, cluster) => {
      removed.push(`${folder}/${cluster}`);
      return Promise.resolve();
    },
    removeAllBut: (one) => {
      kept.push(one);
      return Promise.resolve();
    },
  };
  return { disks, removed, kept };
}

describe('snapshotStore', () => {
  it('finds what was published, and commits the node with the description last', async () => {
    const { docker, calls } = fakeDocker();
    const store = snapshotStore(docker, fakeDisks().disks);
    expect(await store.list()).toEqual([]);
    await store.publish({ snapshot: snapshot(0) }, signal);
    expect(await store.list()).toEqual([snapshot(0)]);
    const commits = calls.filter((call) => call.startsWith('commit'));
    expect(commits[0]).toBe('commit node-0-1 firedrill/snapshot:firedrill-key-0-1');
    expect(commits[1]).toContain(encodeSnapshot(snapshot(0)));
  });

  it('takes the oldest away beyond the bound, disks and images, and keeps what the rest is made of', async () => {
    const { docker, images, calls } = fakeDocker();
    const { disks, removed, kept } = fakeDisks();
    const store = snapshotStore(docker, disks, 125);
    for (const slot of [0, 1, 2]) await store.publish({ snapshot: snapshot(slot) }, signal);
    expect(calls.filter((call) => call.startsWith('images -q'))).toHaveLength(3);
    expect((await store.list()).map((one) => one.cluster)).toEqual(['firedrill-key-1', 'firedrill-key-2']);
    expect(removed).toEqual(['golden/firedrill-key-0']);
    expect(images.has('firedrill/snapshot:firedrill-key-0-0')).toBe(false);
    expect(kept.at(-1)).toEqual({ bases: ['base'], clusters: ['firedrill-key-1', 'firedrill-key-2'] });
  });

  it('never removes under a name that is not ours', async () => {
    const { docker, calls } = fakeDocker();
    await snapshotStore(docker, fakeDisks().disks).remove({ ...snapshot(0), cluster: '../../home' }, signal);
    expect(calls).toEqual([]);
  });
});

describe('the bound', () => {
  it('counts a base once, and always leaves the newest', () => {
    expect(bytesOf([snapshot(0), snapshot(1)])).toBe(120);
    expect(beyondBound([snapshot(0), snapshot(1)], 120)).toEqual([]);
    expect(beyondBound([snapshot(1), snapshot(0)], 1).map((one) => one.cluster)).toEqual(['firedrill-key-0']);
  });
});

describe('removeSnapshots', () => {
  it('refuses while there are clusters, whose disks may lie there', async () => {
    const { docker, calls } = fakeDocker('id1');
    await expect(removeSnapshots(docker, signal)).rejects.toThrow(/stay while there are clusters/);
    expect(calls.some((call) => call.startsWith('volume rm'))).toBe(false);
  });
  it('takes away images and volume', async () => {
    const { docker, images, calls } = fakeDocker();
    await snapshotStore(docker, fakeDisks().disks).publish({ snapshot: snapshot(0) }, signal);
    expect(await removeSnapshots(docker, signal)).toBe(1);
    expect(images.size).toBe(0);
    expect(calls).toContain('volume rm firedrill-snapshots');
  });
});

describe('diskScripts', () => {
  it('are shell', async () => {
    const { execa } = await import('execa');
    const scripts = [
      diskScripts.save('firedrill-a-0', 'b', 3),
      diskScripts.unpack(snapshot(0), '0a'),
      diskScripts.remove('live', 'firedrill-a-0'),
      diskScripts.removeOthers({ bases: ['b'], clusters: ['c'] }),
      diskScripts.live,
    ];
    for (const script of scripts) await execa('sh', ['-n'], { input: script });
  });
});

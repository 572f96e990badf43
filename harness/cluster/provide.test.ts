import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { profiles } from '../model/profile.ts';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { FrozenCluster, RestingCluster, RunningCluster } from './provider.ts';
import type { ClusterSpec } from './spec.ts';
import { snapshotSource, type ClusterSource } from './provide.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot/snapshot.ts';
import type { SnapshotStore } from './snapshot/store.ts';

const signal = new AbortController().signal;
const base = {
  runId: 'r',
  nodeImage: 'node:1',
  workers: 2,
  workloadDir: fileURLToPath(new URL('../../manifests/resurrection', import.meta.url)),
  profile: profiles.fast,
  kindBinary: 'kind',
  kubectlBinary: 'kubectl',
};

/** Everything that happens, in order; what clusters are like; what goes wrong. */
let log: string[];
let state: Fingerprint;
let broken: Partial<Record<'freeze' | 'restore', Error>>;
let published: Snapshot[];
let inDocker: Set<string>;
let names: Set<string>;

class Owned extends FakeCluster implements RunningCluster {
  override readonly name: string;
  readonly spec: ClusterSpec;
  constructor(spec: ClusterSpec) {
    super();
    this.spec = spec;
    this.name = spec.name;
  }
  freeze(key: string): Promise<FrozenCluster> {
    log.push('freeze');
    if (broken.freeze) return Promise.reject(broken.freeze);
    return Promise.resolve({ snapshot: { key, cluster: this.name } as Snapshot });
  }
  atRest(): Promise<RestingCluster> {
    const { name, spec } = this;
    const handOver = (given: Pick<ClusterSpec, 'workDir'>): Promise<RunningCluster> => {
      log.push('hand over');
      return Promise.resolve(new Owned({ ...spec, ...given }));
    };
    return Promise.resolve({ name, fingerprint: state, handOver });
  }
  override delete(): Promise<void> {
    log.push('delete');
    return Promise.resolve();
  }
}

const store: SnapshotStore = {
  list: () => Promise.resolve(published),
  publish: ({ snapshot }) => {
    log.push('publish');
    published.push(snapshot);
    return Promise.resolve();
  },
  remove: (snapshot) => {
    log.push('remove snapshot');
    published = published.filter((one) => one.cluster !== snapshot.cluster);
    return Promise.resolve();
  },
};

let source: ClusterSource;
const provide = async () => {
  const name = await source.reserve();
  return (await source.provide({ name, workDir: await mkdtemp(join(dir, 'work-')) }, signal)) as Owned;
};

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'firedrill-provide-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

beforeEach(async () => {
  log = [];
  state = new Map([['Pod a/p', 'u1']]);
  broken = {};
  published = [];
  inDocker = new Set();
  names = new Set();
  source = await snapshotSource(
    base,
    { claim: (name) => Promise.resolve(!names.has(name)), alone: (work) => work() },
    signal,
    {
      docker: (args) => Promise.resolve([...inDocker].some((name) => args.join(' ').includes(name)) ? 'id' : ''),
      run: () => Promise.resolve({ exitCode: 0, stdout: '0.33.0', stderr: '' }),
      store,
      provider: {
        create: async (spec) => {
          log.push('create');
          // Like the real one, which links its tools into a folder of its own.
          await mkdir(spec.workDir, { recursive: true });
          await symlink('/bin/sh', join(spec.workDir, 'kubectl'));
          return new Owned(spec);
        },
        restore: (spec) => {
          log.push('restore');
          return broken.restore ? Promise.reject(broken.restore) : Promise.resolve(new Owned(spec));
        },
      },
    },
  );
});

describe('the ladder', () => {
  it('makes one cluster by kind, of which all others are copies, the first trial too', async () => {
    const first = await provide();
    expect(log).toEqual(['create', 'freeze', 'publish', 'delete', 'restore']);
    expect(first.name).toMatch(/^firedrill-[0-9a-f]{6}-0$/);
    await provide();
    expect(log.slice(5)).toEqual(['restore']);
  });

  it('uses a cluster again on which nothing is left, and says what else it found', async () => {
    const first = await provide();
    log = [];
    expect(await source.giveBack(first, signal)).toBe(true);
    expect(source.spares()).toEqual([first.name]);
    const second = await provide();
    expect(log).toEqual(['hand over']);
    expect(source.spares()).toEqual([]);
    expect(second.spec.facts).toEqual({});

    state = new Map([...state, ['Pod a/planted', 'u2']]);
    expect(await source.giveBack(second, signal)).toBe(false);
    const third = await provide();
    expect(log).toEqual(['hand over', 'restore']);
    expect(third.spec.facts).toEqual({ 'cluster.not-reset-in-place': '1 differences: Pod a/planted is new (u2)' });
  });

  it('stops asking a scenario whose undo always leaves something', async () => {
    let uid = 0;
    const asked = () => {
      state = new Map([['Pod a/p', `u${uid++}`]]);
    };
    for (let i = 0; i < 2; i++) {
      const cluster = await provide();
      asked();
      expect(await source.giveBack(cluster, signal)).toBe(false);
    }
    const third = await provide();
    expect(await source.giveBack(third, signal)).toBe(false);
    const fourth = await provide();
    expect(fourth.spec.facts?.['cluster.not-reset-in-place']).toMatch(/^not tried: 2 undos/);
  });

  it('throws a snapshot away that is no good, and makes another', async () => {
    await provide();
    log = [];
    broken.restore = new SnapshotUnusable('damaged');
    await provide();
    expect(log.slice(0, 7)).toEqual(['restore', 'remove snapshot', 'create', 'freeze', 'publish', 'delete', 'restore']);
    // The second is no better: then kind makes the cluster, and no third snapshot is tried.
    expect(log.slice(7)).toEqual(['remove snapshot', 'create']);
  });

  it('makes it a second time for the same trial when the first is no good', async () => {
    broken.restore = new SnapshotUnusable('not healthy');
    await provide();
    const once = ['create', 'freeze', 'publish', 'delete', 'restore', 'remove snapshot'];
    expect(log).toEqual([...once, ...once, 'create']);
  });

  it('keeps a snapshot when it was not its fault', async () => {
    await provide();
    log = [];
    broken.restore = new Error('port is already allocated');
    await provide();
    expect(log).toEqual(['restore', 'create']);
    expect(published).toHaveLength(1);
  });

  it('goes on by kind where no snapshot can be taken', async () => {
    broken.freeze = new Error('no room');
    await provide();
    await provide();
    expect(log).toEqual(['create', 'freeze', 'delete', 'create', 'create']);
  });
});

describe('names', () => {
  it('are of one cluster at a time: not of one that is there, of another process, or reserved', async () => {
    const first = await source.reserve();
    const second = await source.reserve();
    expect(second).toBe(first.replace(/0$/, '1'));
    inDocker.add(first.replace(/0$/, '2'));
    names.add(first.replace(/0$/, '3'));
    expect(await source.reserve()).toBe(first.replace(/0$/, '4'));
  });

  it('are others for blocks that ask at the same time, also while the cluster of one is being made', async () => {
    const names = await Promise.all([source.reserve(), source.reserve(), source.reserve()]);
    expect(new Set(names).size).toBe(3);
    const making = source.provide({ name: names[0], workDir: await mkdtemp(join(dir, 'work-')) }, signal);
    expect(names).not.toContain(await source.reserve());
    await making;
    // Now Docker tells of it; this one has nothing.
    expect(await source.reserve()).toBe(names[0]);
  });
});

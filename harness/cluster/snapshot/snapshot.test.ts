import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { profiles } from '../../model/profile.ts';
import { decodeSnapshot, encodeSnapshot, restoreArgs, snapshotKey, type Snapshot } from './snapshot.ts';

/** As kind 0.33 asks for a control plane, shortened. */
const asked = [
  ...[
    '--name',
    'firedrill-a-0-control-plane',
    '--privileged',
    '--volume',
    '/var',
    '--volume',
    '/lib/modules:/lib/modules:ro',
  ],
  ...['--detach', '--net', 'firedrill-a-0', '--restart=on-failure:1', '--publish=127.0.0.1:40001:30081/TCP'],
  ...['--publish=127.0.0.1:40000:6443/TCP', '-e', 'KUBECONFIG=/etc/kubernetes/admin.conf', 'firedrill/node:v1'],
];

describe('restoreArgs', () => {
  const node = {
    varDir: '/d/live/x/0',
    image: 'firedrill/snapshot:x-0',
    restart: 'no' as const,
    ports: new Map([
      [30081, 1],
      [6443, 2],
    ]),
  };

  it('starts the same node on its own disk, image and free ports, and never by itself', () => {
    expect(restoreArgs(asked, node)).toEqual([
      ...['--name', 'firedrill-a-0-control-plane', '--privileged', '--volume', '/d/live/x/0:/var'],
      ...['--volume', '/lib/modules:/lib/modules:ro', '--detach', '--net', 'firedrill-a-0', '--restart=no'],
      ...['--publish=127.0.0.1:1:30081/TCP', '--publish=127.0.0.1:2:6443/TCP'],
      ...['-e', 'KUBECONFIG=/etc/kubernetes/admin.conf', 'firedrill/snapshot:x-0'],
    ]);
  });

  it('is started again by Docker where that is how its program is', () => {
    expect(restoreArgs(asked, { ...node, restart: 'unless-stopped' })).toContain('--restart=unless-stopped');
  });

  it('does not guess when kind asks in other words, or a port is missing', () => {
    expect(() => restoreArgs(['--volume', '/data', 'image'], node)).toThrow(/no volume at \/var/);
    expect(() => restoreArgs(asked, { ...node, ports: new Map() })).toThrow(/no port/);
  });
});

describe('a snapshot as a label', () => {
  const snapshot: Snapshot = {
    schemaVersion: 1,
    key: 'k',
    cluster: 'firedrill-a-0',
    subnet: '10.201.1.0/24',
    kubeconfig: "server: 'https://127.0.0.1:1'\n",
    epochMs: 1,
    pods: {},
    bytes: 2,
    base: { id: 'b', sha256: 's', bytes: 3 },
    nodes: [{ name: 'n', image: 'i', sha256: 't', asked: ['--label', 'a="b c"'] }],
  };
  it('comes back as it was, and is one word', () => {
    expect(encodeSnapshot(snapshot)).toMatch(/^[A-Za-z0-9+/=]+$/);
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
  });
  it('is nothing when it is of another version or broken', () => {
    const other = Buffer.from(JSON.stringify({ ...snapshot, schemaVersion: 2 })).toString('base64');
    for (const label of [other, 'e30=', '<no value>', '']) expect(decodeSnapshot(label)).toBeUndefined();
  });
});

describe('snapshotKey', () => {
  const given = { imageId: 'sha256:1', kindVersion: '0.33.0', sharedManifests: '' };
  it('changes with everything that goes into a cluster, and with nothing else', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'firedrill-key-'));
    try {
      const manifests = fileURLToPath(new URL('../../../manifests', import.meta.url));
      await cp(join(manifests, 'resurrection'), join(dir, 'workload'), { recursive: true });
      await cp(join(manifests, 'flannel.yaml'), join(dir, 'flannel.yaml'));
      const spec = { workers: 2, profile: profiles.fast, workloadDir: join(dir, 'workload') };
      const key = (over: object = {}, gave: object = {}) =>
        snapshotKey({ ...spec, ...over }, { ...given, sharedManifests: dir, ...gave });
      const first = await key();
      expect(first).toMatch(/^[0-9a-f]{12}$/);
      expect(await key()).toBe(first);
      const keys = [
        await key({ workers: 1 }),
        await key({ profile: profiles.stock }),
        await key({ openFence: true }),
        await key({ build: { key: 'a smaller quota' } }),
        await key({}, { imageId: 'sha256:2' }),
        await key({}, { kindVersion: '0.34.0' }),
        await key({ distribution: 'k3s' }),
      ];
      await writeFile(join(dir, 'workload', 'seed.sql'), 'another');
      keys.push(await key());
      await writeFile(join(dir, 'flannel.yaml'), 'another');
      keys.push(await key());
      expect(new Set([first, ...keys]).size).toBe(10);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

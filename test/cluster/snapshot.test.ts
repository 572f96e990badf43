import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerCli } from '../../harness/cluster/docker.ts';
import { differences, type Fingerprint } from '../../harness/cluster/fingerprint.ts';
import { dockerProvider } from '../../harness/cluster/docker-provider.ts';
import type { RunningCluster } from '../../harness/cluster/provider.ts';
import type { ClusterSpec } from '../../harness/cluster/spec.ts';
import { snapshotDisks, snapshotVolume } from '../../harness/cluster/snapshot/disks.ts';
import { SnapshotUnusable, type Snapshot } from '../../harness/cluster/snapshot/snapshot.ts';
import { snapshotStore } from '../../harness/cluster/snapshot/store.ts';
import { buildOf } from '../../harness/engine/build.ts';
import { ensureImages } from '../../harness/images/ensure.ts';
import { act } from '../../harness/model/define.ts';
import { pauseImage } from '../../harness/model/instruments.ts';
import { profiles } from '../../harness/model/profile.ts';
import { ensureKind, ensureKubectl } from '../../harness/setup/kind.ts';
import { intendCluster, noCluster } from './provided.ts';

describe.skipIf(noCluster)('a cluster restored from a snapshot', () => {
  const signal = AbortSignal.timeout(14 * 60_000);
  const docker = dockerCli();
  const provider = dockerProvider();
  const quiet = (): void => undefined;
  // A name of its own: a run's snapshots on this machine are not this test's.
  const name = `firedrill-snap-${randomBytes(3).toString('hex')}`;
  let dir: string;
  let gone: () => void;
  let spec: ClusterSpec;
  let snapshot: Snapshot | undefined;
  let made: { readonly addresses: string; readonly documents: string };
  let cluster: RunningCluster | undefined;
  let first: Fingerprint;

  const documents = async (of: RunningCluster): Promise<string> => {
    const sql = 'SELECT count(*), md5(string_agg(sha256, chr(10) ORDER BY id)) FROM documents';
    const { stdout } = await of.workstation(
      `kubectl -n chromadb exec chromadb-0 -- psql -qAt -U chromadb -d chromadb -c '${sql}'`,
    );
    return stdout.trim();
  };
  const addressesOf = (of: RunningCluster): string => of.nodes.map((node) => `${node.name}=${node.address}`).join(' ');
  let turn = 0;
  const restore = (): Promise<RunningCluster> => {
    if (snapshot === undefined) throw new Error('no snapshot');
    return provider.restore({ ...spec, workDir: join(dir, `restored-${++turn}`) }, snapshot, signal);
  };
  const store = () => snapshotStore(docker, snapshotDisks(docker, spec.nodeImage));

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firedrill-snapshot-'));
    gone = intendCluster(name, dir);
    const images = await ensureImages({ mode: 'auto' }, quiet, signal);
    spec = {
      name,
      runId: name,
      nodeImage: images.node,
      workers: 2,
      workloadDir: fileURLToPath(new URL('../../manifests/resurrection', import.meta.url)),
      profile: profiles.fast,
      kindBinary: await ensureKind({}, quiet, signal),
      kubectlBinary: await ensureKubectl(images.node, {}, quiet, signal),
      workDir: join(dir, 'made'),
      ...buildOf([
        act(
          'a workload of its own',
          'workstation',
          `kubectl create namespace built && kubectl -n built create deployment extra --image=${pauseImage} --replicas=2`,
        ),
        act('a file of its own', 'workers', 'echo built > /etc/built'),
      ]),
    };
    const fresh = await provider.create(spec, signal);
    try {
      made = { addresses: addressesOf(fresh), documents: await documents(fresh) };
      const frozen = await fresh.freeze('key', signal);
      ({ snapshot } = frozen);
      await store().publish(frozen, signal);
    } finally {
      await fresh.delete();
    }
  });
  afterAll(async () => {
    await cluster?.delete();
    const patience = AbortSignal.timeout(120_000);
    for (const kind of ['cluster', 'fence', 'network'] as const) {
      await provider.delete({ kind, name, runId: name }, patience);
    }
    if (snapshot !== undefined) await store().remove(snapshot, patience);
    await rm(dir, { recursive: true, force: true });
    gone();
  });

  it('is the one that was frozen: addresses, data, pods without a history, a fence', async () => {
    cluster = await restore();
    expect(addressesOf(cluster)).toBe(made.addresses);
    expect(made.documents).toMatch(/^1133\|/);
    expect(await documents(cluster)).toBe(made.documents);
    const restarts = (await cluster.api.pods()).flatMap((pod) => pod.containers.map((container) => container.restarts));
    expect(restarts.length).toBeGreaterThan(30);
    // Counts that came along would be on every pod. One that a liveness probe restarted on a busy machine is its own affair.
    expect(restarts.filter((count) => count > 0).length).toBeLessThan(5);
    expect(await cluster.environment()).toMatchObject({
      fence: 'stands',
      'cluster.origin': 'restored from a snapshot',
    });
    first = (await cluster.atRest(signal)).fingerprint;
  });

  it('has what was built before it was frozen: pods, and files of nodes', async () => {
    const pods = (await cluster?.api.pods()) ?? [];
    expect(pods.filter(({ namespace, ready }) => namespace === 'built' && ready)).toHaveLength(2);
    const worker = cluster?.select({ worker: 1 })[0]?.name ?? '';
    expect((await cluster?.exec(worker, 'cat /etc/built'))?.stdout.trim()).toBe('built');
  });

  it('has a fingerprint that sees what a drill leaves behind', async () => {
    const [node] = cluster?.select({ worker: 1 }) ?? [];
    if (cluster === undefined || node === undefined) throw new Error('no cluster');
    expect(differences(first, (await cluster.atRest(signal)).fingerprint)).toEqual([]);
    await cluster.exec(
      node.name,
      'touch /etc/cni/net.d/99-planted; iptables -A INPUT -s 192.0.2.9 -j DROP; chmod 700 /opt/cni/bin/bridge',
    );
    await cluster.exec(node.name, 'ip link add planted type bridge; systemctl stop containerd');
    await cluster.workstation('kubectl create configmap planted; kubectl cordon "$CONTROL_PLANE"');
    await cluster.workstation(
      `kubectl -n chromadb exec chromadb-0 -- psql -q -U chromadb -d chromadb -c "UPDATE documents SET body = '' WHERE id = 7"`,
    );
    const left = differences(first, (await cluster.atRest(signal)).fingerprint).join('\n');
    for (const planted of [
      'file /etc/cni/net.d/99-planted is new',
      'iptables -A INPUT -s 192.0.2.9/32 -j DROP is new',
      'file /opt/cni/bin/bridge was mode 755',
      'link planted is new',
      'unit containerd was active',
      'ConfigMap default/planted is new',
      `Node ${cluster.nodes[0]?.name ?? ''} was`,
      'data: documents was 1133 rows',
    ]) {
      expect(left).toContain(planted);
    }
  });

  it('starts from the snapshot again, not from what became of the last one, and leaves no disks', async () => {
    await cluster?.delete();
    expect(await snapshotDisks(docker, spec.nodeImage).live()).not.toContain(name);
    cluster = await restore();
    // Pods get their addresses in the order in which they start; the rest is the same, object for object.
    const addresses = /CNI address|KUBE-|iptables|queue /;
    const unrestarted = (of: Fingerprint): Fingerprint =>
      new Map([...of].map(([what, value]) => [what, value.replace(/ \d+ restarts/, '')]));
    const left = differences(unrestarted(first), unrestarted((await cluster.atRest(signal)).fingerprint)).filter(
      (line) => !addresses.test(line),
    );
    expect(left).toEqual([]);
  });

  it('is refused when a byte of the snapshot is not as it was', async () => {
    await cluster?.delete();
    cluster = undefined;
    const damage = `printf x | dd of=/store/golden/${name}/1.tar bs=1 seek=100000 conv=notrunc status=none`;
    await docker([
      ...['run', '--rm', '--network=none', '-v', `${snapshotVolume}:/store`, '--entrypoint', 'sh'],
      ...[spec.nodeImage, '-ec', damage],
    ]);
    const refused = restore();
    await expect(refused).rejects.toThrow(SnapshotUnusable);
    await expect(refused).rejects.toThrow(/the archive of node 1 is not as it was/);
    expect(await docker(['ps', '-aq', '--filter', `label=firedrill.cluster=${name}`])).toBe('');
  });
});

import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerProvider } from '../../harness/cluster/docker-provider.ts';
import type { RunningCluster } from '../../harness/cluster/provider.ts';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import type { EndpointName, PodState } from '../../harness/model/cluster.ts';
import { millis, seconds } from '../../harness/model/units.ts';
import { eventually, noCluster, provide } from './provided.ts';

const services = ['chromadb', 'convocanvas', 'librechat', 'monitoring', 'ollama'];

/** One cluster for all of these, in this order: the last ones take it apart. */
describe.skipIf(noCluster)('a cluster made by kind', () => {
  let cluster: RunningCluster;
  let remove: () => Promise<void> = () => Promise.resolve();
  const worker = (n: number): string => cluster.select({ worker: n })[0]?.name ?? '';
  const controlPlane = (): string => cluster.select('control-plane')[0]?.name ?? '';

  beforeAll(async () => {
    const workloadDir = fileURLToPath(new URL('../../manifests/resurrection', import.meta.url));
    ({ cluster, remove } = await provide({ workloadDir, workers: 2 }));
  });
  afterAll(() => remove());

  const url = (name: EndpointName, path: string): string => {
    const { host, port } = cluster.endpoint(name);
    return `http://${host}:${port}${path}`;
  };
  const servicePods = async (): Promise<readonly PodState[]> =>
    (await cluster.api.pods()).filter((pod) => services.includes(pod.namespace));
  const allReady = async (): Promise<boolean> => {
    const pods = await servicePods();
    return pods.length === 23 && pods.every((pod) => pod.ready && !pod.terminating);
  };
  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({
      ...cluster.endpoint('database'),
      user: 'chromadb',
      database: 'chromadb',
      password: 'firedrill',
      connectionTimeoutMillis: 5000,
    });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const echo = async (): Promise<string> => {
    const response = await fetch(url('web', '/echo'), {
      method: 'POST',
      body: 'hello',
      signal: AbortSignal.timeout(5000),
    });
    return response.text();
  };

  it('runs the 23 pods of the postmortem in 5 namespaces, on both workers, with nothing restarted', async () => {
    const pods = await servicePods();
    expect(pods.filter((pod) => pod.ready)).toHaveLength(23);
    expect([...new Set(pods.map((pod) => pod.namespace))].sort()).toEqual(services);
    expect([...new Set(pods.map((pod) => pod.node))].sort()).toEqual([worker(1), worker(2)]);
    expect(pods.flatMap((pod) => pod.containers).reduce((sum, c) => sum + c.restarts, 0)).toBe(0);
  });

  it('resolves names on the workers only, one replica on each', async () => {
    const dns = await cluster.api.pods({ namespace: 'kube-system', labelSelector: 'k8s-app=kube-dns' });
    expect(dns.map((pod) => pod.node).sort()).toEqual([worker(1), worker(2)]);
  });

  it('holds 1,133 documents whose hashes are right, and an empty ledger', async () => {
    const [row] = await query(
      `select count(*)::int as documents, min(id), max(id), (select count(*)::int from ledger) as ledger,
         count(*) filter (where sha256 <> encode(sha256(convert_to(body, 'UTF8')), 'hex'))::int as wrong from documents`,
    );
    expect(row).toEqual({ documents: 1133, min: 1, max: 1133, ledger: 0, wrong: 0 });
  });

  it('answers at its endpoints on loopback, the front end through DNS and its back end', async () => {
    expect(JSON.parse(await echo())).toEqual(['hello']);
    expect((await fetch(url('bystander', '/readyz'))).status).toBe(200);
    for (const name of ['web', 'database', 'bystander', 'volume', 'ssh', 'gateway'] as const) {
      const { host, port } = cluster.endpoint(name);
      expect(host).toBe('127.0.0.1');
      expect(port).toBeGreaterThan(0);
    }
  });

  it('runs commands in nodes and keeps their streams, input and exit code apart', async () => {
    const result = await cluster.exec(worker(1), 'cat; echo err >&2; false; echo never', { input: 'in' });
    expect(result).toEqual({ exitCode: 1, stdout: 'in', stderr: 'err\n' });
  });

  it('ends what it cuts inside the node, children too', async () => {
    const alive = async (mark: string): Promise<number> =>
      Number((await cluster.exec(worker(1), `ps -eo args | grep -c '^sleep ${mark}$' || true`)).stdout);
    expect(await cluster.exec(worker(1), 'sleep 98761 & sleep 98761', { timeoutMs: millis(2000) })).toMatchObject({
      exitCode: 124,
    });
    expect(await alive('98761')).toBe(0);

    const controller = new AbortController();
    const running = cluster.exec(worker(1), 'sleep 98762 | cat', { signal: controller.signal });
    await eventually('the command runs', 10_000, async () => (await alive('98762')) === 1);
    controller.abort();
    expect(await running).toMatchObject({ exitCode: 130 });
    expect(await alive('98762')).toBe(0);

    const stream = cluster.attach(
      worker(1),
      'sleep 98763 & while read line; do echo "got $line"; done',
      new AbortController().signal,
    );
    stream.write('a');
    const lines: string[] = [];
    for await (const line of stream.lines) {
      lines.push(line);
      if (lines.length === 2) break;
      stream.write('b');
    }
    expect(lines).toEqual(['got a', 'got b']);
    expect(await alive('98763')).toBe(1);
    await stream.close();
    expect(await alive('98763')).toBe(0);
  });

  it('gives the engineer a workstation with everything at hand and nothing of the user', async () => {
    const result = await cluster.workstation(
      'kubectl get nodes -o name | wc -l; ssh "$CONTROL_PLANE" hostname; kind version -q >/dev/null; ls "$PACKAGES" | grep -cx bridge; ls "$MANIFESTS/deploy.sh"; ls -A "$BACKUP" | wc -l; for n in $WORKERS; do echo hi | ssh "$n" cat; done',
    );
    expect(result.stderr).toBe('');
    expect(result.stdout.split('\n').slice(0, 3)).toEqual(['3', controlPlane(), '1']);
    expect(result.stdout).toMatch(/deploy\.sh\n0\nhi\nhi\n$/);
  });

  it('reads, writes and watches by the API', async () => {
    const { api } = cluster;
    await api.writeConfigMap('default', 'firedrill-test', { a: '1' });
    await api.writeConfigMap('default', 'firedrill-test', { b: '2' });
    expect(await api.readConfigMap('default', 'firedrill-test')).toEqual({ a: '1', b: '2' });
    const { desired, ready } = await api.replicas();
    expect(desired).toBe(ready);
    await expect(api.readConfigMap('default', 'not-there')).rejects.toThrow(/API says 404: .*not-there/);

    const controller = new AbortController();
    const seen: PodState[] = [];
    const watching = (async () => {
      for await (const pod of api.watchPods({ namespace: 'canary', labelSelector: 'app=test' }, controller.signal)) {
        seen.push(pod);
        if (pod.ready) controller.abort();
      }
    })();
    const node = worker(1);
    await api.createCanary({ namespace: 'canary', name: 'c1', labels: { app: 'test' }, node });
    await watching;
    expect(seen.at(-1)).toMatchObject({ name: 'c1', ready: true });
    // No runbook that drains this node is stopped by it.
    const drain = `${kubeadm.commands.kubectl} drain ${node} --dry-run=client --ignore-daemonsets --delete-emptydir-data 2>&1`;
    const drained = await cluster.exec(controlPlane(), drain);
    expect(drained).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\bc1\b/) as string });
    await api.deletePod('canary', 'c1', { force: true });
    await api.deletePod('canary', 'c1', { force: true });
    expect(await api.pods({ namespace: 'canary' })).toEqual([]);
  });

  it('has crictl, as every kind node does, and it knows its runtime', async () => {
    const { stdout } = await cluster.exec(worker(1), 'crictl pods --state ready -q | wc -l');
    expect(Number(stdout)).toBeGreaterThan(5);
  });

  it('keeps systemd away from the groups that it would clear away under the kubelet (cgroup v1)', async () => {
    const { stdout } = await cluster.exec(
      worker(1),
      [
        'if [ -f /sys/fs/cgroup/cgroup.controllers ]; then echo "one hierarchy for all"; exit; fi',
        // Not one that systemd could know by its path, and the pods' groups are in it.
        '[ ! -e /sys/fs/cgroup/devices/cgroup.procs ]',
        'ls -d /sys/fs/cgroup/devices.runtime/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/*.slice | wc -l',
      ].join('\n'),
    );
    expect(stdout).toMatch(/^(one hierarchy for all|[1-9]\d*)$/m);
  });

  it('tells what it is made of', async () => {
    const facts = await cluster.environment();
    expect(facts).toMatchObject({ provider: 'kind', fence: 'stands', profile: 'fast' });
    expect(facts['addresses']).toMatch(/^pinned: /);
    expect(facts['version.kubernetes']).toMatch(/^v1\./);
  });

  it('keeps every address when nodes lose their power, whatever the order they come back in', async () => {
    const before = cluster.nodes.map((node) => `${node.name}=${node.address}`);
    // The last node first, and two at once: Docker by itself would hand out the addresses in this order.
    await Promise.all([cluster.reboot(worker(2)), cluster.reboot(controlPlane())]);
    await cluster.reboot(worker(1));
    const after = await Promise.all(
      cluster.nodes.map(async ({ name }) => {
        const { stdout } = await cluster.exec(name, "ip -4 -o addr show eth0 | awk '{print $4}'", {
          timeoutMs: seconds(10),
        });
        return `${name}=${stdout.trim().replace(/\/\d+$/, '')}`;
      }),
    );
    expect(after).toEqual(before);
    await eventually('everything is ready again', 240_000, allReady);
    // Ready in the API may be what was so before the power went: traffic is the witness.
    await eventually('the front end answers', 120_000, async () => (await echo()).includes('hello'));
    await eventually(
      'the bystander answers',
      60_000,
      async () => (await fetch(url('bystander', '/readyz'))).status === 200,
    );
    expect(await query('select count(*)::int as n from documents')).toEqual([{ n: 1133 }]);
    expect((await cluster.environment())['fence']).toBe('stands');
  });

  it('leaves nothing when it is deleted', async () => {
    const docker = async (...args: string[]): Promise<string> => (await execa('docker', args)).stdout;
    const names = cluster.nodes.map((node) => node.name);
    const mounts = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}';
    const volumes = (await docker('inspect', '-f', mounts, ...names)).split('\n').filter((line) => line !== '');
    expect(volumes.length).toBeGreaterThanOrEqual(3);

    await cluster.delete();
    await cluster.delete();

    expect(await docker('ps', '-aq', '--filter', `label=firedrill.cluster=${cluster.name}`)).toBe('');
    expect(await docker('network', 'ls', '-q', '--filter', `name=^${cluster.name}$`)).toBe('');
    const left = (await docker('volume', 'ls', '-q')).split('\n');
    expect(left.filter((volume) => volumes.includes(volume))).toEqual([]);
    const leftovers = await dockerProvider().list(AbortSignal.timeout(60_000));
    expect(leftovers.filter((leftover) => leftover.name === cluster.name)).toEqual([]);
  });
});

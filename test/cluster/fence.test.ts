import { createServer, type Server } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerCli } from '../../harness/cluster/docker.ts';
import { dockerFence, type Fence } from '../../harness/cluster/fence.ts';
import type { RunningCluster } from '../../harness/cluster/provider.ts';
import { bridgeOf } from '../../harness/cluster/network.ts';
import { seconds } from '../../harness/model/units.ts';
import { noCluster, provide } from './provided.ts';

/**
 * A machine behind the host's own router, played by a container on a cable of its own (RFC 5737's TEST-NET-2: no packet of
 * this test can be meant for anybody).
 */
const beyond = { host: '198.51.100.1', address: '198.51.100.2', port: 9898 };

const workload = `
apiVersion: v1
kind: Namespace
metadata: { name: fence }
---
apiVersion: v1
kind: Pod
metadata: { name: pod, namespace: fence }
spec:
  nodeSelector: { kubernetes.io/hostname: '\${WORKER_1}' }
  containers:
    - { name: main, image: 'ghcr.io/stefanprodan/podinfo:6.9.2', imagePullPolicy: IfNotPresent, command: [./podinfo] }
---
apiVersion: v1
kind: Pod
metadata: { name: host-network-pod, namespace: fence }
spec:
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  nodeSelector: { kubernetes.io/hostname: '\${WORKER_1}' }
  containers:
    - { name: main, image: 'ghcr.io/stefanprodan/podinfo:6.9.2', imagePullPolicy: IfNotPresent, command: [./podinfo, --port=9797] }
---
apiVersion: v1
kind: Pod
metadata: { name: other, namespace: fence, labels: { app: other } }
spec:
  nodeSelector: { kubernetes.io/hostname: '\${CONTROL_PLANE}' }
  tolerations: [{ operator: Exists }]
  containers:
    - { name: main, image: 'ghcr.io/stefanprodan/podinfo:6.9.2', imagePullPolicy: IfNotPresent, command: [./podinfo] }
---
apiVersion: v1
kind: Service
metadata: { name: other, namespace: fence }
spec:
  selector: { app: other }
  ports: [{ port: 9898 }]
`;

describe.skipIf(noCluster)('the fence around a cluster', () => {
  let cluster: RunningCluster;
  let fence: Fence;
  let bridge: string;
  let server: Server;
  let machine: { readonly address: string; readonly port: number };
  const undo: (() => Promise<unknown>)[] = [];
  const signal = AbortSignal.timeout(14 * 60_000);
  const docker = dockerCli();

  beforeAll(async () => {
    const workloadDir = await mkdtemp(join(tmpdir(), 'firedrill-fence-'));
    undo.push(() => rm(workloadDir, { recursive: true, force: true }));
    await writeFile(join(workloadDir, 'fence.yaml'), workload);
    const provided = await provide({ workloadDir, workers: 1 });
    undo.push(provided.remove);
    cluster = provided.cluster;
    fence = dockerFence(docker, provided.nodeImage);
    bridge = bridgeOf(cluster.name);

    // This machine itself, at an address that others know it by.
    const address = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find((a) => a.family === 'IPv4' && !a.internal)?.address;
    if (address === undefined) throw new Error('this machine has no address but loopback');
    server = createServer((socket) => {
      // A caller that has seen enough resets the connection: its right, and no error of this test.
      socket.on('error', () => socket.destroy());
      socket.end('reached');
    });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    undo.push(() => new Promise((resolve) => server.close(resolve)));
    const bound = server.address();
    machine = { address, port: typeof bound === 'object' && bound !== null ? bound.port : 0 };

    // Something that is reached through this machine, as the internet is: its packets are forwarded by the host.
    const id = await docker([
      ...['run', '-d', '--network', 'none', '--label', `firedrill.run=${cluster.name}`],
      ...['ghcr.io/stefanprodan/podinfo:6.9.2', './podinfo', '--level=warn'],
    ]);
    undo.push(() => docker(['rm', '-f', '-v', id]));
    const pid = await docker(['inspect', '-f', '{{.State.Pid}}', id]);
    const cable = `fdt-${id.slice(0, 8)}`;
    const script = [
      `ip link add ${cable} type veth peer name ${cable}p`,
      `ip link set ${cable}p netns ${pid}`,
      `ip addr add ${beyond.host}/30 dev ${cable}`,
      `ip link set ${cable} up`,
      `nsenter -t ${pid} -n ip addr add ${beyond.address}/30 dev ${cable}p`,
      `nsenter -t ${pid} -n ip link set ${cable}p up`,
      `nsenter -t ${pid} -n ip route add default via ${beyond.host}`,
    ].join('\n');
    await docker([
      ...['run', '--rm', '--privileged', '--network=host', '--pid=host', '--entrypoint', 'sh'],
      ...[provided.nodeImage, '-ec', script],
    ]);
  });
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  /** Who can open a TCP connection to there: `pod`, `host-network-pod`, `node`. */
  const whoReaches = async (host: string, port: number): Promise<string[]> => {
    const node = cluster.select({ worker: 1 })[0]?.name ?? '';
    const inPod = (pod: string) =>
      cluster.workstation(`kubectl -n fence exec ${pod} -- podcli check tcp ${host}:${port} --delay=0s --timeout=2s`, {
        timeoutMs: seconds(20),
      });
    const found = await Promise.all([
      inPod('pod'),
      inPod('host-network-pod'),
      cluster.exec(node, `timeout 2 bash -c 'exec 3<>/dev/tcp/${host}/${port}'`, { timeoutMs: seconds(20) }),
    ]);
    return ['pod', 'host-network-pod', 'node'].filter((_, i) => found[i]?.exitCode === 0);
  };
  const everyone = ['pod', 'host-network-pod', 'node'];

  it('lets nothing out: not to this machine, not to what is beyond it', async () => {
    expect(await fence.stands(cluster.name, bridge, signal)).toBe(true);
    expect(await whoReaches(machine.address, machine.port)).toEqual([]);
    expect(await whoReaches(beyond.address, beyond.port)).toEqual([]);
  });

  it('is what holds them back: without it everyone gets out', async () => {
    await fence.remove(cluster.name);
    try {
      expect(await fence.stands(cluster.name, bridge)).toBe(false);
      expect(await fence.list()).not.toContain(cluster.name);
      expect(await whoReaches(machine.address, machine.port)).toEqual(everyone);
      expect(await whoReaches(beyond.address, beyond.port)).toEqual(everyone);
    } finally {
      await fence.install(cluster.name, bridge, signal);
      await fence.install(cluster.name, bridge, signal);
    }
    expect(await fence.list()).toContain(cluster.name);
    expect(await whoReaches(beyond.address, beyond.port)).toEqual([]);
  });

  it('does not disturb what stays inside: pods, services, names, the API, published ports', async () => {
    const [other] = (await cluster.api.pods({ namespace: 'fence' })).filter((pod) => pod.name === 'other');
    expect(other?.ready).toBe(true);
    const { stdout: ip } = await cluster.workstation("kubectl -n fence get pod other -o jsonpath='{.status.podIP}'");
    expect(await whoReaches(ip, 9898)).toEqual(everyone);
    expect(await whoReaches(cluster.select('control-plane')[0]?.address ?? '', 6443)).toEqual(everyone);
    const inPod = (pod: string, host: string) =>
      cluster.workstation(
        `kubectl -n fence exec ${pod} -- podcli check http http://${host}:9898/healthz --delay=0s --timeout=3s`,
      );
    expect(await inPod('pod', 'other.fence.svc.cluster.local')).toMatchObject({ exitCode: 0 });
    expect(await inPod('host-network-pod', 'other.fence.svc.cluster.local')).toMatchObject({ exitCode: 0 });
    const { host, port } = cluster.endpoint('bystander');
    expect((await fetch(`http://${host}:${port}/readyz`)).status).toBe(200);
  });

  it('asks nobody outside for a name: Docker answers for the nodes, and asks for others inside the node only', async () => {
    const node = cluster.select({ worker: 1 })[0]?.name ?? '';
    const [controlPlane] = cluster.select('control-plane');
    const known = await cluster.exec(node, `getent hosts ${controlPlane?.name ?? ''}`);
    expect(known.stdout).toContain(controlPlane?.address ?? '-');
    // Whoever listens at the node's own 127.0.0.1:53 hears the question, so that is where it was sent.
    const listen =
      'use IO::Socket::INET; $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:53", Proto => "udp") or die; $SIG{ALRM} = sub { exit 1 }; alarm 10; while (1) { $s->recv($m, 512); if ($m =~ /outside.{1}example/s) { print "heard"; exit 0 } }';
    const [heard, asked] = await Promise.all([
      cluster.exec(node, `perl -e '${listen}'`, { timeoutMs: seconds(20) }),
      cluster.exec(node, 'sleep 1; getent hosts outside.example', { timeoutMs: seconds(30) }),
    ]);
    expect(heard.stdout).toBe('heard');
    expect(asked.stdout).toBe('');
  });
});

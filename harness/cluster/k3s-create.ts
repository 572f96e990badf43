import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from '../model/cluster.ts';
import type { Profile } from '../model/profile.ts';
import { millis } from '../model/units.ts';
import { awaitBoot, bootWithinMs } from './boot.ts';
import type { Docker } from './docker.ts';
import { endpointPorts } from './kind-config.ts';
import { nodeRunArgs, type NodesToMake } from './kind-create.ts';
import { mustOnNode } from './must.ts';
import { apiServerPort, hostPort, kubeconfigAt, type Ports } from './ports.ts';
import type { ClusterSpec } from './spec.ts';
import { controllerTimers, kubeletTimers } from './timers.ts';
import { together } from './together.ts';

/** A server makes its certificates and its datastore first. */
const serverWithin = millis(180_000);

/** Where the node image has the CNI plug-ins that come with k3s. */
export const k3sPlugins = '/usr/local/lib/k3s/bin';

const configuration = '/etc/rancher/k3s/config.yaml';
const adminKubeconfig = '/etc/rancher/k3s/k3s.yaml';
const kubeletDropIns = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const installer = '/usr/local/lib/k3s/install.sh';

/**
 * k3s' configuration file of a server (no `server`), or of an agent that joins one (docs.k3s.io, "Configuration Options"). Pods' addresses are
 * kubeadm's, and no workload's pod runs on the server: what differs between two distributions in a comparison is the distribution.
 */
export function k3sConfig(
  profile: Profile,
  node: { readonly address: string; readonly token: string; readonly server?: string },
): string {
  const common = { token: node.token, 'node-ip': node.address };
  if (node.server !== undefined) return stringify({ ...common, server: node.server });
  return stringify({
    ...common,
    'cluster-cidr': '10.244.0.0/16',
    'tls-san': ['127.0.0.1'],
    disable: ['traefik', 'servicelb', 'metrics-server'],
    'node-taint': ['node-role.kubernetes.io/control-plane=:NoSchedule'],
    'kube-controller-manager-arg': Object.entries(controllerTimers(profile)).map(([name, value]) => `${name}=${value}`),
  });
}

/** The arguments after `docker` with which a node is started, as kind starts its own. */
export function k3sNodeArgs(
  spec: Pick<ClusterSpec, 'name' | 'runId' | 'openFence' | 'nodeImage' | 'workers'>,
  node: {
    readonly name: string;
    readonly index: number;
    readonly address: string;
    readonly network: string;
    readonly ports: Ports;
  },
): readonly string[] {
  const published = [...(node.index === 0 ? [apiServerPort] : []), ...endpointPorts(node.index, spec.workers)];
  return [
    ...['run', '--detach', '--tty', '--name', node.name, '--hostname', node.name],
    ...['--network', node.network, '--ip', node.address, ...nodeRunArgs(spec)],
    ...['--privileged', '--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
    ...['--tmpfs', '/tmp', '--tmpfs', '/run', '--volume', '/var', '--volume', '/lib/modules:/lib/modules:ro'],
    ...['--restart=no', '--init=false', '--cgroupns=private'],
    ...published.map((port) => `--publish=127.0.0.1:${hostPort(node.ports, port)}:${port}/TCP`),
    spec.nodeImage,
  ];
}

/**
 * Starts nodes and installs k3s on them as its installer does: a server on the first, agents that join it on the others.
 * @throws FiredrillError `environment` with the node and its own words; what was made is left to the caller to remove
 */
export async function k3sCreate(
  spec: ClusterSpec,
  given: NodesToMake & { readonly docker: Docker; readonly cluster: Pick<Cluster, 'exec'> },
  signal: AbortSignal,
): Promise<void> {
  const { names, net, ports, docker, cluster } = given;
  const token = randomBytes(16).toString('hex');
  const boot = async (name: string, index: number): Promise<void> => {
    const startedEpochMs = Date.now();
    const node = { name, index, address: net.nodeAddress(index), network: net.name, ports };
    await docker(k3sNodeArgs(spec, node), { signal });
    await awaitBoot({ docker, cluster }, name, startedEpochMs, { signal, timeoutMs: bootWithinMs });
  };
  const kubelet = stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...kubeletTimers(spec.profile),
  });
  const install = async (name: string, role: 'server' | 'agent', config: string): Promise<void> => {
    const script = [
      `mkdir -p ${dirname(configuration)} ${kubeletDropIns}`,
      `(umask 077 && cat > ${configuration}) <<'END'\n${config}END`,
      // Read after k3s' own, by name (docs.k3s.io, "Kubelet Configuration Files").
      `cat > ${kubeletDropIns}/90-firedrill.conf <<'END'\n${kubelet}END`,
      `${installer} ${role}`,
    ].join('\n');
    await mustOnNode(cluster, name, script, signal, serverWithin);
  };
  const [server = '', ...agents] = names;
  const address = net.nodeAddress(0);
  const booted = names.map(boot);
  const up = async (): Promise<void> => {
    await booted[0];
    await install(server, 'server', k3sConfig(spec.profile, { address, token }));
    const text = await mustOnNode(cluster, server, `cat ${adminKubeconfig}`, signal);
    await writeFile(given.kubeconfig, kubeconfigAt(text, ports), { mode: 0o600 });
    await together(
      agents.map(async (name, i) => {
        await booted[i + 1];
        const agent = { address: net.nodeAddress(i + 1), token, server: `https://${address}:${apiServerPort}` };
        await install(name, 'agent', k3sConfig(spec.profile, agent));
      }),
    );
  };
  await together([...booted, up()]);
}

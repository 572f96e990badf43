import type { Profile } from '../../model/profile.ts';
import { serverSettings } from '../k3s/create.ts';
import { endpointPorts } from '../layout.ts';
import type { ClusterNetwork } from '../network.ts';
import { apiServerPort, hostPort, type Ports } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';

/**
 * What `k3d cluster create --no-lb --no-image-volume --api-port 127.0.0.1:<port> --network <ours>` asks Docker for, node by node. All of it is k3d's: the
 * facts, each with its place in k3d's source, are in test/contract/k3d.yaml, and a test holds this file against them.
 */

/** The release whose source this follows. */
export const k3dVersion = 'v5.9.0';

/** The script that k3d starts k3s by; in our image it is there already. */
export const entrypoint = '/bin/k3d-entrypoint.sh';

type Role = 'server' | 'agent';
export const roleOf = (index: number): Role => (index === 0 ? 'server' : 'agent');

/** The names of a cluster's nodes, the server's first. */
export const k3dNodeNames = (cluster: string, workers: number): readonly string[] => [
  `k3d-${cluster}-server-0`,
  ...Array.from({ length: workers }, (_, i) => `k3d-${cluster}-agent-${i}`),
];

interface NodeToAsk {
  readonly names: readonly string[];
  readonly index: number;
  readonly net: Pick<ClusterNetwork, 'name' | 'subnet'>;
  readonly ports: Ports;
  readonly token: string;
}

/**
 * The arguments after `docker run` with which a node is asked for, its image last: k3d's own, without entrypoint and command, which a node that is
 * started from a snapshot has from its image. Besides, /var is a volume of its own, for a snapshot to replace; rancher/k3s has four, below it.
 */
export function k3dNodeArgs(spec: Pick<ClusterSpec, 'name' | 'nodeImage' | 'workers'>, node: NodeToAsk): string[] {
  const { names, index, net, ports, token } = node;
  const role = roleOf(index);
  const [name = '', server = ''] = [names[index], names[0]];
  const url = `https://${server}:${apiServerPort}`;
  const api = String(hostPort(ports, apiServerPort));
  const labels = {
    app: 'k3d',
    'k3d.version': k3dVersion,
    'k3d.role': role,
    'k3d.cluster': spec.name,
    'k3d.cluster.url': url,
    'k3d.cluster.token': token,
    'k3d.cluster.network': net.name,
    'k3d.cluster.network.iprange': net.subnet,
    // Whoever deletes the cluster by k3d leaves the network to us, and the fence with it.
    'k3d.cluster.network.external': 'true',
    'k3d.server.loadbalancer': '',
    ...(role === 'server'
      ? { 'k3d.server.api.host': '127.0.0.1', 'k3d.server.api.hostIP': '127.0.0.1', 'k3d.server.api.port': api }
      : {}),
  };
  const env = {
    K3S_TOKEN: token,
    ...(role === 'agent' ? { K3S_URL: url } : {}),
    K3S_KUBECONFIG_OUTPUT: '/output/kubeconfig.yaml',
  };
  const published = [...(role === 'server' ? [apiServerPort] : []), ...endpointPorts(index, spec.workers)];
  return [
    ...['--detach', '--name', name, '--hostname', name, '--network', net.name],
    ...['--privileged', '--userns', 'host', '--init', '--restart=unless-stopped'],
    ...['--tmpfs', '/run', '--tmpfs', '/var/run', '--volume', '/var'],
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...published.map((port) => `--publish=127.0.0.1:${hostPort(ports, port)}:${port}/TCP`),
    spec.nodeImage,
  ];
}

/** k3s' own arguments: the role, and for a server what a user gives k3d as `--k3s-arg …@server:0`. k3d adds the names of the API's host. */
export function k3sArgs(index: number, profile: Profile): readonly string[] {
  if (roleOf(index) === 'agent') return ['agent'];
  const { 'tls-san': names, ...given } = serverSettings(profile);
  return [
    'server',
    ...Object.entries(given).flatMap(([flag, value]) => [value].flat().map((one) => `--${flag}=${one}`)),
    ...names.flatMap((name) => ['--tls-san', name]),
  ];
}

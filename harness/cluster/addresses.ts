import type { Endpoint, EndpointName, NodeInfo } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import { linesOf, type Docker } from './docker.ts';
import { hostPort, nodePorts, type Ports } from './ports.ts';
import type { ClusterNetwork } from './network.ts';

/** Where each endpoint of a cluster can be reached on loopback. */
export type Endpoints = ReadonlyMap<EndpointName, Endpoint>;

const everyEndpoint = Object.entries(nodePorts) as readonly [EndpointName, number][];

/** The addresses that Docker gave nodes on a network, by their names. */
export async function addressesOf(
  docker: Docker,
  network: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const format = `{{.Name}}\t{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  const rows = linesOf(await docker(['inspect', '-f', format, ...names], signal ? { signal } : {}));
  return new Map(rows.map((row) => row.replace(/^\//, '').split('\t') as [string, string]));
}

/**
 * The nodes `names` (the control plane first) with the addresses that Docker gave them.
 * @throws FiredrillError `environment` when one has another address than it was started with: the control plane's certificates and
 * the others' settings name the old one
 */
export async function nodesAt(
  docker: Docker,
  net: ClusterNetwork,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly NodeInfo[]> {
  const actual = await addressesOf(docker, net.name, names, signal);
  return names.map((name, index) => {
    const [address = '', wanted] = [actual.get(name), net.nodeAddress(index)];
    if (address !== wanted) {
      throw new FiredrillError('environment', `node ${name} has the address ${address || 'none'}, not ${wanted}`);
    }
    return { name, role: index === 0 ? 'control-plane' : 'worker', address };
  });
}

/** The endpoints of nodes that were started with these ports of loopback. */
export const endpointsAt = (ports: Ports): Endpoints =>
  new Map(
    everyEndpoint.map(([name, nodePort]) => [name, { host: '127.0.0.1', port: hostPort(ports, nodePort) }] as const),
  );

import type { EndpointName } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import { freePorts } from '../host/ports.ts';

/** Where the API server listens on the control plane's node. */
export const apiServerPort = 6443;

/** Ports of the nodes that are published on loopback: node ports of services, and those of what runs on a node itself. */
export const nodePorts: Readonly<Record<EndpointName, number>> = {
  web: 30080,
  database: 30432,
  bystander: 30081,
  volume: 30082,
  ssh: 22,
  gateway: 8080,
};

/** Ports of this machine's loopback by the port of a node that they lead to. */
export type Ports = ReadonlyMap<number, number>;

/**
 * Free ports for everything that a cluster publishes. kind would choose them node by node, and now and then the same for two nodes; and Docker
 * binds them again at each start of a node, when a port of the ephemeral range may belong to any connection of this machine.
 * @throws FiredrillError `environment` when there are not that many
 */
export async function clusterPorts(): Promise<Ports> {
  const wanted = [apiServerPort, ...Object.values(nodePorts)];
  const free = await freePorts(wanted.length);
  return new Map(wanted.map((port, i) => [port, free[i] ?? 0]));
}

/** A kubeconfig of this cluster's, with the port at which its API server can be reached here. */
export const kubeconfigAt = (kubeconfig: string, ports: Ports): string =>
  kubeconfig.replace(/(server: https:\/\/127\.0\.0\.1):\d+/g, `$1:${hostPort(ports, apiServerPort)}`);

/** @throws FiredrillError `internal` for a port that no cluster publishes */
export function hostPort(ports: Ports, nodePort: number): number {
  const port = ports.get(nodePort);
  if (port === undefined) throw new FiredrillError('internal', `no port of this machine for ${nodePort}`);
  return port;
}

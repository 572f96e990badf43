import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { FiredrillError } from '../model/errors.ts';
import { labels, linesOf, type Docker } from './docker.ts';

/** An IPv4 network: an address in it and the number of bits that all of its addresses have in common. */
type Subnet = [ipaddr.IPv4, number];

/** `10.1.2.0/24` or one address; undefined for IPv6 and what is no subnet. */
function parseSubnet(text: string): Subnet | undefined {
  const cidr = text.includes('/') ? text : `${text}/32`;
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr) ? ipaddr.IPv4.parseCIDR(cidr) : undefined;
}

const overlap = ([x, xBits]: Subnet, [y, yBits]: Subnet): boolean => x.match(y, Math.min(xBits, yBits));

/** What Kubernetes itself uses inside: pods and services. */
const inside = ['10.244.0.0/16', '10.96.0.0/16'];

/** The /24s that are tried, in order. Three private ranges, for a VPN's route often covers one of them whole. */
function candidates(): string[] {
  const third = Array.from({ length: 256 }, (_, i) => i);
  return ['10.201', '172.29', '192.168'].flatMap((range) => third.map((n) => `${range}.${n}.0/24`));
}

/**
 * A /24 that overlaps nothing in `taken` (subnets of Docker networks, routes and addresses of this machine; the default
 * route and IPv6 are ignored). `seed` spreads clusters that start at the same time.
 * @throws FiredrillError `environment` when all are taken
 */
export function chooseSubnet(taken: readonly string[], seed: string): string {
  const used = [...taken, ...inside]
    .map(parseSubnet)
    .filter((subnet): subnet is Subnet => subnet !== undefined && subnet[1] > 0);
  const free = candidates().filter((candidate) => {
    const subnet = parseSubnet(candidate);
    return subnet !== undefined && !used.some((other) => overlap(subnet, other));
  });
  // Stay in the first range that has room: it is the least used in homes and offices.
  const range = free.filter((subnet) => subnet.split('.')[0] === free[0]?.split('.')[0]);
  const chosen = range[createHash('sha256').update(seed).digest().readUInt32BE(0) % Math.max(1, range.length)];
  if (chosen === undefined) {
    throw new FiredrillError(
      'environment',
      'no free /24 for the cluster: every private range overlaps a route or network',
      {
        hint: 'docker network ls; ip route',
      },
    );
  }
  return chosen;
}

/** Destinations of a Linux routing table (/proc/net/route), as subnets. */
export function parseRoutes(table: string): string[] {
  // Numbers are little-endian.
  const address = (hex: string) => new ipaddr.IPv4([...Buffer.from(hex, 'hex')].reverse());
  return linesOf(table)
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter((field) => /^[0-9A-F]{8}$/.test(field[1] ?? '') && /^[0-9A-F]{8}$/.test(field[7] ?? ''))
    .map(
      (field) => `${address(field[1] ?? '').toString()}/${address(field[7] ?? '').prefixLengthFromSubnetMask() ?? 32}`,
    );
}

/** Subnets that a new network must not overlap. */
export async function takenSubnets(docker: Docker, signal: AbortSignal): Promise<string[]> {
  const ids = linesOf(await docker(['network', 'ls', '-q'], { signal }));
  const format = '{{range .IPAM.Config}}{{println .Subnet}}{{end}}';
  // One by one: another run's network may vanish between the two calls, and must not fail this one.
  const ofDocker = await Promise.all(
    ids.map((id) => docker(['network', 'inspect', '-f', format, id], { signal }).then(linesOf, () => [] as string[])),
  );
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((a) => a.cidr ?? ''));
  const routes = await readFile('/proc/net/route', 'utf8').then(parseRoutes, () => []);
  return [...ofDocker.flat(), ...addresses, ...routes];
}

/** The bridge's name on the host: known before the network exists, at most 15 characters, one for each cluster. */
export const bridgeOf = (cluster: string): string =>
  `fd-${createHash('sha256').update(cluster).digest('hex').slice(0, 12)}`;

/** A cluster's own Docker network. */
export interface ClusterNetwork {
  readonly name: string;
  readonly bridge: string;
  readonly subnet: string;
  /** The address of a node by its number, from 0. Outside the range that Docker hands out by itself. */
  nodeAddress(index: number): string;
}

/**
 * Makes the network of a cluster: IPv4 only, a free subnet, Docker's own hand-outs kept to its upper half so that nobody
 * takes the address of a node that is being rebooted.
 * @throws FiredrillError `environment` when Docker refuses; a given subnet that something else has by now is such a refusal
 */
export async function createNetwork(
  docker: Docker,
  options: {
    readonly cluster: string;
    readonly runId: string;
    readonly helperImage: string;
    /** This one and no other: a restored cluster's addresses stand in its certificates. */
    readonly subnet?: string;
  },
  signal: AbortSignal,
): Promise<ClusterNetwork> {
  const bridge = bridgeOf(options.cluster);
  for (let attempt = 0; ; attempt++) {
    const subnet = options.subnet ?? chooseSubnet(await takenSubnets(docker, signal), `${options.cluster}/${attempt}`);
    const prefix = subnet.replace(/\.0\/24$/, '');
    try {
      await docker(
        [
          ...['network', 'create', '--driver', 'bridge', '--subnet', subnet, '--gateway', `${prefix}.1`],
          ...['--ip-range', `${prefix}.128/25`, '--opt', `com.docker.network.bridge.name=${bridge}`],
          ...['--label', `${labels.run}=${options.runId}`, '--label', `${labels.cluster}=${options.cluster}`],
          ...['--label', `${labels.helperImage}=${options.helperImage}`, options.cluster],
        ],
        { signal },
      );
      return { name: options.cluster, bridge, subnet, nodeAddress: (index) => `${prefix}.${11 + index}` };
    } catch (error) {
      // Another run took it between looking and asking.
      if (options.subnet !== undefined || attempt >= 4 || !(error instanceof Error) || !/overlap/i.test(error.message))
        throw error;
    }
  }
}

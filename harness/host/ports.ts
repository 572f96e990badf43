import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { FiredrillError } from '../model/errors.ts';

/** Above those that programs are known by, below Kubernetes' node ports: a cluster may run on this machine itself. */
const range: PortRange = { first: 20_000, last: 29_999 };

/** Where the next search begins: what this process was given before is as good as taken, though nobody listens there yet. */
let next = randomInt(range.last - range.first + 1);

/**
 * So many ports of loopback that nobody listens on now, all different, and as far as there are such none that the kernel gives to outgoing
 * connections.
 * @param given.ephemeral what the kernel gives to those; default: this machine's
 * @param given.among where to look
 * @throws FiredrillError `environment` when there are not that many
 */
export async function freePorts(
  count: number,
  given: { readonly ephemeral?: PortRange; readonly among?: PortRange } = {},
): Promise<readonly number[]> {
  const { first, last } = given.ephemeral ?? (await ephemeralRange());
  const among = given.among ?? range;
  const all = among.last - among.first + 1;
  // A machine may give all of its ports to connections.
  const avoid = first - among.first >= count || among.last - last >= count;
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let looked = 0; looked < all && ports.length < count; looked++) {
      const port = among.first + (next % all);
      next++;
      if (avoid && port >= first && port <= last) continue;
      const server = await listenOn(port);
      if (server === undefined) continue;
      held.push(server);
      ports.push(port);
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  if (ports.length < count) {
    const where = `between ${among.first} and ${among.last}`;
    throw new FiredrillError('environment', `this machine's loopback has no ${count} free ports ${where}`, {
      hint: 'ss -ltn',
    });
  }
  return ports;
}

/** Undefined when somebody listens there. */
function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

/** Both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Linux' own default where there is no Linux. */
async function ephemeralRange(): Promise<PortRange> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const [, first = '32768', last = '60999'] = /^(\d+)\s+(\d+)/.exec(text) ?? [];
  return { first: Number(first), last: Number(last) };
}

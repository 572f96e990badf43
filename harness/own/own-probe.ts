import { once } from 'node:events';
import { connect } from 'node:net';
import pg from 'pg';
import type { Cluster, Endpoint } from '../model/cluster.ts';
import type { Probe } from '../model/probe.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { dns } from '../probes/dns.ts';
import { ask, good } from '../probes/support/http.ts';
import { stateless } from '../probes/support/stateless.ts';
import { commandProbe } from './command-probe.ts';
import { isNodes, placeOf } from './fence.ts';
import type { SliFields } from './sli-fields.ts';

/**
 * An SLI of a user's own. Over HTTP, TCP and SQL it is asked from this machine, as users outside of the cluster are, at a node's address and a port of
 * it (a NodePort, a host port). Each request has a connection of its own.
 */
export function ownProbe(sli: string, fields: SliFields): Probe {
  const { run, http, tcp, sql, at, status, expect, slo } = fields;
  if (run !== undefined) return commandProbe(sli, { ...fields, run });
  const periodMs = fields.every ?? (sql === undefined ? millis(250) : seconds(1));
  const timeoutMs = fields.timeout ?? seconds(1);
  const asked = http ?? tcp ?? sql ?? fields.dns ?? '';
  const declared = {
    ...{ sli, periodMs, timeoutMs, bystander: fields.bystander === true },
    title: fields.title ?? `\`${asked}\`, every ${humanDuration(periodMs)}`,
    ...(slo === undefined ? {} : { slo }),
  };
  if (fields.dns !== undefined) return { ...dns({ name: fields.dns }), ...declared };
  const said = expect === undefined ? undefined : new RegExp(expect, 'm');
  const judge = (text: string): void => {
    if (said !== undefined && !said.test(text))
      throw new Error(`no /${said.source}/ in ${JSON.stringify(text.slice(0, 80))}`);
  };
  return stateless(declared, async ({ cluster }, _n, signal) => {
    if (http !== undefined) {
      const { pathname, search } = new URL(http);
      const answer = await ask(endpointOf(http, cluster), `${pathname}${search}`, { signal });
      if (status === undefined) good(answer);
      else if (answer.status !== status) throw new Error(`HTTP ${answer.status}`);
      judge(answer.body);
    } else if (tcp !== undefined) {
      const socket = connect(endpointOf(tcp, cluster));
      try {
        await once(socket, 'connect', { signal });
      } finally {
        socket.destroy();
      }
    } else if (sql !== undefined && at !== undefined) {
      judge(await answerOf(sql, at, cluster, signal));
    }
  });
}

/** Where an address leads to in a cluster: a place for a node's name. */
export function endpointOf(address: string, cluster: Pick<Cluster, 'select'>): Endpoint {
  const { hostname, port } = new URL(address);
  const place = placeOf(hostname);
  const [node] = place !== undefined && isNodes(place) ? cluster.select(place) : [];
  if (node === undefined) throw new Error(`there is no node ${hostname}`);
  return { host: node.address, port: Number(port) };
}

/** What a query says: a row a line, its values with tabs between them. */
async function answerOf(
  query: string,
  at: string,
  cluster: Pick<Cluster, 'select'>,
  signal: AbortSignal,
): Promise<string> {
  const { username, password, pathname } = new URL(at);
  const client = new pg.Client({
    ...endpointOf(at, cluster),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    application_name: 'firedrill',
  });
  // A dead server never closes what it is politely asked to: the socket goes with the request.
  const drop = (): void => {
    client.connection.stream.destroy();
  };
  client.on('error', () => undefined);
  signal.addEventListener('abort', drop, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    const { rows } = await client.query<unknown[]>({ text: query, rowMode: 'array' });
    return rows.map((row) => row.map((value) => String(value)).join('\t')).join('\n');
  } finally {
    signal.removeEventListener('abort', drop);
    drop();
  }
}

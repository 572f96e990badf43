import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import pg from 'pg';
import { beforeAbort } from '../model/abort.ts';
import type { Cluster } from '../model/cluster.ts';
import { oneLine } from '../model/errors.ts';
import type { DataAudit, Probe, ProbeSession } from '../model/probe.ts';
import { millis, type Millis } from '../model/units.ts';
import { auditRows, type Acknowledged, type Row } from './support/audit.ts';
import { auditStructure } from './support/structure.ts';

/** How to get in: as in the workload's manifests. A password of a database that lives for minutes behind a fence is no secret. */
const login = { user: 'chromadb', database: 'chromadb', password: 'firedrill' } as const;

/** Postmortem 002: "1,133 documents". */
const documentCount = 1133;

/** The documents were acknowledged before the trial: what of them is lost was acknowledged at its zero at the latest. */
const beforeTheTrial = 0;

const hash = (algorithm: 'md5' | 'sha256', text: string): string => createHash(algorithm).update(text).digest('hex');

/** The body of a document, as `manifests/resurrection/seed.sql` makes it from its number. */
export function documentBody(id: number): string {
  return `Document ${id}: ${Array.from({ length: 60 }, (_, i) => hash('md5', `${id}/${i + 1}`)).join(' ')}`;
}

/** The body of a ledger row: some 300 characters that follow from its id. */
export function ledgerBody(id: string): string {
  return `Row ${id}: ${[0, 1, 2, 3].map((part) => hash('sha256', `${id}/${part}`)).join(' ')}`;
}

/** A document as it was read back; `sha256` is the sum that is stored beside it. */
export type DocumentRow = Row & { readonly sha256: string };

/**
 * Audits the document store. A document whose body does not have the stored sum counts as altered, and so does one that has it
 * but is not what was imported: a store that lies consistently still lies.
 */
export function auditDocuments(rows: readonly DocumentRow[], count = documentCount): DataAudit {
  const imported = new Map<string, Acknowledged>();
  for (let id = 1; id <= count; id++) {
    imported.set(String(id), { body: documentBody(id), ackMs: beforeTheTrial });
  }
  const checked = rows.map((row) =>
    hash('sha256', row.body) === row.sha256 ? row : { id: row.id, body: `not what its sum says: ${row.body}` },
  );
  return auditRows('documents', imported, new Map(), checked);
}

/**
 * A client that stores things: each attempt inserts a row into `ledger` over a kept connection and reads it back. Every row whose
 * insert was acknowledged is remembered with the instant of the acknowledgement, and `audit` reads everything at the end: the
 * rows written during the trial and the 1,133 documents from before it.
 *
 * Source: postmortem 002 ("0 of 1,133 documents lost") and 003 (what `pg_resetwal` costs).
 */
export function database(options: { readonly periodMs?: Millis } = {}): Probe {
  const timeoutMs = millis(2000);
  return {
    sli: 'database',
    title: 'Writing to the database and reading it back',
    periodMs: options.periodMs ?? millis(500),
    timeoutMs,
    bystander: false,
    open(context) {
      return Promise.resolve(new DatabaseSession(context.cluster, () => context.now(), timeoutMs));
    },
  };
}

/** All rows of a table. One that does not exist has none: a store that came back without its tables has lost them. */
async function readAll<T extends pg.QueryResultRow>(client: pg.Client, query: string): Promise<readonly T[]> {
  try {
    return (await client.query<T>(query)).rows;
  } catch (error) {
    const undefinedTable = '42P01';
    if (error instanceof pg.DatabaseError && error.code === undefinedTable) return [];
    throw error;
  }
}

interface Connection {
  readonly client: pg.Client;
  /** Ends it at once: what is under way on it fails. */
  destroy(): void;
  /** One conversation at a time: attempts overlap when answers are late, and a client must not be asked twice at once. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

class DatabaseSession implements ProbeSession {
  readonly #cluster: Cluster;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  /** Ids of this session begin here, so that a second one in the same database does not meet the first's. */
  readonly #base = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000n;
  readonly #sent = new Map<string, string>();
  readonly #acknowledged = new Map<string, Acknowledged>();
  #connection: Promise<Connection> | undefined;

  constructor(cluster: Cluster, now: () => number, timeoutMs: number) {
    this.#cluster = cluster;
    this.#now = now;
    this.#timeoutMs = timeoutMs;
  }

  async attempt(n: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const current = this.#current();
    // One that is still being made goes on (it has a time-out of its own): a later attempt may use it.
    const connection = await beforeAbort(current, signal);
    // A late answer condemns the connection: what hangs on it now would hang on.
    const onAbort = (): void => {
      this.#drop(current);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      const { client } = connection;
      const id = String(this.#base + BigInt(n));
      const body = ledgerBody(id);
      this.#sent.set(id, body);
      const back = await connection.inTurn(async () => {
        await client.query('INSERT INTO ledger (id, body) VALUES ($1, $2)', [id, body]);
        // Also when it comes too late for the probe: the database has said yes.
        this.#acknowledged.set(id, { body, ackMs: this.#now() });
        return client.query<Row>('SELECT id::text AS id, body FROM ledger WHERE id = $1', [id]);
      });
      if (back.rows.length !== 1) throw new Error(`${back.rows.length} rows read back for one written`);
      if (back.rows[0]?.body !== body) throw new Error('another body read back than written');
    } catch (error) {
      this.#drop(current);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The kept connection, or a new one in the making; one that fails is forgotten. */
  #current(): Promise<Connection> {
    if (this.#connection === undefined) {
      const connecting = this.#connect(this.#timeoutMs);
      this.#connection = connecting;
      connecting.catch(() => {
        this.#drop(connecting);
      });
    }
    return this.#connection;
  }

  /** Tries until the signal aborts; then what was lost is unknown, and this rejects with the last reason. */
  async audit(signal: AbortSignal): Promise<readonly DataAudit[]> {
    for (let last = 'never tried'; ;) {
      if (signal.aborted) throw new Error(`the database could not be read: ${last}`);
      const connecting = this.#connect(5000);
      const onAbort = (): void => {
        this.#drop(connecting);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const { client } = await beforeAbort(connecting, signal);
        // Sampling goes on meanwhile: what is acknowledged after the read began need not be in it.
        const acknowledged = new Map(this.#acknowledged);
        // Whole tables in the order of the heap: an index may lack what the table has, and the other way round.
        await client.query('SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off');
        const rows = await readAll<Row>(client, 'SELECT id::text AS id, body FROM ledger');
        const documents = await readAll<DocumentRow>(client, 'SELECT id::text AS id, body, sha256 FROM documents');
        const structure = await auditStructure({ query: (text, values) => client.query(text, values && [...values]) });
        return [
          auditRows('ledger', acknowledged, this.#sent, rows),
          auditDocuments(documents),
          ...(structure === undefined ? [] : [structure]),
        ];
      } catch (error) {
        last = oneLine(error);
        await new Promise((resolve) => setTimeout(resolve, 500));
      } finally {
        signal.removeEventListener('abort', onAbort);
        this.#drop(connecting);
      }
    }
  }

  close(): Promise<void> {
    if (this.#connection !== undefined) this.#drop(this.#connection);
    return Promise.resolve();
  }

  async #connect(timeoutMs: number): Promise<Connection> {
    const { host, port } = this.#cluster.endpoint('database');
    // pg's own end() asks the server to close, which a dead one never does: the socket is kept at hand to be destroyed.
    const socket = new Socket();
    const client = new pg.Client({
      ...login,
      host,
      port,
      connectionTimeoutMillis: timeoutMs,
      application_name: 'firedrill',
      stream: () => socket,
    });
    let last: Promise<unknown> = Promise.resolve();
    const connection: Connection = {
      client,
      destroy: () => void socket.destroy(),
      inTurn: (work) => {
        const mine = last.then(work);
        last = mine.catch(() => undefined);
        return mine;
      },
    };
    client.on('error', () => {
      // An idle connection broke; the next attempt opens another.
      socket.destroy();
    });
    try {
      await client.connect();
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return connection;
  }

  #drop(connecting: Promise<Connection>): void {
    if (this.#connection === connecting) this.#connection = undefined;
    connecting.then(
      (connection) => {
        connection.destroy();
      },
      () => undefined,
    );
  }
}

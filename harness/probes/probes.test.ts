import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeCluster, fakePod, type FakeCluster, type FakeStream } from '../../test/support/fake-cluster.ts';
import type { Endpoint } from '../model/cluster.ts';
import type { Probe, ProbeSession } from '../model/probe.ts';
import { instant } from '../model/units.ts';
import { apiRead } from './api-read.ts';
import { apiWrite } from './api-write.ts';
import { bystander } from './bystander.ts';
import { auditDocuments, database, documentBody, ledgerBody } from './database.ts';
import { dns } from './dns.ts';
import { existingConnection } from './existing-connection.ts';
import { gateway } from './gateway.ts';
import { newConnection } from './new-connection.ts';
import { podStart } from './pod-start.ts';
import { checkEcho, serviceToService } from './service-to-service.ts';
import { ssh } from './ssh.ts';
import { auditStructure, type Queries } from './support/structure.ts';
import { auditRows, type Acknowledged } from './support/audit.ts';
import { volume } from './volume.ts';

const live = (): AbortSignal => new AbortController().signal;
const aborted = (): AbortSignal => AbortSignal.abort(new Error('too late'));
let clockMs = 0;
const sessions: ProbeSession[] = [];
async function open(probe: Probe, cluster: FakeCluster, signal = live()): Promise<ProbeSession> {
  const session = await probe.open({ cluster, signal, now: () => instant(clockMs) });
  sessions.push(session);
  return session;
}

beforeEach(() => {
  clockMs = 0;
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

describe('over HTTP', () => {
  let server: Server;
  let endpoint: Endpoint;
  let connections = 0;
  let answer: (method: string, body: string) => { status: number; body: string } | 'reset' | 'silence';

  beforeEach(async () => {
    connections = 0;
    answer = () => ({ status: 200, body: '{}' });
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const said = answer(request.method ?? '', body);
        if (said === 'reset') response.destroy();
        else if (said !== 'silence') response.writeHead(said.status).end(said.body);
      });
    });
    server.on('connection', () => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });
  const cluster = () =>
    fakeCluster({ endpoints: { web: endpoint, gateway: endpoint, bystander: endpoint, volume: endpoint } });

  it('new-connection opens a connection for each request', async () => {
    const session = await open(newConnection(), cluster());
    for (let n = 0; n < 3; n++) await session.attempt(n, live());
    expect(connections).toBe(3);
  });

  it('existing-connection keeps one; when it breaks that request is bad and the next opens another', async () => {
    const session = await open(existingConnection(), cluster());
    for (let n = 0; n < 3; n++) await session.attempt(n, live());
    expect(connections).toBe(1);
    answer = () => 'reset';
    await expect(session.attempt(3, live())).rejects.toThrow();
    answer = () => ({ status: 200, body: '{}' });
    for (let n = 4; n < 6; n++) await session.attempt(n, live());
    expect(connections).toBe(2);
  });

  it('existing-connection gives up at once also while it waits behind one that hangs', async () => {
    const session = await open(existingConnection(), cluster());
    answer = () => 'silence';
    const first = new AbortController();
    const second = new AbortController();
    const hung = session.attempt(0, first.signal);
    const waiting = session.attempt(1, second.signal);
    second.abort(new Error('late'));
    await expect(waiting).rejects.toThrow('late');
    answer = () => ({ status: 200, body: '{}' });
    first.abort(new Error('late too'));
    await expect(hung).rejects.toThrow('late too');
    await session.attempt(2, live());
  });

  it.each([
    ['an error status', () => ({ status: 503, body: '' }), /HTTP 503/],
    ['a reset', () => 'reset' as const, /hang up|ECONNRESET/],
  ])('%s is bad', async (_what, said, error) => {
    answer = said;
    for (const probe of [gateway(), newConnection(), existingConnection(), bystander(), serviceToService()]) {
      const session = await open(probe, cluster());
      await expect(session.attempt(0, live())).rejects.toThrow(error);
    }
  });

  it('volume wants each write acknowledged after all that were before it', async () => {
    const session = await open(volume(), cluster());
    const acknowledge = (revision: number) => () => ({
      status: 202,
      body: JSON.stringify([JSON.stringify({ header: { revision: String(revision) } })]),
    });
    for (const revision of [7, 8]) {
      answer = acknowledge(revision);
      await session.attempt(revision, live());
    }
    // A volume that came back as it had been earlier.
    answer = acknowledge(3);
    await expect(session.attempt(9, live())).rejects.toThrow('write 3 comes after write 8');
    answer = () => ({ status: 202, body: '["backend call failed dial tcp 10.0.0.1:2379: connect: refused"]' });
    await expect(session.attempt(10, live())).rejects.toThrow();
    answer = () => ({ status: 202, body: '["{\\"error\\":\\"etcdserver: request timed out\\"}"]' });
    await expect(session.attempt(11, live())).rejects.toThrow('not an acknowledged write');
  });

  it('service-to-service wants its very body back through the backend', async () => {
    const session = await open(serviceToService(), cluster());
    answer = (method, body) => ({ status: 200, body: JSON.stringify(method === 'POST' ? [body] : []) });
    await session.attempt(0, live());
    // Without a backend podinfo gives the bare body back.
    answer = (_method, body) => ({ status: 202, body });
    await expect(session.attempt(1, live())).rejects.toThrow('no list');
    // With a broken one it answers 200 all the same.
    answer = () => ({
      status: 200,
      body: '["backend http://b:9898/echo call failed dial tcp: lookup b: no such host"]',
    });
    await expect(session.attempt(2, live())).rejects.toThrow('no such host');
  });
});

describe('ssh', () => {
  const serve = async (greeting: string | undefined) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      if (greeting !== undefined) socket.end(greeting);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const session = await open(ssh(), fakeCluster({ endpoints: { ssh: { host: '127.0.0.1', port } } }));
    return { session, close: () => server.close() };
  };

  it('is good when a server greets, and bad when something else answers or nobody does', async () => {
    const good = await serve('SSH-2.0-OpenSSH_9.2\r\n');
    await good.session.attempt(0, live());
    good.close();
    await expect(good.session.attempt(1, live())).rejects.toThrow('ECONNREFUSED');
    const other = await serve('HTTP/1.1 400 Bad Request\r\n');
    await expect(other.session.attempt(0, live())).rejects.toThrow('no ssh server');
    other.close();
    const closed = await serve('');
    await expect(closed.session.attempt(0, live())).rejects.toThrow('no ssh server');
    closed.close();
  });

  it('gives up a server that takes the connection and says nothing', async () => {
    const silent = await serve(undefined);
    const own = new AbortController();
    const attempt = silent.session.attempt(0, own.signal);
    own.abort(new Error('late'));
    await expect(attempt).rejects.toThrow('late');
    silent.close();
  });
});

describe('checkEcho', () => {
  it.each(['', 'firedrill 1', '"firedrill 1"', '[]', '[1]', '[""]', '["firedrill 0"]', '["firedrill 1","x"]'])(
    'refuses %j',
    (body) => {
      expect(() => {
        checkEcho(body, 'firedrill 1');
      }).toThrow();
    },
  );
  it('takes the body from every backend', () => {
    checkEcho('[\n  "firedrill 1",\n  "firedrill 1"\n]', 'firedrill 1');
  });
});

describe('the API', () => {
  it('is read and written', async () => {
    const cluster = fakeCluster();
    cluster.api.configMaps.set('default/kube-root-ca.crt', { 'ca.crt': 'x' });
    await (await open(apiRead(), cluster)).attempt(0, live());
    await (await open(apiWrite(), cluster)).attempt(7, live());
    expect(cluster.api.configMaps.get('default/firedrill-probe')).toEqual({ n: '7' });
    // Two that overlap both find nothing.
    const conflict = vi
      .spyOn(cluster.api, 'writeConfigMap')
      .mockRejectedValueOnce(new Error('API says 409: configmaps "firedrill-probe" already exists'));
    await (await open(apiWrite(), cluster)).attempt(8, live());
    expect(conflict).toHaveBeenCalledTimes(2);
    conflict.mockRestore();
    cluster.api.unreachable = true;
    for (const probe of [apiRead(), apiWrite()]) {
      await expect((await open(probe, cluster)).attempt(0, live())).rejects.toThrow('ECONNREFUSED');
    }
  });
});

describe('dns', () => {
  const answering = (verdict: string) => (_node: string, _command: string, stream: FakeStream) => {
    stream.push('! ready 42 10.96.0.10');
    stream.onWrite = (line) => {
      stream.push(`${line.split(' ')[0] ?? ''} ${verdict}`);
    };
  };

  it('asks for the name over one stream and believes only an address', async () => {
    const cluster = fakeCluster({ attach: answering('ok 10.96.0.1') });
    const session = await open(dns(), cluster);
    await Promise.all([session.attempt(0, live()), session.attempt(1, live())]);
    expect(cluster.streams).toHaveLength(1);
    expect(cluster.streams[0]?.written).toEqual([0, 1].map((n) => `${n} kubernetes.default.svc.cluster.local`));
    const broken = await open(dns(), fakeCluster({ attach: answering('error SERVFAIL') }));
    await expect(broken.attempt(0, live())).rejects.toThrow('SERVFAIL');
  });

  it('looks on the next worker when the vantage has gone, at most once a second', async () => {
    let there = 'fake-worker';
    const cluster = fakeCluster({
      attach: (node, command, stream) => {
        if (node === there) answering('ok 10.96.0.1')(node, command, stream);
        else {
          stream.push('! no vantage pod on this node');
          void stream.close();
        }
      },
    });
    const session = await open(dns(), cluster);
    await session.attempt(0, live());
    there = 'fake-worker2';
    await cluster.streams[0]?.close();
    await new Promise(setImmediate);
    await expect(session.attempt(1, live())).rejects.toThrow('ended');
    clockMs += 1000;
    await expect(session.attempt(2, live())).rejects.toThrow('no vantage pod');
    clockMs += 1000;
    await session.attempt(3, live());
    expect(cluster.calls.map((call) => call.on)).toEqual(['fake-worker', 'fake-worker', 'fake-worker2']);
  });

  it('says why when there is no vantage, and does not attach for every question', async () => {
    const cluster = fakeCluster({
      attach: (_node, _command, stream) => {
        stream.push('! no vantage pod on this node');
        void stream.close();
      },
    });
    const session = await open(dns(), cluster);
    await new Promise(setImmediate);
    for (let n = 0; n < 10; n++) {
      clockMs += 250;
      await expect(session.attempt(n, live())).rejects.toThrow('no vantage pod');
    }
    expect(cluster.streams.length).toBeLessThanOrEqual(4);
  });

  it('gives up when told to, and closes its stream', async () => {
    const cluster = fakeCluster();
    const session = await open(dns(), cluster);
    await expect(session.attempt(0, aborted())).rejects.toThrow('too late');
    const controller = new AbortController();
    const waiting = session.attempt(1, controller.signal);
    controller.abort(new Error('late'));
    await expect(waiting).rejects.toThrow('late');
    await session.close();
    expect(cluster.streams.every((stream) => stream.closed)).toBe(true);
  });
});

describe('pod-start', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('takes the workers in turn and deletes its canaries by force', async () => {
    const cluster = fakeCluster();
    const session = await open(podStart(), cluster);
    for (let n = 0; n < 4; n++) {
      await session.attempt(n, live());
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(cluster.api.created.map((pod) => pod.node)).toEqual([
      'fake-worker',
      'fake-worker2',
      'fake-worker',
      'fake-worker2',
    ]);
    expect(cluster.api.deleted).toHaveLength(4);
    expect(cluster.api.deleted.every((pod) => pod.force && pod.namespace === 'canary')).toBe(true);
    expect(cluster.api.podStates).toEqual([]);
  });

  it('leaves the node to the scheduler where a node is gone for good', async () => {
    const cluster = fakeCluster();
    const session = await open(podStart({ on: 'anywhere' }), cluster);
    await session.attempt(0, live());
    expect(cluster.api.created).toEqual([expect.not.objectContaining({ node: expect.anything() as unknown })]);
  });

  it('is good only when the pod is Running and Ready, and says how far it came', async () => {
    const cluster = fakeCluster();
    cluster.api.onCanary = (pod) =>
      fakePod(pod.namespace, pod.name, {
        labels: pod.labels,
        phase: 'Pending',
        ready: false,
        containers: [{ name: 'main', ready: false, restarts: 0, state: 'ContainerCreating', startedEpochMs: 0 }],
      });
    const session = await open(podStart(), cluster);
    const controller = new AbortController();
    const attempt = session.attempt(0, controller.signal);
    const failed = expect(attempt).rejects.toThrow('Pending on fake-worker (ContainerCreating)');
    await vi.advanceTimersByTimeAsync(5000);
    controller.abort(new Error('late'));
    await failed;
    await vi.advanceTimersByTimeAsync(1000);
    expect(cluster.api.podStates).toEqual([]);
  });

  it('leaves no more than a bounded number behind when nothing can be deleted, and cleans up at the end', async () => {
    const cluster = fakeCluster();
    const remove = vi.spyOn(cluster.api, 'deletePod').mockRejectedValue(new Error('no'));
    const session = await open(podStart(), cluster);
    let refused = 0;
    for (let n = 0; n < 30; n++) {
      await session.attempt(n, live()).catch((error: unknown) => {
        refused += String(error).includes('could not be deleted') ? 1 : 0;
      });
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(cluster.api.podStates).toHaveLength(20);
    expect(refused).toBe(10);
    remove.mockRestore();
    // As soon as deleting works again, so does the probe.
    await session.attempt(30, live());
    await session.close();
    expect(cluster.api.podStates).toEqual([]);
  });
});

describe('the audit of what lies under the rows', () => {
  const relations = [
    { oid: '1', name: 'public.ledger', kind: 'table' },
    { oid: '2', name: 'public.ledger_pkey', kind: 'index' },
  ];
  const client = (answers: (text: string, oid: unknown) => object[] | Error, asked: string[] = []): Queries => ({
    query: (text, values) => {
      asked.push(text);
      const answer = text.includes('FROM pg_class') ? relations : answers(text, values?.[0]);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ rows: answer });
    },
  });
  const sound = (text: string) => (text.includes('verify_heapam') ? [{ n: '0' }] : []);

  it('counts what it looked at, and takes the extension away again', async () => {
    const asked: string[] = [];
    expect(await auditStructure(client(sound, asked))).toMatchObject({
      store: 'structure',
      acknowledged: 2,
      altered: 0,
    });
    expect(asked.at(-1)).toMatch(/^DROP EXTENSION/);
  });

  it('finds a damaged table and a damaged index', async () => {
    const table = client((text) => (text.includes('verify_heapam') ? [{ n: '3' }] : sound(text)));
    expect(await auditStructure(table)).toMatchObject({ altered: 1 });
    const missing = new Error(
      'heap tuple (0,1) from table "ledger" lacks matching index tuple within index "ledger_pkey"',
    );
    const index = client((text) => (text.includes('bt_index_check') ? missing : sound(text)));
    expect(await auditStructure(index)).toMatchObject({ altered: 1 });
  });

  it('takes a broken connection for no finding, and a server without the extension for no answer', async () => {
    const gone = client((text) => (text.includes('bt_index_check') ? new Error('Connection terminated') : sound(text)));
    await expect(auditStructure(gone)).rejects.toThrow('Connection terminated');
    const without = client((text) =>
      text.startsWith('CREATE') ? new Error('extension "amcheck" is not available') : sound(text),
    );
    expect(await auditStructure(without)).toBeUndefined();
  });
});

describe('the audit of rows', () => {
  const ids = ['1', '2', '3', '4', '5'];
  const acknowledged = new Map(
    ids.map((id, i): [string, Acknowledged] => [id, { body: `b${id}`, ackMs: 100 * (i + 1) }]),
  );
  const sent = new Map([...ids, '6'].map((id) => [id, `b${id}`]));
  const rows = ids.map((id) => ({ id, body: `b${id}` }));
  const clean = { store: 's', acknowledged: 5, missing: 0, altered: 0, duplicated: 0, unexpected: 0 };
  const audit = (read: typeof rows) => auditRows('s', acknowledged, sent, read);

  it('finds nothing where nothing was lost', () => {
    expect(audit(rows)).toEqual(clean);
  });
  it('finds one removed', () => {
    expect(audit(rows.filter((row) => row.id !== '3'))).toEqual({ ...clean, missing: 1, oldestLostAckMs: 300 });
  });
  it('finds one changed', () => {
    const changed = rows.map((row) => (row.id === '2' ? { ...row, body: 'B2' } : row));
    expect(audit(changed)).toEqual({ ...clean, altered: 1, oldestLostAckMs: 200 });
  });
  it('finds one doubled', () => {
    expect(audit([...rows, { id: '4', body: 'b4' }])).toEqual({ ...clean, duplicated: 1 });
  });
  it('finds one foreign', () => {
    expect(audit([...rows, { id: '99', body: 'b' }])).toEqual({ ...clean, unexpected: 1 });
  });
  it('takes no offence at one that was sent and never acknowledged, unless it is not what was sent', () => {
    expect(audit([...rows, { id: '6', body: 'b6' }])).toEqual(clean);
    expect(audit([...rows, { id: '6', body: 'garbage' }])).toEqual({ ...clean, altered: 1 });
  });
  it('finds all of them at once, and everything missing in nothing', () => {
    const bad = [
      { id: '1', body: 'b1' },
      { id: '1', body: 'b1' },
      { id: '2', body: 'x' },
      { id: '77', body: 'x' },
      ...rows.slice(3),
    ];
    const expected = { missing: 1, altered: 1, duplicated: 1, unexpected: 1, oldestLostAckMs: 200 };
    expect(audit(bad)).toEqual({ ...clean, ...expected });
    expect(audit([])).toEqual({ ...clean, missing: 5, oldestLostAckMs: 100 });
  });
});

describe('the documents', () => {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const imported = Array.from({ length: 1133 }, (_, i) => {
    const body = documentBody(i + 1);
    return { id: String(i + 1), body, sha256: sum(body) };
  });

  it('are those of seed.sql', () => {
    expect(documentBody(1).startsWith('Document 1: ')).toBe(true);
    // md5('1/1'), as PostgreSQL has it too.
    expect(documentBody(1).split(' ')[2]).toBe(createHash('md5').update('1/1').digest('hex'));
    expect(documentBody(1133).length).toBe('Document 1133: '.length + 60 * 33 - 1);
  });
  it('are all there', () => {
    expect(auditDocuments(imported)).toEqual({
      store: 'documents',
      acknowledged: 1133,
      missing: 0,
      altered: 0,
      duplicated: 0,
      unexpected: 0,
    });
  });
  it('are found missing, altered against their sum, altered together with it, doubled and foreign', () => {
    const bad = imported.flatMap((row) => {
      if (row.id === '1') return [];
      if (row.id === '2') return [{ ...row, body: `${row.body}!` }];
      if (row.id === '3') return [{ ...row, body: 'other', sha256: sum('other') }];
      if (row.id === '4') return [row, row];
      if (row.id === '5') return [row, { ...row, id: '2000' }];
      return [row];
    });
    expect(auditDocuments(bad)).toMatchObject({ missing: 1, altered: 2, duplicated: 1, unexpected: 1 });
  });
});

describe('database', () => {
  it('rejects where nobody listens, and an audit that cannot read is unknown, not zero', async () => {
    const session = await open(database(), fakeCluster());
    await expect(session.attempt(0, live())).rejects.toThrow();
    await expect(session.audit?.(AbortSignal.timeout(100))).rejects.toThrow('could not be read');
  });
  it('makes the body of a row from its id', () => {
    expect(ledgerBody('1')).toBe(ledgerBody('1'));
    expect(ledgerBody('1')).not.toBe(ledgerBody('2'));
  });
});

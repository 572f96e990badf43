import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import { claimed, type Scenario } from '../model/scenario.ts';
import { act } from '../model/define.ts';
import { instant, millis, seconds } from '../model/units.ts';
import { apiWrite } from '../probes/api-write.ts';
import { newConnection } from '../probes/new-connection.ts';
import { nodeNotReady } from '../detectors/node-not-ready.ts';
import { probeFailing } from '../detectors/probe-failing.ts';
import { wait } from '../runbooks/wait.ts';
import { ownProbe } from './own-probe.ts';
import { slisOfYaml } from './sli-file.ts';
import { onWorkload } from './workload.ts';

/** A cluster whose first worker is this machine. */
const here = new FakeCluster();
const cluster = new Proxy(here, {
  get: (target, key, receiver): unknown =>
    key === 'select' ? () => [{ name: 'w', role: 'worker', address: '127.0.0.1' }] : Reflect.get(target, key, receiver),
});
const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
};
const web = createHttp((request, response) => {
  response.statusCode = request.url === '/teapot' ? 418 : 200;
  response.end(`hello from ${request.url ?? ''}`);
});
/** Says nothing to whoever connects. */
const mute = createServer();
let httpPort = 0;
let tcpPort = 0;
beforeAll(async () => {
  httpPort = await listen(web);
  tcpPort = await listen(mute);
});
afterAll(() => {
  web.close();
  mute.close();
});

const ask = async (fields: Parameters<typeof ownProbe>[1], signal = AbortSignal.timeout(2000)) => {
  const session = await ownProbe('own', fields).open({ cluster, now: () => instant(0), signal });
  await session.attempt(0, signal);
};

describe('an SLI of a user', () => {
  it('over HTTP is good by its status and what it says', async () => {
    const at = (path: string) => `http://worker-1:${httpPort}${path}`;
    await expect(ask({ http: at('/a?b=1'), expect: 'from /a\\?b=1$' })).resolves.toBeUndefined();
    await expect(ask({ http: at('/'), expect: 'bye' })).rejects.toThrow('no /bye/ in "hello from /"');
    await expect(ask({ http: at('/teapot') })).rejects.toThrow('HTTP 418');
    await expect(ask({ http: at('/teapot'), status: 418 })).resolves.toBeUndefined();
    await expect(ask({ http: at('/'), status: 418 })).rejects.toThrow('HTTP 200');
  });

  it('over TCP is good when it connects', async () => {
    await expect(ask({ tcp: `tcp://worker-1:${tcpPort}` })).resolves.toBeUndefined();
    await expect(ask({ tcp: 'tcp://worker-1:1' })).rejects.toThrow('ECONNREFUSED');
  });

  it('over SQL is bad when nobody answers in time, or nobody is there', async () => {
    const at = (port: number) => `postgres://me:secret@worker-1:${port}/db`;
    await expect(ask({ sql: 'SELECT 1', at: at(tcpPort) }, AbortSignal.timeout(300))).rejects.toThrow();
    await expect(ask({ sql: 'SELECT 1', at: at(1) })).rejects.toThrow('ECONNREFUSED');
  });

  it('has periods of its kind', () => {
    expect(ownProbe('a', { http: 'http://worker-1:1/' })).toMatchObject({ periodMs: 250, timeoutMs: 1000 });
    expect(ownProbe('a', { dns: 'shop.default.svc.cluster.local', every: seconds(2) })).toMatchObject({
      sli: 'a',
      periodMs: 2000,
    });
    expect(ownProbe('a', { run: 'true' }).periodMs).toBe(1000);
  });
});

const file = `slis:
  shop: { http: 'http://worker-1:30080/?q=1' }
  stock: { sql: select 1, at: 'postgres://a:b@worker-2:30432/c' }
  status-page: { tcp: 'tcp://control-plane:30081', bystander: true }
`;
const read = (text: string) => slisOfYaml(text, 'our/slis.yaml');

describe('a file of SLIs', () => {
  it('says what an outage must break, and what users ask for', () => {
    expect(read(file).breaks).toEqual(['shop', 'stock']);
    expect(read(`${file}breaks: [stock]\n`).breaks).toEqual(['stock']);
    expect(read(file).users(cluster)).toEqual(['http://127.0.0.1:30080/?q=1']);
  });

  const wrong: readonly (readonly [string, string])[] = [
    [`${file}breaks: [shp]\n`, '5:10: breaks.0 is shp, which is none of the SLIs'],
    [file.replace("http: 'http://worker-1:30080/?q=1'", 'title: x'), '2:3: slis.shop must have one of run, http'],
    [file.replace('worker-1:30080', 'example.com:80'), '2:11: slis.shop.http must be an address such as'],
    [file.replace('worker-1:30080', 'worker-1'), '2:11: slis.shop.http must be an address such as'],
    [file.replace(", at: 'postgres://a:b@worker-2:30432/c'", ''), '3:3: slis.stock must have both `sql` and `at`'],
    [file.replace("30081'", "30081', expect: x"), '4:3: slis.status-page has `expect`'],
    ['slis: { a: { run: x, evry: 1s } }', '1:22: unknown key `evry`'],
    ['slis: { a: { run: x, bystander: true } }', ' no SLI that an outage could break'],
  ];
  it.each(wrong)('says where it is wrong: %#', (text, message) => {
    expect(() => read(text)).toThrow(`our/slis.yaml:${message}`);
  });
});

describe("a scenario on a user's workload", () => {
  const step = act('break it', 'workers', 'break');
  const scenario: Scenario = {
    outage: { title: 't', source: 's', date: 'd', says: ['x'], undetectedMs: millis(0), recoveryMs: millis(0) },
    ...{ fidelity: 'real', differences: [], cluster: { workers: 2, workload: 'resurrection' } },
    ...{ probes: [newConnection(), apiWrite()], breaks: ['new-connection', 'api-write'], keeps: [] },
    fault: {
      ...{ id: 'f', title: 't', source: 's', fidelity: 'real', params: {}, targets: 'workers', prepare: [] },
      ...{ inject: [step], witness: [], witnessDeadlineMs: 1, undo: [step] },
    },
    detectors: [probeFailing({ sli: 'new-connection' }), nodeNotReady()],
    runbooks: [
      claimed(wait(), 'unknown', 'x'),
      claimed(
        {
          id: 'ours',
          title: 't',
          source: 's',
          why: 'w',
          steps: [act('x', 'workstation', 'kubectl -n chromadb get pods')],
        },
        'recovers',
        'x',
      ),
    ],
    horizonMs: { fast: seconds(100), stock: seconds(100) },
  };

  it('is measured by its SLIs and those of every cluster, and tries what is not for our workload', () => {
    const { scenario: moved, without } = onWorkload(scenario, '/our/app', read(file));
    expect(moved.probes.map(({ sli }) => sli)).toEqual(['api-write', 'shop', 'stock', 'status-page']);
    expect(moved.breaks).toEqual(['shop', 'stock', 'api-write']);
    expect(moved.cluster.workload).toBe('/our/app');
    expect(moved.detectors.map(({ title }) => title)).toContain('The synthetic check shop fails');
    expect(moved.detectors).toHaveLength(2);
    expect(without).toEqual(['ours']);
  });

  it('is refused where the outage is one of our workload', () => {
    const database = act('fill it', 'workstation', 'kubectl -n chromadb exec chromadb-0 -- fill');
    const one = { ...scenario, fault: { ...scenario.fault, inject: [database] } };
    expect(() => onWorkload(one, '/our/app', read(file))).toThrow("is an outage of firedrill's own workload: fault f");
  });
});

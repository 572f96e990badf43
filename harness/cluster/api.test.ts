import { describe, expect, it } from 'vitest';
import {
  eventState,
  type EndpointSliceJson,
  type EventJson,
  type NodeJson,
  type PodJson,
  KubeconfigFile,
  kubeApi,
  nodeState,
  podState,
  servicesOf,
} from './api.ts';
import { millis } from '../model/units.ts';

const config = (server: string): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

describe('KubeconfigFile', () => {
  it('reads again when the file has changed, and only then', () => {
    let [stamp, text, reads] = ['1', config('https://one'), 0];
    const file = new KubeconfigFile('/k', {
      stat: () => stamp,
      read: () => {
        reads += 1;
        return text;
      },
    });
    expect(file.current().getCurrentCluster()?.server).toBe('https://one');
    expect(file.current()).toBe(file.current());
    expect(reads).toBe(1);
    [stamp, text] = ['2', config('https://two')];
    expect(file.current().getCurrentCluster()?.server).toBe('https://two');
    expect(reads).toBe(2);
  });
  it('does not keep a half-written file: it is read again until it is whole', () => {
    let text = 'clusters: [';
    const file = new KubeconfigFile('/k', { stat: () => '1', read: () => text });
    expect(() => file.current()).toThrow(/^\/k: /);
    text = '';
    expect(() => file.current()).toThrow(/^\/k: /);
    text = config('https://one');
    expect(file.current().getCurrentCluster()?.server).toBe('https://one');
  });
});

describe('flattening', () => {
  it('nodes', () => {
    const node: NodeJson = {
      metadata: { name: 'n' },
      status: {
        conditions: [
          { type: 'DiskPressure', status: 'False' },
          { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'm' },
        ],
      },
    };
    expect(nodeState(node)).toEqual({
      name: 'n',
      ready: false,
      reason: 'NodeStatusUnknown',
      message: 'm',
      bootId: '',
      heartbeatEpochMs: 0,
    });
  });
  it('pods: the waiting reason is the state', () => {
    const pod: PodJson = {
      metadata: { name: 'p', namespace: 'ns', uid: 'u', deletionTimestamp: '1970-01-01T00:00:00Z' },
      spec: { nodeName: 'n' },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'False' }],
        containerStatuses: [
          {
            name: 'c',
            ready: false,
            restartCount: 7,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
          },
        ],
      },
    };
    expect(podState(pod)).toMatchObject({
      terminating: true,
      ready: false,
      node: 'n',
      containers: [{ name: 'c', restarts: 7, state: 'CrashLoopBackOff' }],
    });
  });
  it('pods: how a container ended is what it ended with now, or the last time', () => {
    const ended = (exitCode: number) => ({
      reason: 'OOMKilled',
      exitCode,
      finishedAt: `1970-01-01T00:00:0${exitCode}Z`,
    });
    const pod = (status: object): PodJson => ({
      status: { containerStatuses: [{ name: 'c', ready: false, restartCount: 1, ...status }] },
    });
    const last = (status: object) => podState(pod(status)).containers[0]?.lastEnd;
    expect(last({ state: { waiting: {} }, lastState: { terminated: ended(1) } })).toEqual({
      reason: 'OOMKilled',
      exitCode: 1,
      epochMs: 1000,
    });
    expect(last({ state: { terminated: ended(2) }, lastState: { terminated: ended(1) } })?.epochMs).toBe(2000);
    expect(last({ state: { running: {} }, lastState: {} })).toBeUndefined();
  });
  it('services: whose pods, which endpoints, and where they lead from everywhere', () => {
    const ofService = { 'kubernetes.io/service-name': 'dns' };
    const slice = (more: object = {}): EndpointSliceJson => ({
      metadata: { namespace: 'a', labels: ofService },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.244.1.2'], conditions: { ready: true } },
        { addresses: ['10.244.1.3'], conditions: { ready: false } },
      ],
      ports: [{ port: 53 }, { port: 9153 }],
      ...more,
    });
    const found = (slices: readonly EndpointSliceJson[], spec: object = {}) =>
      servicesOf([{ metadata: { namespace: 'a', name: 'dns' }, spec }], slices)[0];
    const targets = (everywhere: boolean) =>
      ['10.244.1.2:53', '10.244.1.2:9153'].map((target) => ({ target, everywhere }));
    const others = [
      slice({ metadata: { namespace: 'b', labels: ofService } }),
      slice({ metadata: { namespace: 'a', labels: { 'kubernetes.io/service-name': 'another' } } }),
      slice({ addressType: 'IPv6' }),
    ];
    expect(found([slice(), ...others])).toEqual({
      namespace: 'a',
      name: 'dns',
      addresses: ['10.244.1.2'],
      backends: targets(true),
    });
    expect(found([slice()], { selector: { app: 'dns' } })).toMatchObject({ selector: { app: 'dns' } });
    expect(found([slice()], { selector: {} })).not.toHaveProperty('selector');
    expect(found([slice()], { internalTrafficPolicy: 'Local' })).toMatchObject({ backends: targets(false) });
    const hinted = [{ addresses: ['10.244.1.2'], hints: { forNodes: [{ name: 'n' }] } }];
    expect(found([slice({ endpoints: hinted })])).toMatchObject({ backends: targets(false) });
    const headless = { namespace: 'a', labels: { ...ofService, 'service.kubernetes.io/headless': '' } };
    expect(found([slice({ metadata: headless })])).toMatchObject({ addresses: ['10.244.1.2'], backends: [] });
    expect(found([slice({ endpoints: null, ports: null })])).toMatchObject({ addresses: [], backends: [] });
  });

  it('events: the last time is looked for in all places', () => {
    const event = (over: Partial<EventJson>): EventJson => ({ involvedObject: { kind: 'Pod', name: 'p' }, ...over });
    expect(eventState(event({ lastTimestamp: '1970-01-01T00:00:05Z', count: 3 }))).toMatchObject({
      lastEpochMs: 5000,
      count: 3,
      object: 'Pod/p',
    });
    expect(eventState(event({ eventTime: '1970-01-01T00:00:07.5Z' })).lastEpochMs).toBe(7500);
    expect(eventState(event({})).lastEpochMs).toBe(0);
  });
});

describe('kubeApi', () => {
  it('rejects when there is no kubeconfig, and when it was aborted before', async () => {
    const api = kubeApi('/nonexistent/kubeconfig');
    await expect(api.nodes({ timeoutMs: millis(1000) })).rejects.toThrow(/ENOENT/);
    await expect(api.nodes({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });
});

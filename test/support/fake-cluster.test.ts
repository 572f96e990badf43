import { describe, expect, it } from 'vitest';
import { millis } from '../../harness/model/units.ts';
import { fakeCluster, fakeEvent, fakePod } from './fake-cluster.ts';

describe('the fake cluster', () => {
  it('keeps the calls and answers by its handler', async () => {
    const cluster = fakeCluster({ exec: ({ command }) => (command === 'false' ? 1 : 'out') });
    expect(await cluster.exec('fake-worker', 'true')).toEqual({ exitCode: 0, stdout: 'out', stderr: '' });
    expect(await cluster.workstation('false', { input: 'x' })).toMatchObject({ exitCode: 1 });
    expect(cluster.calls).toEqual([
      { on: 'fake-worker', command: 'true' },
      { on: 'workstation', command: 'false', input: 'x' },
    ]);
  });

  it('says 124 at the time-out and 130 when aborted, as the real one does', async () => {
    const cluster = fakeCluster({ exec: () => new Promise<never>(() => undefined) });
    expect(await cluster.exec('fake-worker', 'sleep', { timeoutMs: millis(1) })).toMatchObject({ exitCode: 124 });
    const controller = new AbortController();
    const running = cluster.exec('fake-worker', 'sleep', { signal: controller.signal });
    controller.abort();
    expect(await running).toMatchObject({ exitCode: 130 });
  });

  it('selects nodes by role and number, and refuses to select none', () => {
    const cluster = fakeCluster();
    expect(cluster.select('workers').map((n) => n.name)).toEqual(['fake-worker', 'fake-worker2']);
    expect(cluster.select({ worker: 2 }).map((n) => n.name)).toEqual(['fake-worker2']);
    expect(cluster.select('nodes')).toHaveLength(3);
    expect(() => cluster.select({ worker: 3 })).toThrow(/no node of the cluster/);
  });

  it('watches pods and events, ends with the signal and breaks when the API goes', async () => {
    const { api } = fakeCluster();
    const controller = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const pod of api.watchPods({ namespace: 'a', labelSelector: 'app=x' }, controller.signal)) {
        seen.push(pod.name);
        if (pod.name === 'last') controller.abort();
      }
    })();
    await Promise.resolve();
    api.pushPod(fakePod('a', 'first', { labels: { app: 'x' } }));
    api.pushPod(fakePod('b', 'other', { labels: { app: 'x' } }));
    api.pushPod(fakePod('a', 'last', { labels: { app: 'x' } }));
    await reading;
    expect(seen).toEqual(['first', 'last']);
    expect(api.watches).toBe(0);

    const broken = (async () => {
      for await (const event of api.watchEvents(new AbortController().signal)) seen.push(event.reason);
    })();
    await Promise.resolve();
    api.pushEvent(fakeEvent('BackOff', 'x'));
    api.unreachable = true;
    await expect(broken).rejects.toThrow(/ECONNREFUSED/);
    expect(seen).toContain('BackOff');
    await expect(api.pods()).rejects.toThrow(/ECONNREFUSED/);
  });

  it('scripts streams', async () => {
    const cluster = fakeCluster({
      attach: (_node, _command, stream) => {
        stream.onWrite = (line) => {
          stream.push(`echo ${line}`);
        };
      },
    });
    const stream = cluster.attach('fake-worker', 'cat', new AbortController().signal);
    stream.write('a');
    await stream.close();
    const lines: string[] = [];
    for await (const line of stream.lines) lines.push(line);
    expect(lines).toEqual(['echo a']);
  });
});

import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../../model/cluster.ts';
import { profiles } from '../../model/profile.ts';
import { AlertFeed } from './feed.ts';
import { askCommand, bodyOf, removeInside, startInside, type Inside } from './inside.ts';
import { monitoringParts, type StackImages } from './parts.ts';
import { alertTimes } from './times.ts';

const images: StackImages = {
  ...{ prometheus: 'prom:1', alertmanager: 'am:1', blackbox: 'bb:1', nodeExporter: 'ne:1' },
  ...{ postgres: 'pg:1', stateMetrics: 'ksm:1', perl: 'node:1' },
};
const nodes = ['control-plane', 'worker', 'worker2'].map((name, i) => ({
  name: `c-${name}`,
  role: i === 0 ? ('control-plane' as const) : ('worker' as const),
  address: `10.201.7.${11 + i}`,
}));
const parts = monitoringParts({ times: alertTimes(profiles.fast), nodes });
const answer = (alerts: readonly object[]): string =>
  `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ data: { alerts } })}`;

/** A cluster whose pod is on the second worker, and answers as it is told to. */
class Fake {
  said: string | undefined = answer([]);
  applied: { readonly command: string; readonly objects: readonly Record<string, unknown>[] }[] = [];
  asked: string[] = [];
  apiIsDown = false;
  kubectl = { exitCode: 0, stdout: '', stderr: '' };
  readonly cluster = {
    nodes,
    api: {
      pods: () =>
        this.apiIsDown
          ? Promise.reject(new Error('refused'))
          : Promise.resolve([{ node: 'c-worker2', address: '10.244.2.9', terminating: false, phase: 'Running' }]),
    },
    exec: () =>
      Promise.resolve({
        ...this.kubectl,
        exitCode: 0,
        stdout: ['prom', 'am', 'bb', 'ksm', 'pg'].map((name) => `docker.io/library/${name}:1`).join('\n'),
      }),
    workstation: (command: string, { input = '' }: { readonly input?: string }) => {
      const objects = parseAllDocuments(input).map((one) => one.toJS() as Record<string, unknown>);
      this.applied.push({ command, objects });
      return Promise.resolve(this.kubectl);
    },
    look: (node: string, command: string) => {
      this.asked.push(`${node}: ${command}`);
      return Promise.resolve({ exitCode: this.said === undefined ? 1 : 0, stdout: this.said ?? '', stderr: '' });
    },
  } as unknown as Cluster;
}

describe('the monitoring inside the cluster', () => {
  let dir = '';
  let fake: Fake;
  let feed: AlertFeed;
  const never = new AbortController().signal;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firedrill-inside-'));
    for (const [path, text] of [
      ...[['prometheus/prometheus.yml', 'p'] as const, ['prometheus/rules/a b.yaml', 'r'] as const],
      ...[['alertmanager/alertmanager.yml', 'outside'] as const, ['blackbox/config.yml', 'b'] as const],
      ['state-metrics/kubeconfig', 'k'] as const,
    ]) {
      await mkdir(join(dir, path, '..'), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    fake = new Fake();
    feed = new AlertFeed(['NodeDown'], () => 0);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const start = (): Promise<Inside> =>
    startInside({
      ...{ cluster: fake.cluster, images, parts, dir, feed, everyMs: 1, signal: never },
      docker: () => Promise.resolve(''),
      ctr: 'ctr',
      alertmanager: 'inside',
    });

  it('is one pod of images that are there, with every file where its program looks for it', async () => {
    await start();
    const [first] = fake.applied;
    expect(first?.command).toContain('rollout status deployment monitoring');
    const named = (kind: string) => first?.objects.filter((object) => object['kind'] === kind) ?? [];
    expect(named('Namespace')).toHaveLength(1);
    const deployment = named('Deployment')[0] as unknown as {
      spec: {
        template: {
          spec: {
            containers: { name: string; image: string; imagePullPolicy: string; volumeMounts: { name: string }[] }[];
            volumes: { name: string; secret?: { secretName: string; items: { key: string; path: string }[] } }[];
          };
        };
      };
    };
    const { containers, volumes } = deployment.spec.template.spec;
    expect(containers.map(({ image }) => image)).toEqual(['prom:1', 'am:1', 'bb:1', 'ksm:1', 'pg:1']);
    expect(new Set(containers.map(({ imagePullPolicy }) => imagePullPolicy))).toEqual(new Set(['Never']));
    for (const { volumeMounts } of containers)
      for (const { name } of volumeMounts) expect(volumes.map((volume) => volume.name)).toContain(name);
    const secrets = named('Secret') as unknown as { metadata: { name: string }; stringData: Record<string, string> }[];
    const files = volumes.flatMap(({ name, secret }) => {
      const data = secrets.find(({ metadata }) => metadata.name === secret?.secretName)?.stringData;
      return (secret?.items ?? []).map(({ key, path }) => `${name}/${path}: ${data?.[key] ?? 'missing'}`);
    });
    expect(files).toEqual([
      ...['prometheus/prometheus.yml: p', 'prometheus/rules/a b.yaml: r', 'alertmanager/alertmanager.yml: inside'],
      ...['blackbox/config.yml: b', 'state-metrics/kubeconfig: k'],
    ]);
  });

  it('is asked on the node where its pod is, and told of as blind once nobody reaches it three times', async () => {
    const inside = await start();
    expect(fake.asked).toEqual([`c-worker2: ${askCommand('10.244.2.9')}`]);
    fake.apiIsDown = true;
    fake.said = undefined;
    const stopping = new AbortController();
    const watching = inside.watch(stopping.signal);
    const states: string[] = [];
    for await (const reading of feed.readings('NodeDown', never)) {
      states.push(reading.state === 'blind' ? reading.why : reading.state);
      if (reading.state === 'blind') fake.said = answer([]);
      if (states.length === 3) break;
    }
    stopping.abort();
    await watching;
    expect(states).toEqual(['quiet', 'nobody reaches it: c-worker2 does not reach its pod', 'quiet']);
    // The first question of all, and three in vain.
    expect(fake.asked.length).toBeGreaterThanOrEqual(4);
  });

  it('gets the files of Prometheus anew, and is taken away whatever the API says', async () => {
    const inside = await start();
    await writeFile(join(dir, 'prometheus/prometheus.yml'), 'new');
    await inside.update(never);
    expect(fake.applied.at(-1)?.command).toContain('kubectl replace');
    expect(fake.applied.at(-1)?.objects[0]).toMatchObject({ stringData: { f0: 'new', f1: 'r' } });
    fake.kubectl = { exitCode: 1, stdout: '', stderr: 'refused' };
    await removeInside(fake.cluster, never);
    expect(fake.applied.at(-1)?.command).toContain('kubectl delete namespace firedrill-monitoring');
    await expect(inside.update(never)).rejects.toThrow('no monitoring inside the cluster: refused');
  });

  it('takes no answer but a good one', () => {
    expect(bodyOf(answer([]))).toEqual({ data: { alerts: [] } });
    expect(() => bodyOf('HTTP/1.0 503 Service Unavailable\r\n\r\n{}')).toThrow('it says HTTP/1.0 503');
    expect(() => bodyOf('')).toThrow('it says nothing');
  });
});

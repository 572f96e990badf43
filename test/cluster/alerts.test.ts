import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAlertStack, type AlertStack } from '../../harness/alerts/live/stack.ts';
import { alertTimes } from '../../harness/alerts/live/times.ts';
import { monitoringImages, stackImages } from '../../harness/engine/monitoring.ts';
import type { Reading } from '../../harness/model/detector.ts';
import { profiles } from '../../harness/model/profile.ts';
import { millis } from '../../harness/model/units.ts';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { noCluster, provide } from './provided.ts';

const rule = (name: string, expr: string) => ({
  text: `      - { alert: ${name}, expr: '${expr}', labels: { severity: warning } }\n`,
  alert: { name, forMs: millis(0), labels: { severity: 'warning' } },
});
/** One that rings at once, for each node; one that never does. */
const rules = [rule('NodeThere', 'kube_node_info'), rule('Never', 'up > 1')];
const { signal } = new AbortController();

describe.skipIf(noCluster)('Prometheus and Alertmanager beside a cluster', () => {
  let given: Awaited<ReturnType<typeof provide>>;
  let stack: AlertStack;
  const undo: (() => Promise<unknown>)[] = [];
  let dir = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firedrill-alerts-'));
    given = await provide(
      { workloadDir: join(import.meta.dirname, '../../manifests/resurrection'), workers: 2 },
      monitoringImages,
    );
    undo.unshift(() => given.remove());
    stack = await startAlertStack({
      images: stackImages(given.images),
      rules: {
        from: ['test'],
        files: [
          { name: 'test.yaml', text: `groups:\n  - name: test\n    rules:\n${rules.map((r) => r.text).join('')}` },
        ],
        alerts: rules.map((r) => r.alert),
        inside: true,
      },
      times: alertTimes(profiles.fast),
      cluster: given.cluster,
      distribution: kubeadm,
      slis: [],
      runId: given.cluster.name,
      workDir: dir,
      zeroEpochMs: Date.now(),
      nowMs: () => performance.now(),
      signal,
    });
  });
  afterAll(async () => {
    for (const step of undo) await step();
    await rm(dir, { recursive: true, force: true });
  });

  /** The nodes of which an alert tells, once it has told of three. */
  const told = async (alertname: string): Promise<readonly string[]> => {
    const nodes = new Set<string>();
    for await (const reading of stack.readings(alertname, AbortSignal.timeout(60_000))) {
      if (reading.state === 'firing') nodes.add(reading.labels?.['node'] ?? '');
      if (nodes.size === 3) break;
    }
    return [...nodes].sort();
  };

  it('scrapes every component, each node and every exporter', () => {
    expect(Object.keys(stack.facts.absent)).toEqual(['blackbox (TCP 22)']);
    expect(stack.facts.targets).toEqual({
      ...{ apiserver: 1, etcd: 1, 'kube-scheduler': 1, 'kube-controller-manager': 1, 'kube-dns': 2, kubelet: 6 },
      ...{ 'kube-proxy': 3, 'node-exporter': 3, 'kube-state-metrics': 1, postgres: 1, blackbox: 7 },
      ...{ prometheus: 1, alertmanager: 1 },
    });
  });

  it('tells of an alert by a notification, with the name of the node, and keeps when it fired', async () => {
    expect(await told('NodeThere')).toEqual(['control-plane', 'worker', 'worker2']);
    const history = await stack.history(signal);
    expect(history.filter(({ firingMs }) => firingMs !== undefined)).toHaveLength(3);
  });

  it('tells of it from inside the cluster, too', async () => {
    expect(await told('NodeThere@inside')).toEqual(['control-plane', 'worker', 'worker2']);
  });

  it('leaves its data as an archive with blocks at its root', async () => {
    const file = join(dir, 'metrics.tar.gz');
    expect(await stack.keep(file, signal)).toBeGreaterThan(1000);
    const { stdout } = await execa('tar', ['tzf', file]);
    expect(stdout.split('\n').some((name) => /^(\.\/)?[0-9A-Z]{26}\/meta\.json$/.test(name))).toBe(true);
  });

  it('is dead, and says so, when its Prometheus is', async () => {
    await execa('docker', ['kill', `${given.cluster.name}-prometheus`]);
    const readings: Reading[] = [];
    const read = async () => {
      for await (const reading of stack.readings('Never', AbortSignal.timeout(60_000))) readings.push(reading);
    };
    await expect(read()).rejects.toThrow(/the monitoring is dead|the receiver of notifications ended/);
    expect(readings[0]).toEqual({ state: 'quiet' });
  });

  it('leaves nothing behind, on this machine and on the nodes', async () => {
    await stack.stop();
    const { stdout } = await execa('docker', [
      ...['ps', '-a', '--filter', `label=firedrill.cluster=${given.cluster.name}`, '--format', '{{.Names}}'],
    ]);
    expect(stdout.split('\n').sort()).toEqual(given.cluster.nodes.map(({ name }) => name).sort());
    for (const { name } of given.cluster.nodes) {
      const left = await given.cluster.exec(
        name,
        'ls /etc/systemd/system | grep firedrill-; systemctl --failed -q; ls /usr/local/lib | grep firedrill; true',
      );
      expect([name, left.stdout.trim()]).toEqual([name, '']);
    }
    const account = await given.cluster.workstation(
      'kubectl get clusterrole,clusterrolebinding,sa -A -o name | grep firedrill-monitoring || true',
    );
    expect(account.stdout.trim()).toBe('');
    const inside = await given.cluster.workstation(
      'kubectl wait --for=delete namespace/firedrill-monitoring --timeout=60s 2>&1 && kubectl get namespace firedrill-monitoring 2>&1 || true',
    );
    expect(inside.stdout).toContain('not found');
  });
});

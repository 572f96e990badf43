import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { profiles } from '../../model/profile.ts';
import { entryNode, nodeNames } from '../layout.ts';
import { controlPlanePatches, kindConfig, kubeadmPatches, patchesDir } from './config.ts';
import { apiServerPort, nodePorts, type Ports } from '../ports.ts';
import { timerFacts } from '../timers.ts';

interface Config {
  networking: Record<string, unknown>;
  kubeadmConfigPatches: string[];
  nodes: { role: string; extraPortMappings?: { containerPort: number; hostPort: number; listenAddress: string }[] }[];
}
const ports: Ports = new Map([apiServerPort, ...Object.values(nodePorts)].map((port, i) => [port, 20_000 + i]));
const config = (workers: number, profile: 'stock' | 'fast' = 'stock'): Config =>
  parse(kindConfig({ name: 'firedrill-t', workers, profile: profiles[profile], ports })) as Config;
const patch = (profile: 'stock' | 'fast', kind: string): Record<string, unknown> =>
  kubeadmPatches(profiles[profile])
    .map((text) => parse(text) as Record<string, unknown>)
    .find((p) => p['kind'] === kind) ?? {};

describe('kindConfig', () => {
  it('publishes on loopback only: the web by worker 1, the database by worker 2, the bystander by the control plane', () => {
    const { nodes, networking } = config(2);
    expect(nodes.map((n) => n.role)).toEqual(['control-plane', 'worker', 'worker']);
    const nodePortsOf = nodes.map((n) => n.extraPortMappings?.map((m) => m.containerPort));
    expect(nodePortsOf).toEqual([[30081, 30082], [30080, 22, 8080], [30432]]);
    for (const m of nodes.flatMap((n) => n.extraPortMappings ?? [])) {
      expect(m).toMatchObject({ hostPort: ports.get(m.containerPort), listenAddress: '127.0.0.1' });
    }
    expect(networking).toMatchObject({ disableDefaultCNI: true, podSubnet: '10.244.0.0/16', ipFamily: 'ipv4' });
    expect(networking).toMatchObject({ apiServerAddress: '127.0.0.1', apiServerPort: 20000 });
  });
  it('puts the database on the only worker when there is one', () => {
    expect(
      config(1)
        .nodes[1]?.extraPortMappings?.map((m) => m.containerPort)
        .sort(),
    ).toEqual([22, 30080, 30432, 8080]);
    expect(entryNode('database', 1)).toBe(1);
  });
  it('names nodes as kind does', () => {
    expect(nodeNames('c', 3)).toEqual(['c-control-plane', 'c-worker', 'c-worker2', 'c-worker3']);
  });
});

describe('timers', () => {
  it('stock: what Kubernetes has anyway', () => {
    expect(patch('stock', 'KubeletConfiguration')).toEqual({
      kind: 'KubeletConfiguration',
      failCgroupV1: false,
      nodeStatusUpdateFrequency: '10s',
      nodeStatusReportFrequency: '5m0s',
      // Kubernetes' own 2 min.
      runtimeRequestTimeout: '120s',
      nodeLeaseDurationSeconds: 40,
    });
    expect(JSON.stringify(patch('stock', 'ClusterConfiguration'))).toContain('"node-monitor-grace-period":"50s"');
  });
  it('fast: the lease is renewed well within the grace period, and the lowered back-off is told', () => {
    const kubelet = patch('fast', 'KubeletConfiguration');
    const renewEveryMs = (Number(kubelet['nodeLeaseDurationSeconds']) * 1000) / 4;
    expect(renewEveryMs * 3).toBeLessThan(profiles.fast.nodeGraceMs);
    expect(kubelet).toMatchObject({ crashLoopBackOff: { maxContainerRestartPeriod: '30s' } });
    expect(kubelet).toMatchObject({ runtimeRequestTimeout: '15s' });
    expect(timerFacts(profiles.fast)['timer.runtime-request']).toBe('15s');
    expect(timerFacts(profiles.fast)['timer.crash-back-off-max']).toBe('30s');
    expect(timerFacts(profiles.stock)['timer.crash-back-off-max']).toBe('300s');
  });
  it('says the same in both of the versions that kind may speak', () => {
    const both = kubeadmPatches(profiles.fast)
      .map((text) => parse(text) as { kind: string; apiVersion: string; controllerManager: { extraArgs: unknown } })
      .filter((p) => p.kind === 'ClusterConfiguration');
    expect(both.map((p) => p.apiVersion)).toEqual(['kubeadm.k8s.io/v1beta3', 'kubeadm.k8s.io/v1beta4']);
    const list = both[1]?.controllerManager.extraArgs as { name: string; value: string }[];
    expect(Object.fromEntries(list.map((a) => [a.name, a.value]))).toMatchObject(
      both[0]?.controllerManager.extraArgs as object,
    );
  });
});

describe('patches of the control plane', () => {
  it('look often in fast', () => {
    const patches = controlPlanePatches(profiles.fast);
    expect(Object.keys(patches)).toHaveLength(4);
    const probe = { initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 240 };
    expect(parse(patches['etcd0+strategic.yaml'] ?? '')).toEqual({
      spec: { containers: [{ name: 'etcd', startupProbe: probe }] },
    });
  });
  it.each(['stock', 'fast'] as const)(
    '%s: give each of the scheduler’s watches a connection, and kubeadm is told of them',
    (profile) => {
      const text = controlPlanePatches(profiles[profile])['kube-scheduler0+strategic.yaml'] ?? '';
      expect(parse(text)).toMatchObject({
        spec: { containers: [{ name: 'kube-scheduler', env: [{ name: 'DISABLE_HTTP2', value: 'true' }] }] },
      });
      expect(patch(profile, 'InitConfiguration')['patches']).toEqual({ directory: patchesDir });
    },
  );
  it('leave everything else of stock alone', () => {
    expect(Object.keys(controlPlanePatches(profiles.stock))).toEqual(['kube-scheduler0+strategic.yaml']);
  });
});

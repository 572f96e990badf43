import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ExecResult } from '../../model/cluster.ts';
import { profiles } from '../../model/profile.ts';
import type { Docker } from '../docker.ts';
import { askedFor, k3sConfig, k3sCreate, k3sNodeArgs } from './create.ts';
import type { ClusterNetwork } from '../network.ts';
import { apiServerPort, nodePorts } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';

const ports = new Map([apiServerPort, ...Object.values(nodePorts)].map((port, i) => [port, 20_000 + i]));
const spec = { name: 'firedrill-a', runId: 'r', nodeImage: 'k3s:1', workers: 2 };
const argsOf = (index: number) => k3sNodeArgs(spec, { name: `n${index}`, index, network: 'net', ports });

describe('the configuration of k3s', () => {
  it("has the profile's timers on a server, and keeps the workload off it", () => {
    const server = parse(k3sConfig(profiles.fast, { address: '10.1.0.11', token: 't' })) as Record<string, unknown>;
    expect(server).toMatchObject({
      token: 't',
      'node-ip': '10.1.0.11',
      'node-taint': ['node-role.kubernetes.io/control-plane=:NoSchedule'],
      'kube-controller-manager-arg': ['node-monitor-grace-period=10s', 'node-monitor-period=1s'],
    });
    expect(server).not.toHaveProperty('server');
  });

  it('tells an agent where the server is, and no more', () => {
    const agent = parse(
      k3sConfig(profiles.stock, { address: 'a', token: 't', server: 'https://10.1.0.11:6443' }),
    ) as object;
    expect(agent).toEqual({ token: 't', 'node-ip': 'a', server: 'https://10.1.0.11:6443' });
  });
});

describe('a node for k3s', () => {
  it('publishes on loopback what a node of kind does', () => {
    const published = [0, 1, 2].map((index) => argsOf(index).filter((a) => a.startsWith('--publish=')));
    expect(published[0]).toEqual([
      '--publish=127.0.0.1:20000:6443/TCP',
      '--publish=127.0.0.1:20003:30081/TCP',
      '--publish=127.0.0.1:20004:30082/TCP',
    ]);
    expect(published[1]).toHaveLength(3);
    expect(published[2]).toEqual(['--publish=127.0.0.1:20002:30432/TCP']);
  });

  it('is not started again by Docker, and has its disk under /var as a volume, which a snapshot replaces', () => {
    const args = argsOf(1);
    expect(args).toContain('--restart=no');
    expect(args[args.indexOf('/var') - 1]).toBe('--volume');
    expect(args.at(-1)).toBe('k3s:1');
  });
});

describe('making a cluster of k3s nodes', () => {
  it('installs the server before the agents, and writes a kubeconfig that leads to its loopback port', async () => {
    const workDir = await mkdtemp(join(tmpdir(), 'k3s-'));
    try {
      const installed: string[] = [];
      const ok: ExecResult = { exitCode: 0, stdout: '', stderr: '' };
      const started: string[] = [];
      const docker: Docker = (args) => {
        if (args[0] === 'run') started.push(args.join(' '));
        return Promise.resolve(args[0] === 'logs' ? 'detected cgroup v1\nstarting init' : 'id');
      };
      const exec = (node: string, command: string): Promise<ExecResult> => {
        const role = /install\.sh (\w+)/.exec(command)?.[1];
        if (role !== undefined) {
          installed.push(`${node} ${role}`);
          expect(command).toContain('nodeLeaseDurationSeconds: 8');
        }
        return Promise.resolve(
          command.startsWith('cat ') ? { ...ok, stdout: '    server: https://127.0.0.1:6443\n' } : ok,
        );
      };
      const kubeconfig = join(workDir, 'kubeconfig');
      await k3sCreate(
        { ...spec, workDir, profile: profiles.fast } as unknown as ClusterSpec,
        {
          names: ['a', 'b', 'c'],
          net: { name: 'net', nodeAddress: (i: number) => `10.1.0.1${i}` } as ClusterNetwork,
          ...{ ports, kubeconfig, docker, exec, run: () => Promise.reject(new Error('runs nothing')) },
        },
        AbortSignal.timeout(10_000),
      );
      expect(installed[0]).toBe('a server');
      expect(installed.slice(1).sort()).toEqual(['b agent', 'c agent']);
      // Its address, our labels and a resolver that asks nobody outside; none of them in what a restored node is asked for with.
      const own = 'run --ip 10.1.0.11 --label firedrill.run=r --label firedrill.cluster=firedrill-a --dns 127.0.0.1';
      const asked = await askedFor(workDir, 'b');
      expect(started).toContain(`${own} ${asked.join(' ')}`);
      expect(await readFile(kubeconfig, 'utf8')).toBe('    server: https://127.0.0.1:20000\n');
    } finally {
      await rm(workDir, { recursive: true });
    }
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExecResult } from '../../model/cluster.ts';
import { profiles } from '../../model/profile.ts';
import type { Docker } from '../docker.ts';
import { askedFor } from '../k3s/create.ts';
import type { ClusterNetwork } from '../network.ts';
import { apiServerPort, nodePorts } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';
import { k3dCreate } from './create.ts';
import { k3dNodeNames } from './node.ts';

const ok: ExecResult = { exitCode: 0, stdout: '', stderr: '' };
const ports = new Map([apiServerPort, ...Object.values(nodePorts)].map((port, i) => [port, 20_000 + i]));
const names = k3dNodeNames('firedrill-a', 2);

describe('making a cluster as k3d does', () => {
  let workDir: string;
  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'k3d-'));
  });
  afterEach(() => rm(workDir, { recursive: true }));

  const make = (docker: Docker, exec: (node: string, command: string) => ExecResult, signal: AbortSignal) =>
    k3dCreate(
      {
        name: 'firedrill-a',
        runId: 'r',
        nodeImage: 'k3d:1',
        workers: 2,
        workDir,
        profile: profiles.fast,
      } as unknown as ClusterSpec,
      {
        names,
        net: { name: 'net', subnet: '10.1.0.0/24', nodeAddress: (i: number) => `10.1.0.1${i}` } as ClusterNetwork,
        ...{ ports, kubeconfig: join(workDir, 'kubeconfig'), docker },
        exec: (node, command) => Promise.resolve(exec(node, command)),
        run: () => Promise.reject(new Error('runs nothing')),
      },
      signal,
    );

  it('gives each node its files before it starts, and starts the agents when the server answers', async () => {
    const done: string[] = [];
    let looks = 0;
    const docker: Docker = (args) => {
      done.push(args.join(' '));
      return Promise.resolve('');
    };
    const exec = (node: string, command: string): ExecResult => {
      if (command.includes('/readyz')) {
        done.push(`${node} is asked`);
        return { ...ok, exitCode: looks++ === 0 ? 1 : 0 };
      }
      if (command.startsWith('cat ')) return { ...ok, stdout: 'server: https://127.0.0.1:6443\n' };
      return ok;
    };
    await make(docker, exec, AbortSignal.timeout(10_000));

    const at = (start: string) => done.findIndex((call) => call.startsWith(start));
    for (const name of names) {
      const created = done.find((call) => call.startsWith('create ') && call.includes(`--name ${name} `)) ?? '';
      // Pinned, ours, behind the fence's resolver, by k3d's entrypoint.
      expect(created).toMatch(
        /^create --ip 10\.1\.0\.1\d --label firedrill\.run=r --label firedrill\.cluster=firedrill-a --dns 127\.0\.0\.1 --entrypoint \/bin\/k3d-entrypoint\.sh /,
      );
      expect(created).toMatch(name.includes('server') ? / k3d:1 server --/ : / k3d:1 agent$/);
      expect(created).not.toContain('--detach');
      const copied = done.findIndex((call) => call.startsWith('cp ') && call.endsWith(`${name}:/var`));
      expect(copied).toBeGreaterThan(done.indexOf(created));
      expect(at(`start ${name}`)).toBeGreaterThan(copied);
      expect((await askedFor(workDir, name)).slice(-1)).toEqual(['k3d:1']);
    }
    const [server = '', ...agents] = names;
    const answered = done.lastIndexOf(`${server} is asked`);
    expect(at(`start ${server}`)).toBeLessThan(answered);
    for (const name of agents) expect(at(`start ${name}`)).toBeGreaterThan(answered);
    expect(await readFile(join(workDir, 'kubeconfig'), 'utf8')).toBe('server: https://127.0.0.1:20000\n');
    const timers = 'files/lib/rancher/k3s/agent/etc/kubelet.conf.d/90-firedrill.conf';
    expect(await readFile(join(workDir, timers), 'utf8')).toContain('nodeLeaseDurationSeconds: 8');
  });

  it('ends only when Docker has made what it was asked for, however early it is aborted', async () => {
    const abort = new AbortController();
    let made = 0;
    const docker: Docker = async (args, options) => {
      if (args[0] !== 'create') throw new Error(`${args[0] ?? ''} after the abort`);
      expect(options?.signal).toBeUndefined();
      abort.abort(new Error('enough'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      made++;
      return '';
    };
    await expect(make(docker, () => ok, abort.signal)).rejects.toThrow('enough');
    expect(made).toBe(1);
  });
});

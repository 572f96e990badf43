import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Runner, RunResult } from '../host/run.ts';
import { imagesOf, k3dNode, k3sNode } from './bases.ts';
import { buildGraph, stepOf } from './build.ts';
import { reachable } from './dag.ts';
import { recipesDir } from './keys.ts';
import { derive } from './node-image.ts';
import { worldOf } from './world.ts';

const done: RunResult = { ok: true, exitCode: 0, stdout: '0', stderr: '', missing: false, timedOut: false };

describe('the image of a node for k3d', () => {
  it("is made of k3s' image and nothing else, and has the images of the workload and no network's", () => {
    const { steps } = buildGraph({
      runner: { run: () => Promise.reject(new Error('no')), pipe: () => Promise.reject(new Error('no')) },
      cacheDir: '/cache',
      recipesDir,
      durations: {},
    });
    const needed = (goal: string) => reachable(steps, [goal]).map(({ id }) => id);
    expect(needed(k3dNode).filter((id) => !needed(k3sNode).includes(id))).toEqual([k3dNode]);
    const ids = imagesOf({ distribution: 'k3d' }).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([k3dNode, 'podinfo', 'postgres']));
    expect(ids).not.toContain('flannel');
  });

  it('is committed as one that starts k3s', async () => {
    const calls: string[] = [];
    const runner: Runner = {
      run: (_, args) => {
        calls.push(args.join(' '));
        return Promise.resolve(done);
      },
      pipe: () => Promise.resolve(done),
    };
    const world = await worldOf({ mode: 'build', runner, cacheDir: '/cache', recipesDir, distribution: 'k3d' });
    const { step } = derive(world, new Map(), 'build', () => undefined);
    expect(step.needs).toContain(stepOf(k3dNode, 'build'));
    await step.run({ signal: new AbortController().signal, say: () => undefined });
    const commit = calls.find((call) => call.startsWith('commit')) ?? '';
    expect(commit).toContain('-c ENTRYPOINT ["/bin/k3s"] -c CMD ["agent"]');
    expect(calls.some((call) => call.includes('images export'))).toBe(false);
  });
});

describe('its entrypoint', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'k3d-node-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  /** A script of the image whose paths are below a folder. */
  const script = (name: string): string => {
    const path = join(dir, name);
    const text = readFileSync(join(recipesDir, 'k3d-node/files/bin', name), 'utf8');
    writeFileSync(path, text.replaceAll(/(?<=[\s"'=])\/(bin|run|var\/log|etc\/firedrill)\//g, `${dir}/`));
    chmodSync(path, 0o755);
    return path;
  };
  const program = (name: string, text: string): void => {
    writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(dir, name), 0o755);
  };
  const told = () => readFileSync(join(dir, 'told'), 'utf8').trim().split('\n');
  const start = (role: string, fix = 'echo fix'): ChildProcessWithoutNullStreams => {
    program('kubectl', `echo "kubectl $1 $2" >> ${dir}/told`);
    program('k3d-entrypoint-fix.sh', `{ ${fix}; } >> ${dir}/told`);
    return spawn('sh', [script('k3d-entrypoint.sh'), role, '--flag'], {
      env: { PATH: `${dir}:${process.env['PATH'] ?? ''}`, HOSTNAME: 'me' },
    });
  };

  it('ends with k3s, with its exit code, after the fixes; what k3s said is printed, and kept', async () => {
    program('k3s', 'echo "k3s $*"; exit 3');
    const node = start('agent');
    let said = '';
    node.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(node, 'close')) as [number];
    expect([code, said]).toEqual([3, 'k3s agent --flag\n']);
    expect(readFileSync(join(dir, 'k3s.log'), 'utf8')).toBe(said);
    expect(told()).toEqual(['fix']);
  });

  it.each([
    ['server', ['fix', 'kubectl uncordon me', 'kubectl drain me', 'k3s ends']],
    ['agent', ['fix', 'k3s ends']],
  ])('%s: is stopped by Docker in its order', async (role, order) => {
    program('k3s', `trap 'echo "k3s ends" >> ${dir}/told; exit 0' TERM\necho up\nwhile :; do sleep 0.05; done`);
    const node = start(role);
    await once(node.stdout, 'data');
    // A server hears signals once it has been made schedulable: until SIGTERM (bit 14) is caught it would end it.
    const caught = (): boolean => {
      const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${node.pid ?? 0}/status`, 'utf8'))?.[1] ?? '0';
      return (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n;
    };
    while (!caught()) await new Promise((resolve) => setTimeout(resolve, 10));
    node.kill('SIGTERM');
    await once(node, 'close');
    expect(told()).toEqual(order);
  });

  it('does not start k3s when a fix fails', async () => {
    program('k3s', `echo started >> ${dir}/told`);
    const node = start('agent', 'echo broken; exit 1');
    const [code] = (await once(node, 'close')) as [number];
    expect([code, told()]).toEqual([1, ['broken']]);
  });

  it('runs under the kernel that it was first started under, and no other: the fence went with that one', () => {
    const fence = script('k3d-entrypoint-fence.sh');
    const run = () => spawnSync('sh', [fence], { encoding: 'utf8' });
    expect(run().status).toBe(0);
    expect(run().status).toBe(0);
    writeFileSync(join(dir, 'boot'), 'another\n');
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('firedrill -- clean') as string });
  });

  it('hands the real k3s the images that lie beside it', () => {
    const images = join(dir, 'images');
    const run = () =>
      spawnSync('sh', [script('k3d-entrypoint-images.sh')], { env: { ...process.env, there: dir, images } });
    expect(run().status).toBe(0);
    expect(existsSync(images)).toBe(false);
    writeFileSync(join(dir, 'images-k3s.tar.zst'), 'images');
    expect(run().status).toBe(0);
    expect(readFileSync(join(images, 'images-k3s.tar.zst'), 'utf8')).toBe('images');
  });
});

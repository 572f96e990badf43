import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkstation, workstationEnv } from './workstation.ts';

const nodes = [
  { name: 'c-control-plane', role: 'control-plane' },
  { name: 'c-worker', role: 'worker' },
  { name: 'c-worker2', role: 'worker' },
] as const;

describe('workstationEnv', () => {
  const env = workstationEnv(
    { workDir: '/w', manifests: '/w/manifests', packages: '/p', nodes },
    {
      PATH: '/usr/bin',
      HOME: '/home/me',
      KUBECONFIG: '/home/me/.kube/config',
      HTTPS_PROXY: 'x',
      DOCKER_HOST: 'unix:///d',
    },
  );
  it("has nothing of the user's own cluster or home", () => {
    expect(env['KUBECONFIG']).toBe('/w/kubeconfig');
    expect(env['HOME']).toBe('/w/home');
    expect(JSON.stringify(env)).not.toContain('.kube');
    expect(env['HTTPS_PROXY']).toBeUndefined();
  });
  it('names nodes, folders and our tools first', () => {
    expect(env).toMatchObject({
      NODES: 'c-control-plane c-worker c-worker2',
      WORKERS: 'c-worker c-worker2',
      CONTROL_PLANE: 'c-control-plane',
      MANIFESTS: '/w/manifests',
      PACKAGES: '/p',
      BACKUP: '/w/backup',
      PATH: '/w/bin:/usr/bin',
      DOCKER_HOST: 'unix:///d',
      DOCKER_CONFIG: '/home/me/.docker',
    });
  });
});

describe('createWorkstation', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firedrill-ws-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const make = () =>
    createWorkstation({ workDir: dir, manifests: '/m', packages: '/p', nodes, tools: { kubectl: '/bin/true' } });

  it('runs sh -ec: the first failing command ends it', async () => {
    const ws = await make();
    expect(await ws.run('echo "$BACKUP"; false; echo no')).toEqual({
      exitCode: 1,
      stdout: `${dir}/backup\n`,
      stderr: '',
    });
    expect(await ws.run('cat', { input: 'given' })).toMatchObject({ exitCode: 0, stdout: 'given' });
    expect(await ws.run('command -v kubectl')).toMatchObject({ stdout: `${dir}/bin/kubectl\n` });
  });
  it('is made again in the same folder: for a cluster that is made because its snapshot was of no use', async () => {
    const given = { workDir: dir, manifests: '/m', packages: undefined, nodes };
    await createWorkstation({ ...given, tools: { kubectl: '/bin/false' } });
    const again = await createWorkstation({ ...given, tools: { kubectl: '/bin/true' } });
    expect((await again.run('kubectl')).exitCode).toBe(0);
  });

  it('has an ssh that knows only the nodes of this cluster', async () => {
    const ws = await make();
    expect(await ws.run('ssh other-host uptime')).toMatchObject({ exitCode: 255 });
    expect(await readFile(join(dir, 'bin', 'ssh'), 'utf8')).toContain('exec docker exec -i "$node"');
  });
  it('ends a whole pipeline when aborted', async () => {
    const ws = await make();
    const controller = new AbortController();
    const running = ws.run('sleep 1000 | cat; echo never', { signal: controller.signal });
    setImmediate(() => {
      controller.abort();
    });
    expect(await running).toMatchObject({ exitCode: 130 });
  });
});

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Runner, RunResult } from '../host/run.ts';
import { buildGraph, stepOf } from './build.ts';
import { reachable } from './dag.ts';
import { recipesDir } from './keys.ts';
import { preload } from './preload.ts';
import { derive } from './node-image.ts';
import { k3sNode } from './bases.ts';
import { images, imageModes, versions } from './refs.ts';
import { worldOf } from './world.ts';

const done: RunResult = { ok: true, exitCode: 0, stdout: '0', stderr: '', missing: false, timedOut: false };

describe('the image of a node for k3s (stand-in)', () => {
  const refuse: Runner = { run: () => Promise.reject(new Error('no')), pipe: () => Promise.reject(new Error('no')) };
  const { steps } = buildGraph({ runner: refuse, cacheDir: '/cache', recipesDir, durations: {} });
  const needed = (goals: readonly string[]): readonly string[] => reachable(steps, goals).map(({ id }) => id);

  it('is made of nothing that another image does not have, but k3s itself', () => {
    const others = new Set(imageModes.flatMap((mode) => needed(images.map(({ id }) => stepOf(id, mode)))));
    expect(needed([k3sNode]).filter((id) => !others.has(id))).toEqual(['go-k3s', 'k3s-node-root', k3sNode]);
  });

  it('has k3s made of the versions that are used elsewhere', () => {
    const mod = readFileSync(join(recipesDir, 'k3s/go.mod'), 'utf8');
    expect(mod).toContain(`k8s.io/kubernetes ${versions.kubernetes}`);
    expect(mod).toContain(`github.com/flannel-io/flannel ${versions.flannel}`);
    expect(mod).toContain(`github.com/k3s-io/kine ${versions.kine}`);
  });

  it('gets its images by the containerd that k3s runs, on its folders, and once more as an archive', async () => {
    const calls: string[] = [];
    const runner: Runner = {
      run: (_, args) => {
        calls.push(args.join(' '));
        return Promise.resolve(done);
      },
      pipe: () => Promise.resolve(done),
    };
    const graph = buildGraph({ runner, cacheDir: '/cache', recipesDir, durations: {} });
    await graph.steps
      .find(({ id }) => id === k3sNode)
      ?.run({ signal: new AbortController().signal, say: () => undefined });
    const root = graph.built.get('k3s-node-root') ?? '';
    const started = calls.find((call) => call.startsWith('run -d'));
    expect(started).toContain(`--entrypoint /usr/local/lib/k3s/bin/containerd ${root} --address /run/k3s/containerd`);
    expect(started).toMatch(/--root \/var\/lib\/rancher\/k3s\/agent\/containerd$/);
    const archived = calls.findIndex((call) => call.includes('images export /usr/local/lib/k3s/images.tar'));
    expect(calls[archived]).toMatch(/registry\.k8s\.io\/pause:\S+ registry\.k8s\.io\/coredns\/coredns:\S+$/);
    expect(calls.filter((call) => call.includes('systemd-modules-load'))).toHaveLength(1);
    // What is dropped later cannot be archived.
    expect(archived).toBeLessThan(calls.findIndex((call) => call.includes('content rm')));
  });

  it('gets the images of the workload beside its own: an installation after an uninstall has both again', async () => {
    const calls: string[] = [];
    const runner: Runner = {
      run: (_, args) => {
        calls.push(args.join(' '));
        return Promise.resolve(done);
      },
      pipe: () => Promise.resolve(done),
    };
    const world = await worldOf({ mode: 'build', distribution: 'k3s', runner, cacheDir: '/cache', recipesDir });
    const { step, ref } = derive(world, new Map(), 'build', () => undefined);
    expect(ref).toMatch(/^firedrill\/node:v[\d.]+-k3s-stand-in-/);
    await step.run({ signal: new AbortController().signal, say: () => undefined });
    const [archived] = calls.filter((call) => call.includes('images export'));
    expect(archived).toMatch(
      /images export (?!\/usr\/local\/lib\/k3s\/images\.tar)\/usr\/local\/lib\/k3s\/images\S+\.tar /,
    );
    expect(archived).toMatch(/podinfo:\S+ .*postgres:\S+$/);
  });

  it('leaves the other images as they are: containerd alone, and no archive', async () => {
    const calls: string[] = [];
    const run: Runner['run'] = (_, args) => {
      calls.push(args.join(' '));
      return Promise.resolve(done);
    };
    const { signal } = new AbortController();
    const say = (): void => undefined;
    await preload(
      { run, pipe: () => Promise.resolve(done) },
      { base: 'base', images: [], tag: 'tag', labels: {}, container: 'c', signal, say },
    );
    expect(calls.find((call) => call.startsWith('run -d'))).toMatch(/--entrypoint containerd base$/);
    expect(calls.filter((call) => call.includes('export'))).toEqual([]);
  });
});

/** The scripts with another root than this machine's, and a systemctl that only writes down what it was told. */
describe("what k3s' installer does", () => {
  let root = '';
  const path = (name: string): string => join(root, name);
  const told = (): readonly string[] => readFileSync(path('told'), 'utf8').trim().split('\n');
  const sh = (file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    spawnSync('sh', [file, ...args], {
      encoding: 'utf8',
      env: { PATH: `${path('fake')}:${process.env['PATH'] ?? ''}`, ...env },
    });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'firedrill-k3s-'));
    for (const folder of ['usr/local/lib/k3s', 'usr/local/bin', 'etc/systemd/system', 'fake'])
      mkdirSync(path(folder), { recursive: true });
    const from = join(recipesDir, 'k3s-node/files/usr/local/lib/k3s');
    for (const name of ['install.sh', 'killall.sh', 'uninstall.sh']) {
      const text = readFileSync(join(from, name), 'utf8');
      const moved = text.replaceAll(/(?<=[\s="])\/(?=usr|etc|var|run)/g, `${root}/`);
      // A path that was missed would be removed from this machine.
      const missed = (moved.match(/(?<=[\s='-]|[\s=]")\/[^\s"]+/g) ?? []).filter((at) => !at.startsWith(`${root}/`));
      expect(
        missed.filter(
          (at) => !/^\/(etc\/(default|sysconfig)\/%N|sbin\/modprobe|dev\/null|proc\/self\/mounts|\^cni-\/)/.test(at),
        ),
      ).toEqual([]);
      writeFileSync(path(`usr/local/lib/k3s/${name}`), moved);
    }
    writeFileSync(path('usr/local/lib/k3s/images.tar'), '');
    writeFileSync(path('fake/systemctl'), `#!/bin/sh\necho "$@" >> ${path('told')}\n`);
    chmodSync(path('fake/systemctl'), 0o755);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const install = (args: readonly string[], env = {}) => sh(path('usr/local/lib/k3s/install.sh'), args, env);

  it('writes the unit of a server: pods live through its stop, and it comes back by itself', () => {
    const { status, stderr } = install(['server', '--node-label', 'a b=c']);
    expect([status, stderr]).toEqual([0, '']);
    const unit = readFileSync(path('etc/systemd/system/k3s.service'), 'utf8');
    for (const line of [
      'Type=notify',
      'KillMode=process',
      'Delegate=yes',
      'Restart=always',
      'RestartSec=5s',
      'TimeoutStartSec=0',
    ])
      expect(unit.split('\n')).toContain(line);
    expect(unit).toMatch(/^ExecStart=.*\/usr\/local\/bin\/k3s server '--node-label' 'a b=c'$/m);
    expect(unit).toContain('Description=Lightweight Kubernetes\n');
    expect(told()).toEqual(['daemon-reload', 'enable --quiet k3s.service', 'restart k3s.service']);
    expect(existsSync(path('usr/local/bin/k3s-uninstall.sh'))).toBe(true);
    expect(existsSync(path('var/lib/rancher/k3s/agent/images'))).toBe(true);
  });

  it('calls a stand-in one, and imports the images of a k3s that is none', () => {
    const k3s = (version: string) => {
      writeFileSync(path('usr/local/lib/k3s/k3s'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    };
    const unit = () => readFileSync(path('etc/systemd/system/k3s.service'), 'utf8');
    k3s('v1.34.3+k3s-stand-in');
    install(['server']);
    expect(unit()).toContain('Description=Lightweight Kubernetes: k3s (stand-in)\n');
    mkdirSync(path('var/lib/rancher/k3s/agent/containerd'), { recursive: true });
    writeFileSync(path('usr/local/lib/k3s/images-k3s.tar.zst'), '');
    k3s('v1.34.3+k3s1');
    install(['server']);
    expect(unit()).toContain('Description=Lightweight Kubernetes\n');
    expect(existsSync(path('var/lib/rancher/k3s/agent/images/images-k3s.tar.zst'))).toBe(true);
  });

  it('makes an agent of what has a server to join, and keeps its token from others', () => {
    const env = { K3S_URL: 'https://server:6443', K3S_TOKEN: 'secret', INSTALL_K3S_SKIP_START: 'true', OTHER: 'x' };
    expect(install([], env).status).toBe(0);
    const file = path('etc/systemd/system/k3s-agent.service.env');
    expect(readFileSync(file, 'utf8').trim().split('\n').sort()).toEqual([
      'K3S_TOKEN=secret',
      'K3S_URL=https://server:6443',
    ]);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readFileSync(path('etc/systemd/system/k3s-agent.service'), 'utf8')).toMatch(/k3s agent$/m);
    expect(told()).not.toContain('restart k3s-agent.service');
  });

  it('is undone whole, unless another unit of k3s is left', () => {
    install(['server']);
    writeFileSync(path('etc/systemd/system/k3s-agent.service'), '');
    writeFileSync(path('usr/local/bin/k3s-killall.sh'), '#!/bin/sh\n');
    const uninstall = () => sh(path('usr/local/bin/k3s-uninstall.sh'), []);
    expect(uninstall().stdout).toContain('nothing else is removed');
    expect([existsSync(path('etc/systemd/system/k3s.service')), existsSync(path('var/lib/rancher/k3s'))]).toEqual([
      false,
      true,
    ]);
    rmSync(path('etc/systemd/system/k3s-agent.service'));
    install(['server']);
    writeFileSync(path('usr/local/bin/k3s-killall.sh'), '#!/bin/sh\n');
    uninstall();
    const left = [
      'var/lib/rancher/k3s',
      'usr/local/bin/kubectl',
      'usr/local/bin/k3s-killall.sh',
      'usr/local/bin/k3s-uninstall.sh',
    ];
    expect(left.filter((name) => existsSync(path(name)))).toEqual([]);
    expect(existsSync(path('usr/local/lib/k3s/install.sh'))).toBe(true);
  });
});

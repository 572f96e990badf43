import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ensureImages } from '../../harness/images/ensure.ts';
import type { ImageSet } from '../../harness/images/image-set.ts';
import { images, splitRef } from '../../harness/images/refs.ts';
import type { ProgressEvent } from '../../harness/model/progress.ts';
import { aptInstall } from '../../harness/setup/docker.ts';
import { must, realRunner } from '../../harness/setup/run.ts';

/**
 * The way to images through a registry, without the internet: Debian's docker-registry on loopback, filled with whatever
 * images this machine has, plays the upstream registries. `pull` mode takes nothing that did not come from a registry, so
 * the local images cannot stand in for what is pulled.
 */
let dir = '';
let registry: ChildProcess | undefined;
let host = '';
const wanted = images.filter((i) => i.role !== 'optional');
const made = new Set<string>();
const docker = (...args: string[]): Promise<string> => must(realRunner, `docker ${args[0] ?? ''}`, 'docker', args);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** One of upstream's images has a layer that deletes a file of an earlier one. Ours have one layer. */
const whitedOut = 'flannel';

async function deleteAFile(from: string, as: string): Promise<void> {
  const recipe = `FROM ${from}\nRUN touch /gone\nRUN rm /gone\n`;
  await must(realRunner, 'building the image that deletes a file', 'docker', ['build', '-q', '-t', as, '-'], {
    input: recipe,
  });
}

beforeAll(async () => {
  await ensureImages({ mode: 'auto' }, () => undefined);
  if ((await realRunner.run('docker-registry', ['--version'])).missing)
    await aptInstall(realRunner, ['docker-registry']);
  dir = await mkdtemp(join(tmpdir(), 'firedrill-registry-'));
  host = `localhost:${String(await freePort())}`;
  registry = spawn('docker-registry', ['serve', '/etc/docker/registry/config.yml'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      REGISTRY_HTTP_ADDR: host.replace('localhost', '127.0.0.1'),
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: dir,
      REGISTRY_AUTH: '',
    },
  });
  for (let i = 0; ; i++) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok === true) break;
    if (i > 100) throw new Error('docker-registry does not answer');
    await sleep(100);
  }
  for (const { id, ref } of wanted) {
    const { path, tag } = splitRef(ref);
    const name = `${host}/${path}:${tag}`;
    if (id === whitedOut) await deleteAFile(ref, name);
    else await docker('tag', ref, name);
    await docker('push', name);
    // Gone from here: now it can only come out of the registry.
    await docker('rmi', name);
  }
});

afterAll(async () => {
  for (const ref of made) await realRunner.run('docker', ['rmi', ref]);
  for (const { ref } of wanted) {
    const { path, tag } = splitRef(ref);
    await realRunner.run('docker', ['rmi', `${host}/${path}:${tag}`]);
  }
  if (registry?.exitCode === null) {
    const ended = new Promise((resolve) => registry?.once('exit', resolve));
    registry.kill('SIGTERM');
    await ended;
  }
  await rm(dir, { recursive: true, force: true });
});

describe('images through a registry', () => {
  let set: ImageSet;

  it('pulls every image and derives the node image from the pulled base', async () => {
    const events: ProgressEvent[] = [];
    set = await ensureImages({ mode: 'pull', registry: host }, (e) => events.push(e));
    made.add(set.node);
    expect(new Set(Object.values(set.origins))).toEqual(new Set(['pulled']));
    for (const { ref } of wanted) expect(set.digests[ref]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(events.some((e) => e.type === 'setup' && e.part.includes('from source'))).toBe(false);
  });

  it('does nothing the second time', async () => {
    const again = await ensureImages({ mode: 'pull', registry: host }, () => {
      throw new Error('nothing to tell');
    });
    expect(again.node).toBe(set.node);
    expect(again.timings).toEqual([]);
  });

  it('has what runs in a cluster inside the node image', async () => {
    const script =
      'containerd > /dev/null 2>&1 & until ctr version > /dev/null 2>&1; do sleep 0.2; done; ctr -n k8s.io images check';
    const listed = await docker(
      'run',
      '--rm',
      '--privileged',
      '--network',
      'none',
      '--entrypoint',
      'sh',
      set.node,
      '-c',
      script,
    );
    for (const { id, ref, role } of wanted) {
      if (role !== 'preload') continue;
      // REF TYPE DIGEST STATUS SIZE UNPACKED: a node can start from it if it is unpacked, or if all its layers are there to be.
      const line = listed.split('\n').find((text) => text.includes(splitRef(ref).path)) ?? '';
      expect(line).toMatch(id === whitedOut ? /complete \((\d+)\/\1\).* false\s*$/ : / true\s*$/);
    }
    expect(listed).toContain('kube-apiserver');
  });

  it('says at once that there is no registry when only pulling is allowed', async () => {
    const nobody = `localhost:${String(await freePort())}`;
    const empty = await mkdtemp(join(tmpdir(), 'firedrill-cache-'));
    const began = performance.now();
    // The set made above came from another registry's names; only images of this one would do for k6.
    await docker('rmi', set.node);
    for (const { ref } of wanted) {
      const { path, tag } = splitRef(ref);
      await realRunner.run('docker', ['rmi', `${host}/${path}:${tag}`]);
    }
    await expect(
      ensureImages({ mode: 'pull', registry: nobody, cacheDir: empty }, () => undefined),
    ).rejects.toMatchObject({ code: 'environment', message: expect.stringContaining(nobody) as string });
    expect(performance.now() - began).toBeLessThan(60_000);
    await rm(empty, { recursive: true, force: true });
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ensureImages } from '../../harness/images/ensure.ts';
import type { ImageSet } from '../../harness/images/image-set.ts';
import { preload } from '../../harness/images/preload.ts';
import { splitRef } from '../../harness/model/image-name.ts';
import { images } from '../../harness/images/refs.ts';
import type { ProgressEvent } from '../../harness/model/progress.ts';
import { freePorts } from '../../harness/host/ports.ts';
import { must, realRunner } from '../../harness/host/run.ts';
import { startRegistry } from './registry.ts';

/**
 * The way to images through a registry, without the internet: Debian's docker-registry on loopback, filled with whatever
 * images this machine has, plays the upstream registries. `pull` mode takes nothing that did not come from a registry, so
 * the local images cannot stand in for what is pulled.
 */
let registry: Awaited<ReturnType<typeof startRegistry>> | undefined;
let host = '';
const wanted = images.filter((i) => i.role !== 'optional');
const made = new Set<string>();
const docker = (...args: string[]): Promise<string> => must(realRunner, `docker ${args[0] ?? ''}`, 'docker', args);

/** One of upstream's images has a layer that deletes a file of an earlier one. Ours have one layer. */
const whitedOut = 'flannel';

async function build(as: string, ...recipe: readonly string[]): Promise<void> {
  const input = `${recipe.join('\n')}\n`;
  await must(realRunner, `building ${as}`, 'docker', ['build', '-q', '-t', as, '-'], { input });
}

/** What upstream's base has inside: images that are packed, and kind's own network, which no cluster of ours runs. */
const [packed, kindnet] = ['registry.k8s.io/firedrill-test-packed:v1', 'docker.io/kindest/kindnetd:firedrill-test'];

async function withPackedImages(from: string, as: string): Promise<void> {
  const some = images.find(({ id }) => id === 'podinfo')?.ref ?? '';
  const inside = [packed, kindnet];
  // A layer of its own, by what needs no shell.
  for (const image of inside) await build(image, `FROM ${some}`, `WORKDIR /${splitRef(image).tag}`);
  await preload(realRunner, {
    base: from,
    images: inside.map((image) => ({ from: image, as: image })),
    tag: as,
    labels: {},
    container: 'firedrill-test-packed',
    packed: true,
    signal: AbortSignal.timeout(300_000),
    say: () => undefined,
  });
  for (const image of inside) await docker('rmi', image);
}

beforeAll(async () => {
  await ensureImages({ mode: 'auto' }, () => undefined);
  registry = await startRegistry();
  host = registry.host;
  for (const { id, ref, role } of wanted) {
    const { path, tag } = splitRef(ref);
    const name = `${host}/${path}:${tag}`;
    if (id === whitedOut) await build(name, `FROM ${ref}`, 'RUN touch /gone', 'RUN rm /gone');
    else if (role === 'base') await withPackedImages(ref, name);
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
  await registry?.stop();
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
    expect(listed.split('\n').find((text) => text.includes(packed))).toMatch(/ true\s*$/);
    expect(listed).not.toContain(kindnet);
  });

  it("boots no unit that a container does not need, though upstream's base does", async () => {
    const unit = '/etc/systemd/system/systemd-sysusers.service';
    const linked = await docker('run', '--rm', '--network', 'none', '--entrypoint', 'readlink', set.node, unit);
    expect(linked.trim()).toBe('/dev/null');
    const base = images.find(({ role }) => role === 'base')?.ref ?? '';
    const there = await realRunner.run('docker', [
      'run',
      '--rm',
      '--network',
      'none',
      '--entrypoint',
      'ls',
      base,
      unit,
    ]);
    expect(there.ok).toBe(false);
  });

  it('says at once that there is no registry when only pulling is allowed', async () => {
    const [port = 0] = await freePorts(1);
    const nobody = `localhost:${String(port)}`;
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

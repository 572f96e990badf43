import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { obtain, type Had } from '../../harness/images/obtain.ts';
import { PullPace } from '../../harness/images/pace.ts';
import { join, publishImages, publishIndexes, type Publication } from '../../harness/images/publish.ts';
import { versions } from '../../harness/images/refs.ts';
import { Puller } from '../../harness/images/sources.ts';
import { worldOf } from '../../harness/images/world.ts';
import { architectures, machineArchitecture } from '../../harness/host/architecture.ts';
import { must, realRunner } from '../../harness/host/run.ts';
import { startRegistry } from './registry.ts';

/**
 * What a release does, with the smallest image and on loopback: each architecture is pushed, an index is put over both, and a machine that is told of
 * the registry takes its own out of it. The other architecture's image is an empty one.
 */
const ignore = (): void => undefined;
const own = machineArchitecture();
const foreign = architectures.find((architecture) => architecture !== own) ?? own;
const docker = (...args: string[]): Promise<string> => must(realRunner, `docker ${args[0] ?? ''}`, 'docker', args);
const made: string[] = [];
let registry: Awaited<ReturnType<typeof startRegistry>>;
let to = '';

/** Pushes an empty image of the other architecture, and forgets it. */
async function pushForeign(ref: string): Promise<string> {
  const dir = await mkdtemp(joinPath(tmpdir(), 'firedrill-empty-'));
  // Two blocks of zeros end a tar archive: this one is empty.
  const layer = Buffer.alloc(1024);
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const config = { architecture: foreign, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } };
  await writeFile(joinPath(dir, 'layer.tar'), layer);
  await writeFile(joinPath(dir, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [ref], Layers: ['layer.tar'] }];
  await writeFile(joinPath(dir, 'manifest.json'), JSON.stringify(manifest));
  const tar = joinPath(dir, 'image.tar');
  await must(realRunner, 'packing', 'tar', ['-cf', tar, '-C', dir, 'manifest.json', 'config.json', 'layer.tar']);
  await docker('load', '-i', tar);
  await rm(dir, { recursive: true });
  await docker('push', ref);
  const digests = await docker('image', 'inspect', '-f', '{{join .RepoDigests "\\n"}}', ref);
  await docker('image', 'rm', ref);
  const name = ref.slice(0, ref.lastIndexOf(':'));
  return (
    digests
      .split('\n')
      .find((d) => d.startsWith(`${name}@`))
      ?.split('@')[1] ?? ''
  );
}

async function pull(where: string): Promise<Had> {
  const world = await worldOf({ mode: 'pull', registry: where });
  const spec = world.images.find(({ id }) => id === 'pause');
  if (spec === undefined) throw new Error('no pause');
  const count = { index: 1, of: 1, began: 0, pace: new PullPace([spec.pullBytes]) };
  const had = await obtain(world, spec, 'pull', new Puller(realRunner, where), ignore, count);
  if (had.origin !== 'built') made.push(had.from);
  return had;
}

beforeAll(async () => {
  registry = await startRegistry();
  to = `${registry.host}/acme/firedrill`;
});
afterAll(async () => {
  for (const ref of made) await realRunner.run('docker', ['image', 'rm', ref]);
  await registry.stop();
});

describe('published images', () => {
  let part: Publication;

  it('are not to be had before the index is there', async () => {
    part = await publishImages({ to, only: ['pause'] }, ignore);
    await expect(pull(to)).rejects.toMatchObject({ code: 'environment' });
  });

  it('are pulled out of the index, by this machine its own, and known again', async () => {
    const { name = '', tag = '' } = part.images['pause'] ?? {};
    const other = await pushForeign(`${name}:${tag}-${foreign}`);
    const joined = join([part, { images: { pause: { name, tag, manifests: { [foreign]: other } } } }]);
    const done = await publishIndexes(joined, {}, ignore);
    const index = done.images['pause']?.digest;
    expect(index).toMatch(/^sha256:/);
    const served = await fetch(`http://${registry.host}/v2/acme/firedrill/pause/manifests/${index ?? ''}`, {
      headers: { accept: 'application/vnd.docker.distribution.manifest.list.v2+json' },
    });
    // Docker puts them in the order of their digests.
    const { manifests } = (await served.json()) as { readonly manifests: readonly { readonly platform: unknown }[] };
    expect(manifests).toHaveLength(architectures.length);
    for (const architecture of architectures) {
      expect(manifests).toContainEqual(
        expect.objectContaining({ platform: expect.objectContaining({ architecture }) as unknown }),
      );
    }
    const key = (await worldOf({ mode: 'pull' })).keys.get('pause');
    const image = { from: `${name}:${tag}`, digest: index, key };
    expect(await pull(to)).toEqual({ origin: 'pulled', ...image });
    expect(await pull(to)).toEqual({ origin: 'local', ...image });
  });

  it('that are of the other architecture alone are refused', async () => {
    const where = `${registry.host}/other`;
    made.push(`${where}/pause:${versions.pause}`);
    await pushForeign(`${where}/pause:${versions.pause}`);
    await expect(pull(where)).rejects.toThrow(new RegExp(`for ${foreign}|no matching manifest|does not match`));
  });
});

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { distributionNames } from '../model/distribution.ts';
import { architectures } from '../host/architecture.ts';
import { must, realRunner, type Runner } from '../host/run.ts';
import { buildGraph } from './build.ts';
import { recipesDir as defaultRecipesDir, short } from './keys.ts';
import { nodeRepository } from './refs.ts';
import { nodeImageOf } from './node-image.ts';

/** What was built from recipes that have changed since. */
export interface Stale {
  /** Names in this Docker, all of them of firedrill's own repositories. */
  readonly images: readonly string[];
  /** Folders of the cache. */
  readonly artifacts: readonly string[];
}

/**
 * Finds what earlier versions of the recipes left: images under `firedrill/` that today's build would neither make nor use, and
 * compiled files in the cache. Images under anybody else's name are not even listed.
 * @throws FiredrillError `environment` when Docker does not answer
 */
export async function findStale(
  options: { readonly runner?: Runner; readonly cacheDir?: string; readonly recipesDir?: string } = {},
  signal?: AbortSignal,
): Promise<Stale> {
  const { runner = realRunner, cacheDir = defaultCacheDir(), recipesDir = defaultRecipesDir } = options;
  const graph = buildGraph({ runner, cacheDir, recipesDir, durations: {} });
  const list = (reference: string) =>
    must(
      runner,
      'listing images',
      'docker',
      ['image', 'ls', '--filter', `reference=${reference}`, '--format', '{{.Repository}}:{{.Tag}}'],
      { signal },
    );
  const said = await Promise.all([list('firedrill/built/*'), list(nodeRepository)]);
  const nodes = distributionNames.map((distribution) =>
    nodeImageOf({ runner, cacheDir, recipesDir, distribution }, signal),
  );
  const used = new Set([...graph.built.values(), ...(await Promise.all(nodes))]);
  const images = said
    .flatMap((text) => text.split('\n'))
    .filter((ref) => ref.startsWith('firedrill/') && !ref.endsWith(':<none>') && !used.has(ref));
  const folder = join(cacheDir, 'artifacts');
  const ids = new Set(graph.steps.map(({ id }) => id));
  // What was compiled for another architecture is of today's recipes, too.
  const kept = new Set(
    architectures
      .flatMap((architecture) => buildGraph({ runner, cacheDir, recipesDir, architecture, durations: {} }).steps)
      .map(({ id, key }) => `${id}-${short(key)}`),
  );
  const artifacts = (await readdir(folder).catch((): string[] => [])).filter((name) => {
    // What no step of today goes by (a plugin that was fetched) is somebody else's.
    const id = name.slice(0, name.lastIndexOf('-'));
    return ids.has(id) && !kept.has(name);
  });
  return { images: images.sort(), artifacts: artifacts.sort().map((name) => join(folder, name)) };
}

/**
 * Removes what `findStale` found; layers that are still used stay in Docker by themselves.
 * @throws FiredrillError `environment` with Docker's words, for one that a container was made from
 */
export async function removeStale(
  stale: Stale,
  options: { readonly runner?: Runner } = {},
  signal?: AbortSignal,
): Promise<void> {
  const { runner = realRunner } = options;
  if (stale.images.length > 0) {
    await must(runner, 'removing old images', 'docker', ['image', 'rm', ...stale.images], {
      signal,
      hint: 'npm run firedrill -- clean',
    });
  }
  for (const path of stale.artifacts) await rm(path, { recursive: true, force: true });
}

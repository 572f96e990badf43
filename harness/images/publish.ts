import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { OnProgress, ProgressSetup } from '../model/progress.ts';
import { architectures, machineArchitecture, type Architecture } from '../host/architecture.ts';
import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { must, realRunner, type Runner } from '../host/run.ts';
import { buildGraph } from './build.ts';
import { pendingSteps } from './dag.ts';
import { buildSteps } from './ensure.ts';
import { recipesDir as defaultRecipesDir } from './keys.ts';
import { images, type ImageId } from './refs.ts';
import { inspect, publishedName, unfit } from './sources.ts';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const publication = z.strictObject({
  /** By the image's id. */
  images: z.record(
    z.string(),
    z.strictObject({
      /** `registry/path`. */
      name: z.string(),
      tag: z.string(),
      /** The digest of each architecture's image. */
      manifests: z.partialRecord(z.enum(architectures), digest),
      /** That of the index over them, once it is pushed: what `name:tag` is. */
      digest: digest.optional(),
    }),
  ),
});

/** What was pushed to a registry: the file that `publish` writes. */
export type Publication = z.infer<typeof publication>;

export interface PublishOptions {
  /** Registry and path that the images are pushed under: what FIREDRILL_REGISTRY will name. */
  readonly to: string;
  /** Only these; default: every image that a machine may need. */
  readonly only?: readonly ImageId[];
  readonly cacheDir?: string;
  readonly recipesDir?: string;
  readonly runner?: Runner;
}

/** What `publishImages` would do. Asks Docker and the disk only. */
export interface PublishPlan {
  /** Steps that have to run first. */
  readonly build: readonly string[];
  readonly push: readonly {
    readonly id: ImageId;
    /** Its name in Docker. */
    readonly from: string;
    readonly name: string;
    readonly tag: string;
  }[];
}

function worldOf(options: PublishOptions) {
  const { to, only, runner = realRunner, cacheDir = defaultCacheDir(), recipesDir = defaultRecipesDir } = options;
  if (!/^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(to)) {
    throw new FiredrillError(
      'usage',
      `--to ${JSON.stringify(to)}: must be a registry's name in lower case, without a tag`,
      {
        hint: 'for example: --to ghcr.io/acme/firedrill',
      },
    );
  }
  const graph = buildGraph({ runner, cacheDir, recipesDir, durations: {} });
  const push = images
    .filter(({ id }) => only?.includes(id) ?? true)
    .map(({ id, ref }) => {
      const published = publishedName(to, ref, graph.recipes.get(id) ?? '');
      const colon = published.lastIndexOf(':');
      const [name, tag] = [published.slice(0, colon), published.slice(colon + 1)];
      return { id, from: graph.built.get(id) ?? '', name, tag };
    });
  return { runner, cacheDir, recipesDir, graph, push };
}

/** Looks what would be built and pushed. Asks no registry. */
export async function planPublish(options: PublishOptions, signal?: AbortSignal): Promise<PublishPlan> {
  const { graph, push } = worldOf(options);
  const pending = await pendingSteps(
    graph.steps,
    push.map(({ id }) => id),
    signal,
  );
  return { build: pending.map(({ title }) => title), push };
}

/**
 * Builds what is missing of all images that are built here, and pushes them, each under a tag of this machine's architecture. Nobody finds them
 * there before `publishIndexes` has put an index over the architectures.
 * @throws FiredrillError `environment`: a build or a push that failed
 */
export async function publishImages(
  options: PublishOptions,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<Publication> {
  const { runner, graph, push, ...where } = worldOf(options);
  const goals = push.map(({ id }) => id);
  const own = machineArchitecture();
  await buildSteps({ runner, ...where }, graph, goals, own, progress, signal);
  const keys = new Map(graph.steps.map(({ id, key }) => [id, key]));
  const done: Publication['images'] = {};
  const tell = teller(push.length, progress);
  for (const [i, { id, from, name, tag }] of push.entries()) {
    const image = await inspect(runner, from, signal);
    const why = image === undefined ? 'it is not there' : unfit(image, keys.get(id) ?? '');
    if (why !== undefined) throw new FiredrillError('environment', `${from} cannot be published: ${why}`);
    const ref = `${name}:${tag}-${own}`;
    tell(i, `push ${ref}`, 'started');
    await must(runner, `tagging ${ref}`, 'docker', ['tag', from, ref], { signal });
    try {
      await must(runner, `pushing ${ref}`, 'docker', ['push', ref], {
        signal,
        timeoutMs: 3_600_000,
        hint: `log in with write access: docker login ${options.to.split('/')[0] ?? ''}`,
      });
      const there = (await inspect(runner, ref, signal))?.repoDigests.find((d) => d.startsWith(`${name}@`));
      done[id] = { name, tag, manifests: { [own]: digest.parse(there?.split('@')[1]) } };
    } finally {
      await runner.run('docker', ['image', 'rm', ref]);
    }
    tell(i, `push ${ref}`, 'done');
  }
  return { images: done };
}

/**
 * Pushes an index for each image, by the digests of its architectures' manifests; from then on `name:tag` can be pulled.
 * @returns the same with the indexes' digests
 * @throws FiredrillError `environment` with Docker's last words
 */
export async function publishIndexes(
  what: Publication,
  options: { readonly runner?: Runner },
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<Publication> {
  const { runner = realRunner } = options;
  const done: Publication['images'] = {};
  const all = Object.entries(what.images);
  const tell = teller(all.length, progress);
  for (const [i, [id, image]] of all.entries()) {
    const { ref, create, push } = indexCommands(image);
    tell(i, `index ${ref}`, 'started');
    // One that an interrupted run left would be added to.
    await runner.run('docker', ['manifest', 'rm', ref], { signal, timeoutMs: 30_000 });
    await must(runner, `making the index ${ref}`, 'docker', create, { signal, timeoutMs: 300_000 });
    const said = await must(runner, `pushing the index ${ref}`, 'docker', push, { signal, timeoutMs: 300_000 });
    done[id] = { ...image, digest: digest.parse(said.trim().split('\n').at(-1)) };
    tell(i, `index ${ref}`, 'done');
  }
  return { images: done };
}

/** How an index is made and pushed. */
export function indexCommands(image: Publication['images'][string]): {
  readonly ref: string;
  readonly create: readonly string[];
  readonly push: readonly string[];
} {
  const ref = `${image.name}:${image.tag}`;
  // Docker's engine speaks HTTP to loopback by itself, its client when it is told to.
  const insecure = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?\//.test(image.name) ? ['--insecure'] : [];
  const manifests = Object.values(image.manifests).map((d) => `${image.name}@${d}`);
  return {
    ref,
    create: ['manifest', 'create', ...insecure, ref, ...manifests],
    push: ['manifest', 'push', '--purge', ...insecure, ref],
  };
}

/**
 * One publication of several, each of another architecture.
 * @throws FiredrillError `usage`: they are of different registries or recipes, or of one architecture
 */
export function join(parts: readonly Publication[]): Publication {
  const [first, ...rest] = parts;
  if (first === undefined) throw new FiredrillError('usage', 'there is nothing to join');
  const ids = Object.keys(first.images).sort();
  for (const part of rest) {
    const same = Object.keys(part.images).sort().join() === ids.join();
    if (!same)
      throw new FiredrillError(
        'usage',
        'these files describe different images: publish every part from the same version',
      );
  }
  const joined = ids.map((id) => {
    const all = parts.flatMap((part) => part.images[id] ?? []);
    const names = new Set(all.map(({ name, tag }) => `${name}:${tag}`));
    if (names.size > 1) {
      throw new FiredrillError('usage', `these parts differ in recipe or registry: ${[...names].join(', ')}`);
    }
    const archs = all.flatMap(({ manifests }) => Object.keys(manifests));
    const twice = archs.find((arch, i) => archs.indexOf(arch) !== i);
    if (twice !== undefined) throw new FiredrillError('usage', `two of these files are for ${twice}`);
    const [{ name, tag } = { name: '', tag: '' }] = all;
    const manifests = Object.assign({}, ...all.map((one) => one.manifests)) as Partial<Record<Architecture, string>>;
    return [id, { name, tag, manifests }] as const;
  });
  return { images: Object.fromEntries(joined) };
}

/** Reads a file that `publish` wrote. */
export async function readPublication(file: string): Promise<Publication> {
  try {
    return publication.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new FiredrillError('usage', `${file} was not written by \`publish --file\`: ${oneLine(cause)}`, { cause });
  }
}

function teller(of: number, progress: OnProgress) {
  const began = performance.now();
  return (i: number, part: string, state: ProgressSetup['state']): void => {
    progress({ type: 'setup', part, state, index: i + 1, of, elapsedMs: Math.round(performance.now() - began) });
  };
}

import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { realRunner, type Runner } from '../host/run.ts';
import { buildGraph, strictBase, type BuildGraph } from './build.ts';
import { recipesDir as defaultRecipesDir } from './keys.ts';
import type { DistributionName } from '../model/distribution.ts';
import { imagesOf, type ImagesOf } from './bases.ts';
import type { OwnK3s } from './own-k3s.ts';
import { images, isBuilt, type ImageId, type ImageMode, type ImageSpec } from './refs.ts';
import { publishedName, type Wanted } from './sources.ts';
import { readDurations } from './timings.ts';

/** What `ensureImages` may be told. */
export interface EnsureImagesOptions extends ImagesOf {
  readonly mode: ImageMode;
  /** Images that this run needs besides the node's and k6. */
  readonly optional?: readonly ImageId[];
  /** A registry that every pull goes to: a mirror, or one that our images were published to. Default: `FIREDRILL_REGISTRY`. */
  readonly registry?: string;
  readonly cacheDir?: string;
  readonly recipesDir?: string;
  readonly runner?: Runner;
}

/** Where images are looked for, made and kept. */
export interface World {
  readonly runner: Runner;
  readonly cacheDir: string;
  readonly recipesDir: string;
  readonly graph: BuildGraph;
  /** Every image that can be pulled, with the base of the Kubernetes version that was asked for. */
  readonly images: readonly ImageSpec[];
  readonly distribution?: DistributionName;
  readonly k3s?: OwnK3s;
  /** By step id: the key of what can be built. The base of another Kubernetes version cannot. */
  readonly keys: ReadonlyMap<string, string>;
  readonly registry: string | undefined;
}

/** What the options leave open, from the environment and the defaults. */
export async function worldOf(options: EnsureImagesOptions): Promise<World> {
  const runner = options.runner ?? realRunner;
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const recipesDir = options.recipesDir ?? defaultRecipesDir;
  const durations = await readDurations(cacheDir);
  const own = options.k3s === undefined ? {} : { k3s: options.k3s };
  const graph = buildGraph({ runner, cacheDir, recipesDir, durations, ...own });
  const fromEnv = process.env['FIREDRILL_REGISTRY'] ?? '';
  return {
    runner,
    cacheDir,
    recipesDir,
    graph,
    images: imagesOf(options),
    ...(options.distribution === undefined ? {} : { distribution: options.distribution }),
    ...own,
    keys: new Map(
      graph.steps
        .filter(({ id }) => isBuilt(options.kubernetes) || (id !== 'node-base' && id !== strictBase))
        .map(({ id, key }) => [id, key]),
    ),
    registry: options.registry ?? (fromEnv === '' ? undefined : fromEnv),
  };
}

/** By what an image is judged here. Only what can be built from a recipe can have been published from it. */
export function wantedOf(world: World, { id, ref }: ImageSpec, mode: ImageMode): Wanted {
  const { registry } = world;
  const key = world.keys.get(id);
  const recipe = world.graph.recipes.get(id);
  if (key === undefined || recipe === undefined) return { mode, key: '', registry };
  return {
    mode,
    key,
    registry,
    ...(registry === undefined ? {} : { published: publishedName(registry, ref, recipe) }),
  };
}

/** The images that run beside the cluster: k6, and the optional ones that were asked for. */
export const hostSpecs = (options: EnsureImagesOptions): readonly ImageSpec[] =>
  images.filter((i) => i.role === 'host' || (i.role === 'optional' && (options.optional ?? []).includes(i.id)));

/** The images that are in a node. */
export const inNode = (all: readonly ImageSpec[]): readonly ImageSpec[] =>
  all.filter((i) => i.role === 'base' || i.role === 'preload');

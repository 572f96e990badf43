import { FiredrillError } from '../model/errors.ts';
import type { OnProgress, ProgressSetup } from '../model/progress.ts';
import { humanDuration } from '../model/units.ts';
import { hashLabel, hasImage, stepOf } from './build.ts';
import type { PullPace } from './pace.ts';
import { splitRef } from '../model/image-name.ts';
import { builtMinor, type ImageMode, type ImageSpec } from './refs.ts';
import {
  buildsAll,
  findLocal,
  pullError,
  unfit,
  whyUnusable,
  type LocalImage,
  type Puller,
  type Wanted,
} from './sources.ts';
import { wantedOf, type World } from './world.ts';

/** How an image was had, or that it is to be built. */
export type Had =
  | {
      readonly origin: 'local' | 'pulled';
      readonly from: string;
      readonly digest: string;
      /** The key that it was built for, where it is one of ours. */
      readonly key?: string;
    }
  | { readonly origin: 'built' };

const lookEveryMs = 2_000;

/** Local, else pulled, else to be built. */
export async function obtain(
  world: World,
  spec: ImageSpec,
  mode: ImageMode,
  puller: Puller,
  progress: OnProgress,
  count: { readonly index: number; readonly of: number; readonly began: number; readonly pace: PullPace },
  signal?: AbortSignal,
): Promise<Had> {
  if (spec.builtOnly === true) return builtFrom(world, spec, mode);
  const wanted = wantedOf(world, spec, mode);
  const { verdict, image: local, name } = await findLocal(world.runner, spec, wanted, signal);
  if (verdict === 'use' && local !== undefined) return taken('local', name, local);
  if (buildsAll(mode)) return builtFrom(world, spec, mode);
  const unusable = local === undefined ? undefined : whyUnusable(local, spec, world.registry);
  if (unusable !== undefined)
    progress({ type: 'note', level: 'warning', text: `not using the local image ${spec.ref}: ${unusable}` });
  if (
    mode === 'auto' &&
    world.keys.has(spec.id) &&
    (await hasImage(world.runner, world.graph.built.get(spec.id) ?? '', signal))
  ) {
    return { origin: 'built' };
  }
  // Built from this recipe, though not here: a build would make the same.
  if (verdict === 'built' && local !== undefined) return taken('local', name, local);
  // One line for each registry that does not answer, and not one for each image of it.
  const silence = puller.silence(spec);
  if (mode === 'auto' && silence !== undefined) return builtFrom(world, spec, mode, silence);

  const since = performance.now();
  const event = (state: ProgressSetup['state'], detail?: string, etaMs?: number): void => {
    progress({
      type: 'setup',
      part: `pull ${spec.ref}`,
      state,
      index: count.index,
      of: count.of,
      elapsedMs: Math.round(performance.now() - count.began),
      ...(detail === undefined ? {} : { detail }),
      ...(etaMs === undefined ? {} : { etaMs: Math.round(etaMs) }),
    });
  };
  event('started', `about ${(spec.pullBytes / 1e6).toFixed(0)} MB from ${puller.hostOf(spec)}`);
  const got = await watched(
    count.pace,
    count.index - 1,
    (detail, etaMs) => {
      event('working', detail, etaMs);
    },
    (say) => pulled(world, spec, wanted, puller, { signal, published: wanted.published, say }),
  );
  if (typeof got !== 'string') {
    event('done', humanDuration(performance.now() - since));
    return taken('pulled', got.name, got.image);
  }
  if (mode === 'pull') {
    event('failed', got);
    throw pullError(spec, puller.hostOf(spec), got, world.keys.has(spec.id));
  }
  const built = builtFrom(world, spec, mode, got);
  const what = puller.silence(spec) === undefined ? spec.ref : `whatever comes from ${puller.hostOf(spec)}`;
  event('skipped', `building ${what} instead: ${got}`);
  return built;
}

/** Tells every two seconds how far a pull is: in bytes, or in Docker's words where nobody counts them. */
async function watched<T>(
  pace: PullPace,
  index: number,
  tell: (detail: string, etaMs?: number) => void,
  pull: (say: (line: string) => void) => Promise<T>,
): Promise<T> {
  const { look, end } = await pace.begin(index);
  let said: string | undefined;
  let over = false;
  const looking = setInterval(() => {
    void look().then(({ so, etaMs }) => {
      // Before Docker has said anything there is no registry that answers.
      if (said !== undefined && !over) tell(so ?? said, etaMs);
    });
  }, lookEveryMs);
  try {
    return await pull((line) => {
      said = line;
    });
  } finally {
    over = true;
    clearInterval(looking);
    await end();
  }
}

/** Pulls an image and looks whether it can be used; else why not, in words. */
async function pulled(
  { runner, registry }: World,
  spec: ImageSpec,
  wanted: Wanted,
  puller: Puller,
  options: Parameters<Puller['pull']>[1],
): Promise<{ readonly image: LocalImage; readonly name: string } | string> {
  const failed = await puller.pull(spec, options);
  if (failed !== undefined) return failed;
  const { image, name } = await findLocal(runner, spec, wanted, options?.signal);
  if (image === undefined) return 'pulled, but Docker does not have it';
  return whyUnusable(image, spec, registry) ?? unfit(image, wanted.key) ?? { image, name };
}

/**
 * @param why why it could not be pulled, where that was tried
 * @throws FiredrillError `environment` where it cannot be built: the base of a Kubernetes version that is only pulled
 */
function builtFrom(world: World, spec: ImageSpec, mode: ImageMode, why?: string): Had {
  if (world.keys.has(stepOf(spec.id, mode))) return { origin: 'built' };
  if (why !== undefined) throw pullError(spec, world.registry ?? splitRef(spec.ref).host, why, false);
  throw new FiredrillError(
    'environment',
    `${spec.ref} must be pulled: only Kubernetes ${builtMinor} can be built here`,
    {
      hint: 'pull it with `--images pull`, or omit `--kubernetes`',
    },
  );
}

function taken(origin: 'local' | 'pulled', from: string, image: LocalImage): Had {
  const key = image.labels[hashLabel];
  return { origin, from, digest: digestOf(image), ...(key === undefined ? {} : { key }) };
}

/** The registry's digest of a pulled image, else Docker's image id. */
export const digestOf = (image: { readonly id: string; readonly repoDigests: readonly string[] }): string =>
  image.repoDigests[0]?.split('@')[1] ?? image.id;

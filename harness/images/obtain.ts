import { FiredrillError } from '../model/errors.ts';
import type { OnProgress, ProgressSetup } from '../model/progress.ts';
import { humanDuration } from '../model/units.ts';
import { hasImage, stepOf } from './build.ts';
import { builtMinor, type ImageMode, type ImageSpec } from './refs.ts';
import { buildsAll, findLocal, pullError, type Puller } from './sources.ts';
import type { World } from './world.ts';

/** How an image was had, or that it is to be built. */
export type Had =
  | { readonly origin: 'local' | 'pulled'; readonly from: string; readonly digest: string }
  | { readonly origin: 'built' };

/** Local, else pulled, else to be built. */
export async function obtain(
  world: World,
  spec: ImageSpec,
  mode: ImageMode,
  puller: Puller,
  progress: OnProgress,
  count: { readonly index: number; readonly of: number; readonly began: number },
  signal?: AbortSignal,
): Promise<Had> {
  const given = { mode, key: world.keys.get(spec.id) ?? '', registry: world.registry };
  const { verdict, image: local, name } = await findLocal(world.runner, spec, given, signal);
  if (verdict === 'use' && local !== undefined) return { origin: 'local', from: name, digest: digestOf(local) };
  if (buildsAll(mode)) return builtFrom(world, spec, mode);
  if (
    verdict === 'built' ||
    (mode === 'auto' &&
      world.keys.has(spec.id) &&
      (await hasImage(world.runner, world.graph.built.get(spec.id) ?? '', signal)))
  ) {
    return { origin: 'built' };
  }
  // One line for each registry that does not answer, and not one for each image of it.
  if (mode === 'auto' && puller.silence(spec) !== undefined) return builtFrom(world, spec, mode);

  const since = performance.now();
  const event = (state: ProgressSetup['state'], detail?: string): void => {
    progress({
      type: 'setup',
      part: `pull ${spec.ref}`,
      state,
      index: count.index,
      of: count.of,
      elapsedMs: Math.round(performance.now() - count.began),
      ...(detail === undefined ? {} : { detail }),
    });
  };
  event('started', `about ${(spec.pullBytes / 1e6).toFixed(0)} MB from ${puller.hostOf(spec)}`);
  let last = since;
  const why = await puller.pull(spec, {
    signal,
    say: (line) => {
      if (performance.now() - last < 2_000) return;
      last = performance.now();
      event('working', line);
    },
  });
  if (why === undefined) {
    const pulled = await findLocal(world.runner, spec, given, signal);
    if (pulled.image === undefined) throw pullError(spec, 'pulled, and then not there');
    event('done', humanDuration(performance.now() - since));
    return { origin: 'pulled', from: pulled.name, digest: digestOf(pulled.image) };
  }
  if (mode === 'pull') {
    event('failed', why);
    throw pullError(spec, why);
  }
  const what = puller.silence(spec) === undefined ? spec.ref : `whatever comes from ${puller.hostOf(spec)}`;
  const built = builtFrom(world, spec, mode);
  event('skipped', `building ${what} instead: ${why}`);
  return built;
}

/** @throws FiredrillError `environment` where it cannot be built: the base of a Kubernetes version that is only pulled */
function builtFrom(world: World, spec: ImageSpec, mode: ImageMode): Had {
  if (world.keys.has(stepOf(spec.id, mode))) return { origin: 'built' };
  throw new FiredrillError(
    'environment',
    `${spec.ref} can only be pulled; just Kubernetes ${builtMinor} can be built here`,
    {
      hint: `leave \`--kubernetes\` away, or name a registry that has it: FIREDRILL_REGISTRY=<host:port>`,
    },
  );
}

/** The registry's digest of a pulled image, else Docker's image id. */
export const digestOf = (image: { readonly id: string; readonly repoDigests: readonly string[] }): string =>
  image.repoDigests[0]?.split('@')[1] ?? image.id;

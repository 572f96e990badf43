import type { OnProgress, ProgressSetup } from '../model/progress.ts';
import { humanDuration } from '../model/units.ts';
import { hasImage } from './build.ts';
import type { ImageSpec } from './refs.ts';
import { inspect, judgeLocal, pullError, type ImageMode, type Puller } from './sources.ts';
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
  const local = await inspect(world.runner, spec.ref, signal);
  const verdict = judgeLocal(local, spec, mode, world.keys.get(spec.id) ?? '', world.registry);
  if (verdict === 'use' && local !== undefined) return { origin: 'local', from: spec.ref, digest: digestOf(local) };
  if (mode === 'build') return { origin: 'built' };
  if (
    verdict === 'built' ||
    (mode === 'auto' && (await hasImage(world.runner, world.graph.built.get(spec.id) ?? '', signal)))
  ) {
    return { origin: 'built' };
  }
  // One line for each registry that does not answer, and not one for each image of it.
  if (mode === 'auto' && puller.silence(spec) !== undefined) return { origin: 'built' };

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
    const pulled = await inspect(world.runner, spec.ref, signal);
    if (pulled === undefined) throw pullError(spec, 'pulled, and then not there');
    event('done', humanDuration(performance.now() - since));
    return { origin: 'pulled', from: spec.ref, digest: digestOf(pulled) };
  }
  if (mode === 'pull') {
    event('failed', why);
    throw pullError(spec, why);
  }
  const what = puller.silence(spec) === undefined ? spec.ref : `whatever comes from ${puller.hostOf(spec)}`;
  event('skipped', `building ${what} instead: ${why}`);
  return { origin: 'built' };
}

/** The registry's digest of a pulled image, else Docker's image id. */
export const digestOf = (image: { readonly id: string; readonly repoDigests: readonly string[] }): string =>
  image.repoDigests[0]?.split('@')[1] ?? image.id;

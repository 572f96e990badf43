import type { OnProgress } from '../model/progress.ts';
import { must } from '../host/run.ts';
import { nodeBaseOf } from './bases.ts';
import { hasImage, hashLabel, stepOf } from './build.ts';
import { ensureBridge } from './cni.ts';
import type { Step } from './dag.ts';
import { contentKey, short } from './keys.ts';
import type { Had } from './obtain.ts';
import { preload, preloadRecipe } from './preload.ts';
import { splitRef } from '../model/image-name.ts';
import { nodeRepository, versions, type ImageMode, type ImageSpec } from './refs.ts';
import { buildsAll, inspect, pinnedName, runsHere, type Origin } from './sources.ts';
import { inNode, worldOf, type EnsureImagesOptions, type World } from './world.ts';

/** How one image of the node was had; part of the node image's label. */
export interface Input {
  readonly origin: Origin;
  /** `built`: the key it was built for. Else its name and digest, `ref@sha256:…`. */
  readonly identity: string;
  /** The key of one of ours that came from a registry: a published image is as old as its recipe. */
  readonly key?: string;
}

/** By image id. */
export type Inputs = Readonly<Record<string, Input>>;

/** A node image of ours, and what it was derived from. */
export interface NodeImage {
  readonly ref: string;
  readonly inputs: Inputs;
}

const deriveLabel = 'firedrill.image.derive';
const inputsLabel = 'firedrill.image.inputs';

/** Changes when the way in which the node image is derived changes. */
const deriveKey = (specs: readonly ImageSpec[]): string =>
  contentKey([preloadRecipe, versions.kubernetes, versions.cniPlugins, ...inNode(specs).map(pinnedName)]);

/**
 * Whether a node image that was derived from these inputs will do now.
 * @param specs the images that it must hold
 * @param keys by image id: the key that a build of it would have
 */
export function acceptable(
  specs: readonly ImageSpec[],
  inputs: Inputs,
  mode: ImageMode,
  keys: ReadonlyMap<string, string>,
): boolean {
  return inNode(specs).every((spec) => {
    const input = inputs[spec.id];
    if (input === undefined) return false;
    const key = keys.get(stepOf(spec.id, mode));
    if (input.origin === 'built') return mode !== 'pull' && input.identity === key;
    if (input.key !== undefined && input.key !== key) return false;
    return !buildsAll(mode) && input.identity.startsWith(`${spec.ref}@`);
  });
}

/** A node image of ours that is there and will do. */
export async function findNode(world: World, mode: ImageMode, signal?: AbortSignal): Promise<NodeImage | undefined> {
  const { runner } = world;
  const listed = await must(
    runner,
    'listing images',
    'docker',
    [
      'image',
      'ls',
      '--filter',
      `label=${deriveLabel}=${deriveKey(world.images)}`,
      '--format',
      '{{.Repository}}:{{.Tag}}',
    ],
    { signal, hint: 'npm run firedrill -- doctor' },
  );
  for (const ref of listed.split('\n').filter((l) => l.startsWith(`${nodeRepository}:`))) {
    const found = await inspect(runner, ref, signal);
    const inputs = parseInputs(found?.labels[inputsLabel]);
    if (found === undefined || inputs === undefined || !runsHere(found)) continue;
    if (acceptable(world.images, inputs, mode, world.keys)) return { ref, inputs };
  }
  return undefined;
}

/** The node image that a run would take now, however it was had; undefined when there is none. */
export async function nodeImageOf(
  options: Pick<EnsureImagesOptions, 'runner' | 'cacheDir' | 'recipesDir' | 'distribution'>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return (await findNode(await worldOf({ ...options, mode: 'auto' }), 'auto', signal))?.ref;
}

/** Reads the label that tells how a node image was made; undefined when it is not one. */
export function parseInputs(text: string | undefined): Inputs | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Inputs) : undefined;
  } catch {
    return undefined;
  }
}

/** The step that makes the node image from a base and what runs in it. */
export function derive(
  world: World,
  had: ReadonlyMap<string, Had>,
  mode: ImageMode,
  progress: OnProgress,
): NodeImage & { readonly step: Step } {
  const { runner, graph, keys } = world;
  const inputs: Record<string, Input> = {};
  const from = new Map<string, string>();
  for (const spec of inNode(world.images)) {
    const how = had.get(spec.id);
    if (how === undefined || how.origin === 'built') {
      const step = stepOf(spec.id, mode);
      inputs[spec.id] = { origin: 'built', identity: keys.get(step) ?? '' };
      from.set(spec.id, graph.built.get(step) ?? '');
    } else {
      const key = how.key === undefined ? {} : { key: how.key };
      inputs[spec.id] = { origin: how.origin, identity: `${spec.ref}@${how.digest}`, ...key };
      from.set(spec.id, how.from);
    }
  }
  const key = contentKey([deriveKey(world.images), JSON.stringify(inputs)]);
  const kind = mode === 'strict' ? '-strict' : '';
  const baseSpec = world.images.find(({ role }) => role === 'base');
  const base = from.get(baseSpec?.id ?? '') ?? '';
  const { lacksBridge, containerd, archive, starts } = nodeBaseOf(world);
  const ref = `${nodeRepository}:${splitRef(baseSpec?.ref ?? '').tag}${kind}-${short(key)}`;
  const step: Step = {
    id: 'node',
    title: `node image ${ref}`,
    lane: 'docker',
    ms: 25_000,
    needs: inNode(world.images)
      .filter((s) => inputs[s.id]?.origin === 'built')
      .map((s) => stepOf(s.id, mode)),
    key,
    present: (s) => hasImage(runner, ref, s),
    run: async (context) => {
      const bridge = lacksBridge ? await ensureBridge(world, base, progress, context.signal) : undefined;
      return await preload(runner, {
        masked: true,
        base,
        ...(containerd === undefined ? {} : { containerd }),
        ...(archive === undefined ? {} : { archive }),
        ...(starts === undefined ? {} : { starts }),
        images: inNode(world.images)
          .filter((s) => s.role === 'preload')
          .map((s) => ({ from: from.get(s.id) ?? '', as: s.ref })),
        tag: ref,
        labels: { [deriveLabel]: deriveKey(world.images), [inputsLabel]: JSON.stringify(inputs), [hashLabel]: key },
        container: `firedrill-preload-${short(key)}`,
        // kind would install a storage provisioner from it. Without it every cluster has the same pods and the same StorageClass, whatever it came from.
        without: ['/kind/manifests/default-storage.yaml'],
        ...(bridge === undefined ? {} : { files: [[bridge, '/opt/cni/bin/bridge']] }),
        signal: context.signal,
        say: context.say,
      });
    },
  };
  return { step, ref, inputs };
}

import type { StepTiming } from './dag.ts';
import type { NodeImage } from './node-image.ts';
import { digestOf } from './obtain.ts';
import type { ImageId } from './refs.ts';
import { findLocal, inspect, type Origin } from './sources.ts';
import { hostSpecs, wantedOf, type EnsureImagesOptions, type World } from './world.ts';

/** The images that a run uses. */
export interface ImageSet {
  /** The node image, with all that runs in a cluster inside it: `firedrill/node:v1.34.3-<hash>`. */
  readonly node: string;
  /** The image whose entrypoint is k6. */
  readonly k6: string;
  /** Optional images that were asked for, by id: the name to run. */
  readonly optional: Readonly<Partial<Record<ImageId, string>>>;
  /** By upstream name: the registry's digest of a pulled image, Docker's image id of a local or built one. */
  readonly digests: Readonly<Record<string, string>>;
  /** By upstream name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** What was done, and how long each step took; empty when all was there. */
  readonly timings: readonly StepTiming[];
}

/** An image that runs beside the cluster, as it was had. */
export interface HostImage {
  readonly ref: string;
  readonly origin: Origin;
  readonly digest: string;
}

/** The whole set when nothing has to be done, with the node image that was found. */
export async function alreadyThere(
  world: World,
  node: NodeImage | undefined,
  options: EnsureImagesOptions,
  signal?: AbortSignal,
): Promise<ImageSet | undefined> {
  if (node === undefined) return undefined;
  const host = new Map<string, HostImage>();
  for (const spec of hostSpecs(options)) {
    const wanted = wantedOf(world, spec, options.mode);
    const { verdict, image: local, name } = await findLocal(world.runner, spec, wanted, signal);
    const builtRef = world.graph.built.get(spec.id) ?? '';
    if (local !== undefined && verdict !== 'ignore') {
      host.set(spec.id, { ref: name, origin: verdict === 'use' ? 'local' : 'built', digest: digestOf(local) });
      continue;
    }
    const ours = options.mode === 'pull' ? undefined : await inspect(world.runner, builtRef, signal);
    if (ours === undefined) return undefined;
    host.set(spec.id, { ref: builtRef, origin: 'built', digest: digestOf(ours) });
  }
  return imageSet(world, node, host, options, []);
}

/** What was had, told by upstream names. */
export function imageSet(
  world: Pick<World, 'images'>,
  node: NodeImage,
  host: ReadonlyMap<string, HostImage>,
  options: EnsureImagesOptions,
  timings: readonly StepTiming[],
): ImageSet {
  const digests: Record<string, string> = {};
  const origins: Record<string, Origin> = {};
  for (const spec of world.images) {
    const input = node.inputs[spec.id];
    const beside = host.get(spec.id);
    if (input !== undefined) {
      digests[spec.ref] = input.origin === 'built' ? `built:${input.identity}` : (input.identity.split('@')[1] ?? '');
      origins[spec.ref] = input.origin;
    } else if (beside !== undefined) {
      digests[spec.ref] = beside.digest;
      origins[spec.ref] = beside.origin;
    }
  }
  const optional: Partial<Record<ImageId, string>> = {};
  for (const id of options.optional ?? []) {
    const ref = host.get(id)?.ref;
    if (ref !== undefined) optional[id] = ref;
  }
  return { node: node.ref, k6: host.get('k6')?.ref ?? '', optional, digests, origins, timings };
}

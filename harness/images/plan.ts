import { humanDuration } from '../model/units.ts';
import { pendingSteps } from './dag.ts';
import { remaining } from './estimate.ts';
import { alreadyThere } from './image-set.ts';
import { stepOf } from './build.ts';
import { findNode } from './node-image.ts';
import type { ImageSpec } from './refs.ts';
import { findLocal } from './sources.ts';
import { hostSpecs, inNode, wantedOf, worldOf, type EnsureImagesOptions } from './world.ts';

/** Bytes that building every image from source needs, where Docker keeps its data and in the cache. */
export const diskForBuild = 12e9;

/** What `ensureImages` would do, without doing it. */
export interface ImagePlan {
  /** True when nothing is to be done. */
  readonly ready: boolean;
  /** Images that would be asked of a registry, and about how many bytes. */
  readonly pull: readonly { readonly ref: string; readonly bytes: number }[];
  /** Steps that would run if nothing can be pulled (`auto`), or that will (`build`). */
  readonly build: readonly { readonly id: string; readonly title: string; readonly ms: number }[];
  /** How long building would take, in milliseconds. */
  readonly buildMs: number;
  /** Free disk that building needs, in bytes. */
  readonly buildBytes: number;
  readonly cacheDir: string;
  readonly registry: string | undefined;
}

/** Looks what is missing. Asks Docker and the disk only; no registry. */
export async function planImages(options: EnsureImagesOptions, signal?: AbortSignal): Promise<ImagePlan> {
  const world = await worldOf(options);
  const none = { cacheDir: world.cacheDir, registry: world.registry };
  const node = await findNode(world, options.mode, signal);
  if ((await alreadyThere(world, node, options, signal)) !== undefined) {
    return { ready: true, pull: [], build: [], buildMs: 0, buildBytes: 0, ...none };
  }
  const missing: ImageSpec[] = [];
  for (const spec of [...(node === undefined ? inNode(world.images) : []), ...hostSpecs(options)]) {
    if ((await findLocal(world.runner, spec, wantedOf(world, spec, options.mode), signal)).verdict !== 'use')
      missing.push(spec);
  }
  const build =
    options.mode === 'pull'
      ? []
      : await pendingSteps(
          world.graph.steps,
          missing.map((s) => stepOf(s.id, options.mode)),
          signal,
        );
  const buildMs = remaining(build, new Set(build.map((s) => s.id))) + (node === undefined ? 25_000 : 0);
  // Where everything for an image is built already, no registry is asked.
  const stale = new Set(build.map((s) => s.id));
  const pull = missing.filter((s) => options.mode === 'pull' || (options.mode === 'auto' && stale.has(s.id)));
  return {
    ready: false,
    pull: pull.map((s) => ({ ref: s.ref, bytes: s.pullBytes })),
    build: build.map((s) => ({ id: s.id, title: s.title, ms: s.ms })),
    buildMs,
    buildBytes: build.length === 0 ? 0 : diskForBuild,
    ...none,
  };
}

/** A plan as lines for people. */
export function describePlan(plan: ImagePlan): readonly string[] {
  if (plan.ready) return ['images: all there'];
  const lines: string[] = [];
  const megabytes = Math.round(plan.pull.reduce((sum, p) => sum + p.bytes, 0) / 1e6);
  if (plan.pull.length > 0) {
    lines.push(
      `images: ${plan.pull.length} to pull from ${plan.registry ?? 'their registries'}, about ${megabytes} MB:`,
    );
    lines.push(...plan.pull.map((p) => `  ${p.ref}`));
  }
  if (plan.build.length > 0) {
    const otherwise = plan.pull.length > 0 ? 'where that fails, built from source' : 'images: built from source';
    lines.push(
      `${otherwise}: ${plan.build.length} steps, about ${humanDuration(plan.buildMs)}, ${plan.buildBytes / 1e9} GB of disk in ${plan.cacheDir} and Docker:`,
    );
    lines.push(...plan.build.map((s) => `  ${s.title} (${humanDuration(s.ms)})`));
  }
  return lines;
}

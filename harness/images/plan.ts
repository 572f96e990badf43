import type { Runner } from '../host/run.ts';
import { pendingSteps } from './dag.ts';
import { remaining } from './estimate.ts';
import { alreadyThere } from './image-set.ts';
import { stepOf } from './build.ts';
import { findNode } from './node-image.ts';
import type { ImageSpec } from './refs.ts';
import { findLocal } from './sources.ts';
import { hostSpecs, inNode, wantedOf, worldOf } from './world.ts';

/** Bytes that building every image from source needs, where Docker keeps its data and in the cache. */
export const diskForBuild = 12e9;

/** What `ensureImages` would do by itself (`auto`), without doing it. */
export interface ImagePlan {
  /** True when nothing is to be done. */
  readonly ready: boolean;
  /** Images that would be asked of a registry, and about how many bytes. */
  readonly pullCount: number;
  readonly pullBytes: number;
  /** Steps that would run if nothing can be pulled, and how long they would take. */
  readonly buildSteps: number;
  readonly buildMs: number;
}

/** Looks what is missing. Asks Docker and the disk only; no registry. */
export async function planImages(runner: Runner, signal?: AbortSignal): Promise<ImagePlan> {
  const options = { mode: 'auto', runner } as const;
  const world = await worldOf(options);
  const node = await findNode(world, options.mode, signal);
  if ((await alreadyThere(world, node, options, signal)) !== undefined) {
    return { ready: true, pullCount: 0, pullBytes: 0, buildSteps: 0, buildMs: 0 };
  }
  const missing: ImageSpec[] = [];
  for (const spec of [...(node === undefined ? inNode(world.images) : []), ...hostSpecs(options)]) {
    if ((await findLocal(runner, spec, wantedOf(world, spec, options.mode), signal)).verdict !== 'use')
      missing.push(spec);
  }
  const goals = missing.map(({ id }) => stepOf(id, options.mode));
  const build = await pendingSteps(world.graph.steps, goals, signal);
  const pending = new Set(build.map(({ id }) => id));
  // Where everything for an image is built already, no registry is asked.
  const pull = missing.filter(({ id }) => pending.has(id));
  return {
    ready: false,
    pullCount: pull.length,
    pullBytes: pull.reduce((sum, { pullBytes }) => sum + pullBytes, 0),
    buildSteps: build.length,
    buildMs: remaining(build, pending) + (node === undefined ? 25_000 : 0),
  };
}

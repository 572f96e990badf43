import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { humanDuration } from '../model/units.ts';
import { withLock } from '../host/lock.ts';
import { machineArchitecture, type Architecture } from '../host/architecture.ts';
import { requireDisk } from '../host/disk.ts';
import { askDocker } from '../host/docker.ts';
import { diskForBuild } from './plan.ts';
import { hashLabel, type BuildGraph } from './build.ts';
import { pendingSteps, runSteps, type Step, type StepTiming } from './dag.ts';
import { remaining } from './estimate.ts';
import { alreadyThere, imageSet, type HostImage, type ImageSet } from './image-set.ts';
import { derive, findNode, type NodeImage } from './node-image.ts';
import { obtain, type Had } from './obtain.ts';
import { PullPace } from './pace.ts';
import { removeHalfMade } from './preload.ts';
import { baseImages, images } from './refs.ts';
import { inspect, Puller } from './sources.ts';
import { readDurations, timingTable, writeDurations } from './timings.ts';
import { checkGo, ensureBuildTools, goNeeded } from './toolchain.ts';
import { hostSpecs, inNode, worldOf, type EnsureImagesOptions, type World } from './world.ts';

/**
 * Makes sure that the node image and k6 (and the optional images asked for) are in the local Docker: taken as they are,
 * pulled, or built, whatever `mode` allows. Does nothing when all is there. Killed at any instant, it goes on from the last
 * finished step when it is called again. Two processes take turns.
 * @throws FiredrillError `environment`: no registry in `pull` mode, no toolchain, a step that failed (with its last words).
 */
export async function ensureImages(
  options: EnsureImagesOptions,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<ImageSet> {
  const world = await worldOf(options);
  const ready = await alreadyThere(world, await findNode(world, options.mode, signal), options, signal);
  if (ready !== undefined) return ready;
  return oneAtATime(world.cacheDir, () => make(world, options, progress, signal), progress, signal);
}

/**
 * Makes the results of these steps, whatever is missing of them.
 * @throws FiredrillError `environment`
 */
export function buildSteps(
  where: Pick<World, 'runner' | 'recipesDir' | 'cacheDir'>,
  graph: BuildGraph,
  goals: readonly string[],
  target: Architecture,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<readonly StepTiming[]> {
  const work = async (): Promise<readonly StepTiming[]> => {
    const pending = await pendingSteps(graph.steps, goals, signal);
    await checkToolchain(where, pending, target, progress, signal);
    return runSteps(graph.steps, goals, { progress, signal });
  };
  return oneAtATime(where.cacheDir, work, progress, signal);
}

/** Does something with the cache while no other firedrill does; says so where it has to wait. */
function oneAtATime<T>(
  cacheDir: string,
  work: () => Promise<T>,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<T> {
  return withLock(join(cacheDir, 'build.lock'), work, {
    signal,
    onWait: (pid) => {
      progress({
        type: 'note',
        level: 'info',
        text: `waiting for another firedrill (process ${pid}), which is preparing the images`,
      });
    },
  });
}

async function make(
  world: World,
  options: EnsureImagesOptions,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<ImageSet> {
  // Whoever held the lock before may have made everything.
  const node = await findNode(world, options.mode, signal);
  const ready = await alreadyThere(world, node, options, signal);
  if (ready !== undefined) return ready;
  const { runner, graph, cacheDir } = world;
  await clearTmp(cacheDir);
  await removeHalfMade(runner, signal);

  const wanted = [...(node === undefined ? inNode(world.images) : []), ...hostSpecs(options)];
  const puller = new Puller(runner, world.registry);
  const had = new Map<string, Had>();
  const began = performance.now();
  const pace = new PullPace(wanted.map(({ pullBytes }) => pullBytes));
  for (const [i, spec] of wanted.entries()) {
    const count = { index: i + 1, of: wanted.length, began, pace };
    had.set(spec.id, await obtain(world, spec, options.mode, puller, progress, count, signal));
  }

  const toBuild = wanted.filter((s) => had.get(s.id)?.origin === 'built').map((s) => s.id);
  const steps = [...graph.steps];
  const goals: string[] = toBuild.filter((id) => !inNode(world.images).some((s) => s.id === id));
  let derived: NodeImage | undefined = node;
  if (node === undefined) {
    const derivation = derive(world, had, options.mode, progress);
    steps.push(derivation.step);
    goals.push(derivation.step.id);
    derived = derivation;
  }
  if (derived === undefined) throw new FiredrillError('internal', 'no node image was planned');

  const pending = await pendingSteps(steps, goals, signal);
  if (pending.some((s) => s.lane !== 'docker')) {
    await checkToolchain(world, pending, machineArchitecture(), progress, signal);
    const all = remaining(pending, new Set(pending.map((s) => s.id)));
    progress({
      type: 'note',
      level: 'info',
      text: `building ${pending.length} parts from source: about ${humanDuration(all)}, once (cache: ${cacheDir})`,
    });
  }
  const durations: Record<string, number> = { ...(await readDurations(cacheDir)) };
  const timings = await runSteps(steps, goals, {
    progress,
    signal,
    onDone: (id, ms) => {
      durations[id] = Math.round(ms);
    },
  });
  await writeDurations(cacheDir, durations);

  const host = new Map<string, HostImage>();
  for (const spec of hostSpecs(options)) {
    const how = had.get(spec.id);
    if (how === undefined) continue;
    if (how.origin !== 'built') host.set(spec.id, { ref: how.from, origin: how.origin, digest: how.digest });
    else {
      const ref = graph.built.get(spec.id) ?? '';
      host.set(spec.id, { ref, origin: 'built', digest: (await inspect(runner, ref, signal))?.id ?? '' });
    }
  }
  if (options.mode !== 'strict') await nameAsUpstream(world, toBuild, signal);
  for (const line of timingTable(timings)) progress({ type: 'note', level: 'info', text: line });
  return imageSet(world, derived, host, options, timings);
}

/**
 * Whether what these steps need is there, or can be installed.
 * @throws FiredrillError `environment`
 */
async function checkToolchain(
  world: Pick<World, 'runner' | 'recipesDir' | 'cacheDir'>,
  pending: readonly Step[],
  target: Architecture,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const ids = pending.map(({ id }) => id);
  await ensureBuildTools(world.runner, ids, target, progress, signal);
  const goMods = pending
    .filter((s) => s.id.startsWith('go-'))
    .map((s) => join(world.recipesDir, s.id.slice(3), 'go.mod'));
  // Sources, compiler caches, binaries and layers: measured, with some room. A few steps more need next to nothing.
  if (goMods.length > 2) {
    await mkdir(world.cacheDir, { recursive: true });
    await requireDisk(world.cacheDir, diskForBuild, 'building images needs');
    const rootDir = (await askDocker(world.runner, signal))?.rootDir ?? '/';
    await requireDisk(rootDir, diskForBuild, 'building images needs');
  }
  if (goMods.length > 0) await checkGo(world.runner, await goNeeded(goMods), signal);
}

/**
 * Gives built images their upstream names too, so that whoever names them on this machine finds them. A name that the user's
 * own image has is left to it.
 */
async function nameAsUpstream(world: World, ids: readonly string[], signal?: AbortSignal): Promise<void> {
  const { runner, graph } = world;
  const all = [...images, ...(ids.includes('node-base') ? baseImages : [])].filter(
    (i) => ids.includes(i.id) || baseImages.some((b) => b.id === i.id),
  );
  for (const { id, ref } of all) {
    const ours = graph.built.get(id);
    if (ours === undefined) continue;
    const taken = await inspect(runner, ref, signal);
    if (taken !== undefined && taken.labels[hashLabel] === undefined) continue;
    if (taken?.labels[hashLabel] === world.keys.get(id)) continue;
    await runner.run('docker', ['tag', ours, ref], { signal });
  }
}

/** Removes what interrupted runs left half done. Only called while the lock is held. */
async function clearTmp(cacheDir: string): Promise<void> {
  const tmp = join(cacheDir, 'tmp');
  // A root that was being made may still have the machine's /dev or /proc mounted inside: never remove through a mount.
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  if (mounts.includes(` ${tmp}/`)) return;
  await rm(tmp, { recursive: true, force: true });
}

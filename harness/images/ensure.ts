import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FiredrillError } from '../model/errors.ts';
import type { OnProgress, ProgressSetup } from '../model/progress.ts';
import { humanDuration } from '../model/units.ts';
import { cacheDir as defaultCacheDir } from '../setup/cache.ts';
import { askDocker, diskForBuild, requireDisk } from '../setup/docker.ts';
import { must, realRunner, type Runner } from '../setup/run.ts';
import { buildGraph, hasImage, hashLabel, preloadRecipe, type BuildGraph } from './build.ts';
import { ensureBridge } from './cni.ts';
import { pendingSteps, runSteps, type Step, type StepTiming } from './dag.ts';
import { remaining } from './estimate.ts';
import { contentKey, recipesDir as defaultRecipesDir, short } from './keys.ts';
import { withLock } from '../registry/lock.ts';
import { preload } from './preload.ts';
import { baseImages, images, nodeRepository, versions, type ImageId, type ImageSpec } from './refs.ts';
import { inspect, judgeLocal, Puller, pullError, type ImageMode, type Origin } from './sources.ts';
import { checkGo, ensureBuildTools, goNeeded } from './toolchain.ts';

/** What `ensureImages` may be told. */
export interface EnsureImagesOptions {
  readonly mode: ImageMode;
  /** Images that this run needs besides the node's and k6. */
  readonly optional?: readonly ImageId[];
  /** A mirror that every pull goes to (`localhost:5000`). Default: `FIREDRILL_REGISTRY`. */
  readonly registry?: string;
  readonly cacheDir?: string;
  readonly recipesDir?: string;
  readonly runner?: Runner;
}

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

/** How one image of the node was had; part of the node image's label. */
interface Input {
  readonly origin: Origin;
  /** `built`: the key it was built for. Else its name and digest, `ref@sha256:…`. */
  readonly identity: string;
}
type Inputs = Readonly<Record<string, Input>>;

const deriveLabel = 'firedrill.image.derive';
const inputsLabel = 'firedrill.image.inputs';
const inNode = images.filter((i) => i.role === 'base' || i.role === 'preload');

/** Changes when the way in which the node image is derived changes. */
const deriveKey = (): string =>
  contentKey([preloadRecipe, versions.kubernetes, versions.cniPlugins, ...inNode.map((i) => i.ref)]);

/**
 * Whether a node image that was derived from these inputs will do now.
 * @param keys by image id: the key that a build of it would have
 */
export function acceptable(inputs: Inputs, mode: ImageMode, keys: ReadonlyMap<string, string>): boolean {
  return inNode.every((spec) => {
    const input = inputs[spec.id];
    if (input === undefined) return false;
    if (input.origin === 'built') return mode !== 'pull' && input.identity === keys.get(spec.id);
    return mode !== 'build' && input.identity.startsWith(`${spec.ref}@`);
  });
}

interface World {
  readonly runner: Runner;
  readonly cacheDir: string;
  readonly recipesDir: string;
  readonly graph: BuildGraph;
  readonly keys: ReadonlyMap<string, string>;
  readonly registry: string | undefined;
}

async function worldOf(options: EnsureImagesOptions): Promise<World> {
  const runner = options.runner ?? realRunner;
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const recipesDir = options.recipesDir ?? defaultRecipesDir;
  const graph = buildGraph({ runner, cacheDir, recipesDir, durations: await readDurations(cacheDir) });
  const fromEnv = process.env['FIREDRILL_REGISTRY'] ?? '';
  return {
    runner,
    cacheDir,
    recipesDir,
    graph,
    keys: new Map(graph.steps.map((s) => [s.id, s.key])),
    registry: options.registry ?? (fromEnv === '' ? undefined : fromEnv),
  };
}

/** A node image of ours that is there and will do. */
async function findNode(
  world: World,
  mode: ImageMode,
  signal?: AbortSignal,
): Promise<{ readonly ref: string; readonly inputs: Inputs } | undefined> {
  const { runner } = world;
  const listed = await must(
    runner,
    'listing images',
    'docker',
    ['image', 'ls', '--filter', `label=${deriveLabel}=${deriveKey()}`, '--format', '{{.Repository}}:{{.Tag}}'],
    { signal, hint: 'run `firedrill doctor`' },
  );
  for (const ref of listed.split('\n').filter((l) => l.startsWith(`${nodeRepository}:`))) {
    const found = await inspect(runner, ref, signal);
    const inputs = parseInputs(found?.labels[inputsLabel]);
    if (inputs !== undefined && acceptable(inputs, mode, world.keys)) return { ref, inputs };
  }
  return undefined;
}

/** The node image that a run would take now, however it was had; undefined when there is none. */
export async function nodeImageOf(
  options: Pick<EnsureImagesOptions, 'runner' | 'cacheDir' | 'recipesDir'>,
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

/** What is still to be had for an image. */
type Had =
  | { readonly origin: 'local' | 'pulled'; readonly from: string; readonly digest: string }
  | { readonly origin: 'built' };

/** Local, else pulled, else to be built. */
async function obtain(
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

const digestOf = (image: { readonly id: string; readonly repoDigests: readonly string[] }): string =>
  image.repoDigests[0]?.split('@')[1] ?? image.id;

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
  const ready = await alreadyThere(world, options, signal);
  if (ready !== undefined) return ready;
  return withLock(join(world.cacheDir, 'build.lock'), () => make(world, options, progress, signal), {
    signal,
    onWait: (pid) => {
      progress({
        type: 'note',
        level: 'info',
        text: `another firedrill (process ${String(pid)}) is making the images: waiting`,
      });
    },
  });
}

const hostSpecs = (options: EnsureImagesOptions): readonly ImageSpec[] =>
  images.filter((i) => i.role === 'host' || (i.role === 'optional' && (options.optional ?? []).includes(i.id)));

/** The whole set when nothing has to be done. */
async function alreadyThere(
  world: World,
  options: EnsureImagesOptions,
  signal?: AbortSignal,
): Promise<ImageSet | undefined> {
  const node = await findNode(world, options.mode, signal);
  if (node === undefined) return undefined;
  const host = new Map<string, { readonly ref: string; readonly origin: Origin; readonly digest: string }>();
  for (const spec of hostSpecs(options)) {
    const local = await inspect(world.runner, spec.ref, signal);
    const verdict = judgeLocal(local, spec, options.mode, world.keys.get(spec.id) ?? '', world.registry);
    const builtRef = world.graph.built.get(spec.id) ?? '';
    if (local !== undefined && verdict !== 'ignore') {
      host.set(spec.id, { ref: spec.ref, origin: verdict === 'use' ? 'local' : 'built', digest: digestOf(local) });
      continue;
    }
    const ours = options.mode === 'pull' ? undefined : await inspect(world.runner, builtRef, signal);
    if (ours === undefined) return undefined;
    host.set(spec.id, { ref: builtRef, origin: 'built', digest: digestOf(ours) });
  }
  return imageSet(node, host, options, []);
}

function imageSet(
  node: { readonly ref: string; readonly inputs: Inputs },
  host: ReadonlyMap<string, { readonly ref: string; readonly origin: Origin; readonly digest: string }>,
  options: EnsureImagesOptions,
  timings: readonly StepTiming[],
): ImageSet {
  const digests: Record<string, string> = {};
  const origins: Record<string, Origin> = {};
  for (const spec of images) {
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

async function make(
  world: World,
  options: EnsureImagesOptions,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<ImageSet> {
  // Whoever held the lock before may have made everything.
  const ready = await alreadyThere(world, options, signal);
  if (ready !== undefined) return ready;
  const { runner, graph, cacheDir } = world;
  await clearTmp(cacheDir);

  const node = await findNode(world, options.mode, signal);
  const wanted = [...(node === undefined ? inNode : []), ...hostSpecs(options)];
  const puller = new Puller(runner, world.registry);
  const had = new Map<string, Had>();
  const began = performance.now();
  for (const [i, spec] of wanted.entries()) {
    had.set(
      spec.id,
      await obtain(world, spec, options.mode, puller, progress, { index: i + 1, of: wanted.length, began }, signal),
    );
  }

  const toBuild = wanted.filter((s) => had.get(s.id)?.origin === 'built').map((s) => s.id);
  const steps = [...graph.steps];
  const goals: string[] = toBuild.filter((id) => !inNode.some((s) => s.id === id));
  let derived: { readonly ref: string; readonly inputs: Inputs } | undefined = node;
  if (node === undefined) {
    const derivation = await derive(world, had, progress, signal);
    steps.push(derivation.step);
    goals.push(derivation.step.id);
    derived = derivation;
  }
  if (derived === undefined) throw new FiredrillError('internal', 'no node image was planned');

  const pending = await pendingSteps(steps, goals, signal);
  if (pending.some((s) => s.lane !== 'docker')) {
    await checkToolchain(world, pending, progress, signal);
    const all = remaining(pending, new Set(pending.map((s) => s.id)));
    progress({
      type: 'note',
      level: 'info',
      text: `building ${String(pending.length)} parts from source: about ${humanDuration(all)}, once (cache: ${cacheDir})`,
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

  const host = new Map<string, { readonly ref: string; readonly origin: Origin; readonly digest: string }>();
  for (const spec of hostSpecs(options)) {
    const how = had.get(spec.id);
    if (how === undefined) continue;
    if (how.origin !== 'built') host.set(spec.id, { ref: spec.ref, origin: how.origin, digest: how.digest });
    else {
      const ref = graph.built.get(spec.id) ?? '';
      host.set(spec.id, { ref, origin: 'built', digest: (await inspect(runner, ref, signal))?.id ?? '' });
    }
  }
  await publish(world, toBuild, signal);
  for (const line of timingTable(timings)) progress({ type: 'note', level: 'info', text: line });
  return imageSet(derived, host, options, timings);
}

/** The step that makes the node image from a base and what runs in it. */
async function derive(
  world: World,
  had: ReadonlyMap<string, Had>,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<{ readonly step: Step; readonly ref: string; readonly inputs: Inputs }> {
  const { runner, graph, keys } = world;
  const inputs: Record<string, Input> = {};
  const from = new Map<string, string>();
  for (const spec of inNode) {
    const how = had.get(spec.id);
    if (how === undefined || how.origin === 'built') {
      inputs[spec.id] = { origin: 'built', identity: keys.get(spec.id) ?? '' };
      from.set(spec.id, graph.built.get(spec.id) ?? '');
    } else {
      inputs[spec.id] = { origin: how.origin, identity: `${spec.ref}@${how.digest}` };
      from.set(spec.id, how.from);
    }
  }
  // Upstream's node image lacks the one CNI plugin that flannel needs.
  const base = from.get('node-base') ?? '';
  const bridge =
    inputs['node-base']?.origin === 'built' ? undefined : await ensureBridge(world, base, progress, signal);
  const key = contentKey([deriveKey(), JSON.stringify(inputs)]);
  const ref = `${nodeRepository}:${versions.kubernetes}-${short(key)}`;
  const step: Step = {
    id: 'node',
    title: `node image ${ref}`,
    lane: 'docker',
    ms: 25_000,
    needs: inNode.filter((s) => inputs[s.id]?.origin === 'built').map((s) => s.id),
    key,
    present: (s) => hasImage(runner, ref, s),
    run: (context) =>
      preload(runner, {
        base,
        images: inNode.filter((s) => s.role === 'preload').map((s) => ({ from: from.get(s.id) ?? '', as: s.ref })),
        tag: ref,
        labels: { [deriveLabel]: deriveKey(), [inputsLabel]: JSON.stringify(inputs), [hashLabel]: key },
        container: `firedrill-preload-${short(key)}`,
        ...(bridge === undefined ? {} : { files: [[bridge, '/opt/cni/bin/bridge']] }),
        signal: context.signal,
        say: context.say,
      }),
  };
  return { step, ref, inputs };
}

async function checkToolchain(
  world: World,
  pending: readonly Step[],
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  await ensureBuildTools(world.runner, progress, signal);
  const goMods = pending
    .filter((s) => s.id.startsWith('go-'))
    .map((s) => join(world.recipesDir, s.id.slice(3), 'go.mod'));
  // Sources, compiler caches, binaries and layers: measured, with some room. A few steps more need next to nothing.
  if (goMods.length > 2) {
    await mkdir(world.cacheDir, { recursive: true });
    await requireDisk(world.cacheDir, diskForBuild);
    await requireDisk((await askDocker(world.runner, signal))?.rootDir ?? '/', diskForBuild);
  }
  if (goMods.length > 0) await checkGo(world.runner, await goNeeded(goMods), signal);
}

/**
 * Gives built images their upstream names too, so that whoever names them on this machine finds them. A name that the user's
 * own image has is left to it.
 */
async function publish(world: World, ids: readonly string[], signal?: AbortSignal): Promise<void> {
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
  if ((await alreadyThere(world, options, signal)) !== undefined) {
    return { ready: true, pull: [], build: [], buildMs: 0, buildBytes: 0, ...none };
  }
  const node = await findNode(world, options.mode, signal);
  const missing: ImageSpec[] = [];
  for (const spec of [...(node === undefined ? inNode : []), ...hostSpecs(options)]) {
    const local = await inspect(world.runner, spec.ref, signal);
    if (judgeLocal(local, spec, options.mode, world.keys.get(spec.id) ?? '', world.registry) !== 'use')
      missing.push(spec);
  }
  const build =
    options.mode === 'pull'
      ? []
      : await pendingSteps(
          world.graph.steps,
          missing.map((s) => s.id),
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
      `images: ${String(plan.pull.length)} to pull from ${plan.registry ?? 'their registries'}, about ${String(megabytes)} MB:`,
    );
    lines.push(...plan.pull.map((p) => `  ${p.ref}`));
  }
  if (plan.build.length > 0) {
    const otherwise = plan.pull.length > 0 ? 'where that fails, built from source' : 'images: built from source';
    lines.push(
      `${otherwise}: ${String(plan.build.length)} steps, about ${humanDuration(plan.buildMs)}, ${String(plan.buildBytes / 1e9)} GB of disk in ${plan.cacheDir} and Docker:`,
    );
    lines.push(...plan.build.map((s) => `  ${s.title} (${humanDuration(s.ms)})`));
  }
  return lines;
}

/** How long each step took, longest first, as lines. */
export function timingTable(timings: readonly StepTiming[]): readonly string[] {
  const done = timings.filter((t) => t.state === 'done').sort((a, b) => b.ms - a.ms);
  const skipped = timings.length - done.length;
  return [
    ...done.map((t) => `${humanDuration(t.ms).padStart(12)}  ${t.title}`),
    ...(skipped === 0 ? [] : [`${String(skipped)} steps were there already`]),
  ];
}

/** Removes what interrupted runs left half done. Only called while the lock is held. */
async function clearTmp(cacheDir: string): Promise<void> {
  const tmp = join(cacheDir, 'tmp');
  // A root that was being made may still have the machine's /dev or /proc mounted inside: never remove through a mount.
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  if (mounts.includes(` ${tmp}/`)) return;
  await rm(tmp, { recursive: true, force: true });
}

async function readDurations(cacheDir: string): Promise<Readonly<Record<string, number>>> {
  try {
    const value: unknown = JSON.parse(await readFile(join(cacheDir, 'durations.json'), 'utf8'));
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter((e): e is [string, number] => typeof e[1] === 'number'));
  } catch {
    return {};
  }
}

async function writeDurations(cacheDir: string, durations: Readonly<Record<string, number>>): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const file = join(cacheDir, 'durations.json');
  await writeFile(`${file}.new`, JSON.stringify(durations, null, 2));
  await rename(`${file}.new`, file);
}

import { FiredrillError } from '../model/errors.ts';
import { machineArchitecture } from '../host/architecture.ts';
import { because, lastWords, type Runner } from '../host/run.ts';
import { deadline } from '../host/time.ts';
import { hashLabel } from './build.ts';
import { short } from './keys.ts';
import { splitRef } from '../model/image-name.ts';
import { builtMinor, type ImageMode, type ImageSpec } from './refs.ts';

/** Whether everything is built here, whatever there is. */
export const buildsAll = (mode: ImageMode): boolean => mode === 'build' || mode === 'strict';

/** Where an image came from. */
export type Origin = 'local' | 'pulled' | 'built';

/** What Docker knows of an image that it has. */
export interface LocalImage {
  readonly id: string;
  /** `repository@sha256:…` of the registries that it was pulled from or pushed to. */
  readonly repoDigests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** As images name it: `amd64`; '' where Docker does not say. */
  readonly architecture: string;
}

/** Looks an image up in the local Docker. */
export async function inspect(runner: Runner, ref: string, signal?: AbortSignal): Promise<LocalImage | undefined> {
  const found = await runner.run('docker', ['image', 'inspect', '-f', '{{json .}}', ref], {
    signal,
    timeoutMs: 30_000,
  });
  return found.ok ? parseInspect(found.stdout) : undefined;
}

/** Reads one line of `docker image inspect -f '{{json .}}'`. */
export function parseInspect(text: string): LocalImage | undefined {
  let value: {
    Id?: string;
    RepoDigests?: string[] | null;
    Architecture?: string;
    Config?: { Labels?: Record<string, string> | null } | null;
  };
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (value.Id === undefined) return undefined;
  return {
    id: value.Id,
    repoDigests: value.RepoDigests ?? [],
    labels: value.Config?.Labels ?? {},
    architecture: value.Architecture ?? '',
  };
}

/** Whether an image runs on this machine: a pull for another platform leaves its image under the same names and digests. */
export const runsHere = ({ architecture }: LocalImage): boolean =>
  architecture === '' || architecture === machineArchitecture();

const foreign = (image: LocalImage): string | undefined =>
  runsHere(image) ? undefined : `it is for ${image.architecture}, and this machine is ${machineArchitecture()}`;

/** Why an image may not be taken, wherever it came from: it is for another machine, or one of ours and old; undefined when it may. */
export function unfit(image: LocalImage, key: string): string | undefined {
  const hash = image.labels[hashLabel];
  const old = hash === undefined || hash === key ? undefined : "it was built from another version's recipe";
  return foreign(image) ?? old;
}

/** The name of a published image of ours: upstream's, with its recipe in the tag, so that every version finds its own. */
export const publishedName = (registry: string, ref: string, recipe: string): string =>
  `${mirroredName(registry, ref)}-${short(recipe)}`;

/** The name of upstream's image in a registry that mirrors it. */
function mirroredName(registry: string, ref: string): string {
  const { path, tag } = splitRef(ref);
  return `${registry}/${path}:${tag}`;
}

/** The name under which Docker has exactly the pinned image, whatever its tag points to; the tag where nothing is pinned. */
export function pinnedName(spec: Pick<ImageSpec, 'ref' | 'digest'>): string {
  const { host, path } = splitRef(spec.ref);
  return spec.digest === undefined ? spec.ref : `${host}/${path}@${spec.digest}`;
}

/** Whether an image is the pinned one. A tag says nothing of the content: another release's image has it too. A mirror's content is its owner's affair. */
const isPinned = (image: LocalImage, { digest }: Pick<ImageSpec, 'digest'>, registry: string | undefined): boolean =>
  digest === undefined || registry !== undefined || image.repoDigests.some((d) => d.endsWith(`@${digest}`));

/**
 * Why a local image cannot be used although it has the name, in words; undefined where it can, or where it is one of ours, which is only old.
 * @param registry the mirror that pulls go to, if any
 */
export function whyUnusable(image: LocalImage, spec: Pick<ImageSpec, 'digest'>, registry?: string): string | undefined {
  const why = foreign(image);
  if (why !== undefined || image.labels[hashLabel] !== undefined || isPinned(image, spec, registry)) return why;
  return `it is not the pinned ${spec.digest?.slice(0, 19) ?? ''}…`;
}

/** What a local image is to us. */
export type LocalVerdict =
  /** The user's, or pulled earlier: taken as it is. */
  | 'use'
  /** Ours, built from the recipe as it is now. */
  | 'built'
  /** Not for this mode, or ours from an older recipe. */
  | 'ignore';

/**
 * Whether a local image will do.
 * @param key the key that a build of it would have now
 * @param registry the mirror that pulls go to, if any
 */
export function judgeLocal(
  image: LocalImage | undefined,
  spec: Pick<ImageSpec, 'ref' | 'digest'>,
  mode: ImageMode,
  key: string,
  registry?: string,
): LocalVerdict {
  if (image === undefined || unfit(image, key) !== undefined) return 'ignore';
  const pinned = isPinned(image, spec, registry);
  const hash = image.labels[hashLabel];
  switch (mode) {
    case 'build':
    case 'strict':
      return hash === key ? 'built' : 'ignore';
    case 'pull': {
      // Whatever it was built from, it must have come from a registry.
      const { host, path } = splitRef(spec.ref);
      const names = [
        `${host}/${path}`,
        path,
        path.replace(/^library\//, ''),
        ...(registry === undefined ? [] : [`${registry}/${path}`]),
      ];
      return pinned && image.repoDigests.some((d) => names.includes(d.split('@')[0] ?? '')) ? 'use' : 'ignore';
    }
    case 'auto':
      if (hash === undefined) return pinned ? 'use' : 'ignore';
      return 'built';
  }
}

/** A local image, what it is to us, and the name under which Docker has it. */
export interface FoundLocal {
  readonly verdict: LocalVerdict;
  readonly image?: LocalImage;
  readonly name: string;
}

/** By what an image is judged. */
export interface Wanted {
  readonly mode: ImageMode;
  /** The key that a build of it would have now. */
  readonly key: string;
  /** The registry that pulls go to, if any. */
  readonly registry?: string | undefined;
  /** Its name there if it was published from this very recipe. */
  readonly published?: string | undefined;
}

/** Looks for an image in the local Docker: as it was published, by its digest where one is pinned, then by its tag. */
export async function findLocal(
  runner: Runner,
  spec: Pick<ImageSpec, 'ref' | 'digest'>,
  wanted: Wanted,
  signal?: AbortSignal,
): Promise<FoundLocal> {
  const { mode, key, registry, published } = wanted;
  let unusable: FoundLocal | undefined;
  if (registry !== undefined && !buildsAll(mode)) {
    for (const name of [...(published === undefined ? [] : [published]), mirroredName(registry, spec.ref)]) {
      const image = await inspect(runner, name, signal);
      if (image === undefined) continue;
      const fits = unfit(image, key) === undefined && (name !== published || image.labels[hashLabel] === key);
      if (fits) return { verdict: 'use', image, name };
      unusable ??= { verdict: 'ignore', image, name };
    }
  }
  const exact = pinnedName(spec);
  if (exact !== spec.ref && !buildsAll(mode) && registry === undefined) {
    const image = await inspect(runner, exact, signal);
    if (image !== undefined && runsHere(image)) return { verdict: 'use', image, name: exact };
  }
  const image = await inspect(runner, spec.ref, signal);
  const verdict = judgeLocal(image, spec, mode, key, registry);
  if (verdict === 'ignore' && unusable !== undefined) return unusable;
  return { verdict, ...(image === undefined ? {} : { image }), name: spec.ref };
}

/** What a failed pull says about the next one from the same host. */
export type PullFailure = 'registry' | 'image';

/** Whether a pull failed for the whole registry (none there, refused, too many requests) or for this image only. */
export function classifyPullFailure(said: string, timedOut: boolean): PullFailure {
  if (timedOut) return 'registry';
  return /manifest unknown|not found|no matching manifest|denied|unauthorized/i.test(said) &&
    !/no such host|connection refused/i.test(said)
    ? 'image'
    : 'registry';
}

interface PullOptions {
  readonly signal?: AbortSignal | undefined;
  readonly say?: (line: string) => void;
  /** Asked for first; a registry that has no such image is asked for what it mirrors. */
  readonly published?: string | undefined;
}

/** Pulls images and remembers which registries do not answer, so that each is asked once. */
export class Puller {
  readonly #runner: Runner;
  readonly #registry: string | undefined;
  readonly #silent = new Map<string, string>();
  /** How long a registry may take until it answers at all. What it then sends may take as long as it likes. */
  readonly #answerMs: number;

  constructor(runner: Runner, registry: string | undefined, answerMs = 20_000) {
    this.#runner = runner;
    this.#registry = registry;
    this.#answerMs = answerMs;
  }

  /** The host that this image is asked of. */
  hostOf(spec: Pick<ImageSpec, 'ref'>): string {
    return this.#registry ?? splitRef(spec.ref).host;
  }

  /** Why an image's registry is not worth asking again; undefined when it is. */
  silence(spec: Pick<ImageSpec, 'ref'>): string | undefined {
    return this.#silent.get(this.hostOf(spec));
  }

  /**
   * Pulls an image: a pinned one by its digest. From a registry of one's own it is what was published there from this recipe, else what the
   * registry mirrors, by its tag. What the user has under its upstream name stays what it was.
   * @returns `undefined` when it worked, else why not, in one line.
   */
  async pull(spec: ImageSpec, options: PullOptions = {}): Promise<string | undefined> {
    const { published } = options;
    if (published !== undefined && (await this.#pull(published, spec, options)) === undefined) return undefined;
    const name = this.#registry === undefined ? pinnedName(spec) : mirroredName(this.#registry, spec.ref);
    return this.#pull(name, spec, options);
  }

  async #pull(name: string, spec: ImageSpec, options: PullOptions): Promise<string | undefined> {
    const host = this.hostOf(spec);
    const known = this.#silent.get(host);
    if (known !== undefined) return known;

    using answer = deadline(this.#answerMs, options.signal);
    let said = '';
    let timedOut = false;
    try {
      const result = await this.#runner.run('docker', ['pull', name], {
        signal: answer.signal,
        timeoutMs: 3_600_000,
        onLine: (line) => {
          if (/pulling|digest:|status:/i.test(line)) answer.lift();
          options.say?.(line.slice(0, 120));
        },
      });
      if (result.ok) return undefined;
      said = because('docker', result);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!answer.passed()) throw error;
      timedOut = true;
      said = `no answer in ${Math.round(this.#answerMs / 1000)} s`;
    }
    const why = `${host}: ${lastWords({ stdout: '', stderr: said }, 1)
      .replace(/^Error response from daemon: /, '')
      .slice(0, 160)}`;
    if (classifyPullFailure(said, timedOut) === 'registry') this.#silent.set(host, why);
    return why;
  }
}

/** What to do about a pull that failed, besides trying again. */
function afterFailedPull(host: string, why: string, canBuild: boolean): string {
  const other = canBuild
    ? 'or build the images: `--images build`'
    : `or omit \`--kubernetes\`: ${builtMinor} can be built here`;
  if (/unauthorized|denied|no basic auth/i.test(why)) return `\`docker login ${host}\`, ${other}`;
  if (/toomanyrequests|too many requests|rate limit/i.test(why))
    return `wait, or \`docker login ${host}\` for a higher limit, ${other}`;
  return `name a mirror with FIREDRILL_REGISTRY=<host:port>, ${other}`;
}

/** The error where an image can be had in no other way. */
export function pullError(spec: ImageSpec, host: string, why: string, canBuild: boolean): FiredrillError {
  return new FiredrillError('environment', `cannot pull ${spec.ref}: ${why}`, {
    hint: afterFailedPull(host, why, canBuild),
  });
}

import { access, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { machineArchitecture, type Architecture } from '../host/architecture.ts';
import { download } from '../host/download.ts';
import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { realRunner, type Runner } from '../host/run.ts';
import { deadline } from '../host/time.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { ownK3s, type OwnK3s } from '../images/own-k3s.ts';
import { k3sRelease, type ImageMode } from '../images/refs.ts';
import { buildsAll } from '../images/sources.ts';
import { teller } from './teller.ts';

/** What a test replaces. */
interface Upstream {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly runner?: Runner;
  readonly architecture?: Architecture;
  readonly cacheDir?: string;
  readonly fetcher?: typeof fetch;
}

/**
 * The real k3s: the one that `FIREDRILL_K3S` names, else upstream's release, fetched once and checked. Undefined where everything is built here, and in
 * `auto` where the release cannot be had, which is said: then nodes run the stand-in.
 * @throws FiredrillError `usage` for a named one that cannot be used; `environment` in `pull` mode when the release cannot be had
 */
export async function realK3s(
  mode: ImageMode,
  progress: OnProgress,
  signal?: AbortSignal,
  given: Upstream = {},
): Promise<OwnK3s | undefined> {
  const { env = process.env, runner = realRunner, architecture = machineArchitecture() } = given;
  const own = await ownK3s(env, runner, architecture);
  if (own !== undefined || buildsAll(mode)) return own;
  try {
    const files = await fetchRelease(architecture, progress, signal, given);
    return await ownK3s({ FIREDRILL_K3S: files.program, FIREDRILL_K3S_IMAGES: files.images }, runner, architecture);
  } catch (error) {
    signal?.throwIfAborted();
    if (mode === 'pull' || !(error instanceof FiredrillError)) throw error;
    const text = `nodes run the stand-in for k3s, not k3s ${k3sRelease}: ${oneLine(error)}`;
    progress({ type: 'note', level: 'warning', text });
    return undefined;
  }
}

/** Names of a release's files. (github.com/k3s-io/k3s/releases) */
export const releaseFiles = (architecture: Architecture) => ({
  program: architecture === 'amd64' ? 'k3s' : `k3s-${architecture}`,
  images: `k3s-airgap-images-${architecture}.tar.zst`,
  sums: `sha256sum-${architecture}.txt`,
});

/** The paths of the release's two files, which are fetched where they are not there yet. */
async function fetchRelease(
  architecture: Architecture,
  progress: OnProgress,
  signal: AbortSignal | undefined,
  { cacheDir = defaultCacheDir(), fetcher = fetch }: Upstream,
): Promise<{ readonly program: string; readonly images: string }> {
  const from = `https://github.com/k3s-io/k3s/releases/download/${encodeURIComponent(k3sRelease)}`;
  const names = releaseFiles(architecture);
  const dir = join(cacheDir, 'k3s', k3sRelease);
  const paths = { program: join(dir, names.program), images: join(dir, names.images) };
  const there = await Promise.all(Object.values(paths).map(exists));
  if (there.every(Boolean)) return paths;

  const sums = await textOf(`${from}/${names.sums}`, fetcher, signal);
  for (const name of [names.program, names.images]) {
    if (await exists(join(dir, name))) continue;
    const line = sums.split('\n').find((one) => one.trim().split(/\s+/)[1] === name);
    if (line === undefined) throw new FiredrillError('environment', `${from}/${names.sums} has no ${name}`);
    const tell = teller(progress, `${name} of k3s ${k3sRelease}`);
    tell('started', 'from github.com');
    await download(`${from}/${name}`, join(dir, name), {
      sha256: line.trim().split(/\s+/)[0] ?? '',
      fetcher,
      ...(signal === undefined ? {} : { signal }),
      onBytes: paced(tell),
    });
    tell('done');
  }
  await chmod(paths.program, 0o755);
  return paths;
}

/** Tells every two seconds how much has come, and how long the rest takes at this pace. */
function paced(tell: ReturnType<typeof teller>): (received: number, total?: number) => void {
  const since = performance.now();
  let told = since;
  let first: number | undefined;
  return (received, total) => {
    first ??= received;
    const now = performance.now();
    if (now - told < 2_000) return;
    told = now;
    const rate = (received - first) / (now - since);
    const etaMs = total === undefined || rate <= 0 ? undefined : Math.round((total - received) / rate);
    const of = total === undefined ? '' : ` of ${(total / 1e6).toFixed(0)}`;
    tell('working', `${(received / 1e6).toFixed(0)}${of} MB`, etaMs);
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A small file; a server that does not answer soon counts as one that is not there. */
async function textOf(url: string, fetcher: typeof fetch, signal?: AbortSignal): Promise<string> {
  using limit = deadline(20_000, signal);
  try {
    const response = await fetcher(url, { signal: limit.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof Error ? (error.cause ?? error) : error;
    throw new FiredrillError('environment', `cannot fetch ${url}: ${oneLine(why)}`, {
      cause: error,
      hint: 'FIREDRILL_K3S=/path/to/k3s, or `--images build` for the stand-in',
    });
  }
}

import { access, chmod, constants, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { because, realRunner, type Runner } from '../host/run.ts';
import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';

/** Prometheus' two programs, and what the server calls itself: `2.42.0+ds`. */
export interface Tools {
  readonly prometheus: string;
  /** Absent where there is the server only: then that checks rules, too. */
  readonly promtool?: string;
  readonly version: string;
  /** Where they are from, in words. */
  readonly from: string;
}

/** What the search for them may be told. */
export interface ToolOptions {
  readonly runner?: Runner;
  readonly cacheDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What is built where there is no package: Prometheus 3.16 (its Go module's versions are 0.<minor>). */
const goModule = 'github.com/prometheus/prometheus@v0.316.0';

const hint =
  'install Prometheus (https://prometheus.io/download/), then FIREDRILL_PROMETHEUS=<folder with prometheus and promtool>';

/** `prometheus, version 2.42.0+ds (branch: …`; undefined for anything else. */
export const versionIn = (said: string): string | undefined => /^prometheus, version (\S+)/m.exec(said)?.[1];

const runnable = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};

/** The programs of a folder, where the server is there and says what it is. */
async function inFolder(
  folder: string,
  from: string,
  runner: Runner,
  signal?: AbortSignal,
): Promise<Tools | undefined> {
  const [prometheus, promtool] = [join(folder, 'prometheus'), join(folder, 'promtool')];
  if (!(await runnable(prometheus))) return undefined;
  const said = await runner.run(prometheus, ['--version'], { signal, timeoutMs: 20_000 });
  // Earlier versions write it to stderr.
  const version = versionIn(`${said.stdout}\n${said.stderr}`);
  if (version === undefined) return undefined;
  return { prometheus, version, from, ...((await runnable(promtool)) ? { promtool } : {}) };
}

/**
 * Prometheus and promtool where they are already: what the user names (`FIREDRILL_PROMETHEUS`: a folder, or the server in it), else on the PATH, else what
 * was obtained before.
 * @throws FiredrillError `usage` when the user names what is none
 */
export async function findTools(options: ToolOptions = {}, signal?: AbortSignal): Promise<Tools | undefined> {
  const { runner = realRunner, env = process.env, cacheDir = defaultCacheDir() } = options;
  const named = env['FIREDRILL_PROMETHEUS'];
  if (named !== undefined && named !== '') {
    const folder = (await runnable(named)) ? dirname(named) : named;
    const found = await inFolder(folder, 'FIREDRILL_PROMETHEUS', runner, signal);
    if (found !== undefined) return found;
    throw new FiredrillError('usage', `FIREDRILL_PROMETHEUS=${named}: no prometheus that runs is there`, {
      hint: 'FIREDRILL_PROMETHEUS=<folder with prometheus and promtool>',
    });
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const found = await inFolder(folder, 'the PATH', runner, signal);
    if (found !== undefined) return found;
  }
  return inFolder(place(cacheDir), 'the cache', runner, signal);
}

/** Where they are kept: what is obtained once stays. */
const place = (cacheDir: string): string => join(cacheDir, 'bin', 'prometheus');

/**
 * The same, and where there are none, obtains them: Debian's package, unpacked and not installed (a second, 19 MB; needs apt, not root), else compiled from
 * the Go module proxy (minutes). What breaks off leaves nothing half done; Go goes on where it was.
 * @throws FiredrillError `environment` where neither can be had
 */
export async function ensureTools(options: ToolOptions, progress: OnProgress, signal?: AbortSignal): Promise<Tools> {
  const found = await findTools(options, signal);
  if (found !== undefined) return found;
  const { runner = realRunner, cacheDir = defaultCacheDir() } = options;
  const began = performance.now();
  const tell = (state: 'started' | 'working' | 'done' | 'failed', detail?: string): void => {
    progress({
      type: 'setup',
      part: 'prometheus',
      state,
      index: 1,
      of: 1,
      elapsedMs: Math.round(performance.now() - began),
      ...(detail === undefined ? {} : { detail }),
    });
  };
  const folder = place(cacheDir);
  await mkdir(dirname(folder), { recursive: true });
  const tmp = await mkdtemp(join(dirname(folder), '.prometheus-'));
  // What a user without rights to it (apt's own) must be able to write to.
  await chmod(tmp, 0o755);
  try {
    tell('started', "Debian's package, 19 MB");
    const whyNot: string[] = [];
    for (const [name, obtain] of [
      ["Debian's package", fromDebian],
      ['Go', fromGo],
    ] as const) {
      const fresh = join(tmp, 'out');
      await rm(fresh, { recursive: true, force: true });
      const failed = await obtain(
        runner,
        join(tmp, 'work'),
        fresh,
        (detail) => {
          tell('working', detail);
        },
        signal,
      );
      const tools = failed === undefined ? await inFolder(fresh, name, runner, signal) : undefined;
      if (tools !== undefined) {
        await rm(folder, { recursive: true, force: true });
        await rename(fresh, folder);
        tell('done');
        const kept = await inFolder(folder, name, runner, signal);
        if (kept !== undefined) return kept;
      }
      whyNot.push(`${name}: ${failed ?? 'what came does not run here'}`);
    }
    tell('failed', whyNot.join('; '));
    throw new FiredrillError(
      'environment',
      `Prometheus is not on this machine and could not be obtained (${whyNot.join('; ')})`,
      { hint },
    );
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
}

type Obtain = (
  runner: Runner,
  work: string,
  out: string,
  say: (detail: string) => void,
  signal?: AbortSignal,
) => Promise<string | undefined>;

/** Fetches and unpacks; nothing is installed. Returns why not. */
const fromDebian: Obtain = async (runner, work, out, _say, signal) => {
  await mkdir(work, { recursive: true });
  await mkdir(out, { recursive: true });
  const options = { cwd: work, signal, timeoutMs: 180_000 };
  const download = () => runner.run('apt-get', ['download', '-q', 'prometheus'], options);
  let got = await download();
  if (!got.ok && !got.missing && process.getuid?.() === 0) {
    await runner.run('apt-get', ['update', '-q'], options);
    got = await download();
  }
  if (!got.ok) return because('apt-get', got);
  const unpacked = await runner.run(
    'sh',
    ['-c', 'dpkg-deb -x prometheus_*.deb root && mv root/usr/bin/prometheus root/usr/bin/promtool "$1"', 'sh', out],
    options,
  );
  return unpacked.ok ? undefined : because('dpkg-deb', unpacked);
};

/** Compiles both, without service discovery, which nothing here uses. */
const fromGo: Obtain = async (runner, _work, out, say, signal) => {
  await mkdir(out, { recursive: true });
  say('compiling with Go, some minutes');
  const [path, version] = goModule.split('@');
  const programs = ['prometheus', 'promtool'].map((name) => `${path ?? ''}/cmd/${name}@${version ?? ''}`);
  const done = await runner.run(
    'go',
    ['install', '-trimpath', '-tags', 'netgo,remove_all_sd', '-ldflags', '-s -w', ...programs],
    { env: { CGO_ENABLED: '0', GOWORK: 'off', GOBIN: out }, signal, timeoutMs: 1_800_000 },
  );
  return done.ok ? undefined : because('go', done);
};

import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { fetchChecked } from '../host/fetch.ts';
import { nodeBaseOf } from '../images/bases.ts';
import { teller } from './teller.ts';
import type { OwnK3s } from '../images/own-k3s.ts';
import { versions } from '../images/refs.ts';
import type { DistributionName } from '../model/distribution.ts';
import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { machineArchitecture } from '../host/architecture.ts';
import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { because, must, realRunner, type Runner } from '../host/run.ts';

/** What the binaries' set-up may be told. */
export interface BinaryOptions {
  readonly runner?: Runner;
  readonly cacheDir?: string;
  readonly fetcher?: typeof fetch;
  /** Version of kubectl, as in `v1.34.3`; default: that of the images that are built. */
  readonly kubernetes?: string;
  /** Whose node image it is; default: kubeadm's. k3s is its own kubectl. */
  readonly distribution?: DistributionName;
  /** The k3s that the user names. */
  readonly k3s?: OwnK3s;
}

/** Where the binaries live: never the user's own, whose versions nobody pinned. */
export function binDir(cacheDir: string = defaultCacheDir()): string {
  return join(cacheDir, 'bin');
}

/** Whether `kind version` says that it is this version: `kind v0.31.0 go1.26.8 linux/amd64`. */
export function isKindVersion(output: string, version: string): boolean {
  return new RegExp(`^kind ${version.replaceAll('.', '\\.')}(\\s|$)`).test(output.trim());
}

/** Whether `kubectl version --client -o json` says that it is this version. */
export function isKubectlVersion(output: string, version: string): boolean {
  try {
    const value = JSON.parse(output) as { clientVersion?: { gitVersion?: string } };
    return value.clientVersion?.gitVersion === version;
  } catch {
    return false;
  }
}

/**
 * The pinned kind binary: from the cache, else built by `go install`, else fetched from its release and checked.
 * @returns its path.
 * @throws FiredrillError `environment` when there is neither Go nor a network.
 */
export async function ensureKind(options: BinaryOptions, progress: OnProgress, signal?: AbortSignal): Promise<string> {
  const runner = options.runner ?? realRunner;
  const dir = binDir(options.cacheDir);
  const file = join(dir, 'kind');
  const present = await runner.run(file, ['version'], { signal, timeoutMs: 20_000 });
  if (present.ok && isKindVersion(present.stdout, versions.kind)) return file;

  const tell = teller(progress, `kind ${versions.kind}`);
  tell('started', 'go install, about half a minute');
  await mkdir(dir, { recursive: true });
  const tmp = await mkdtemp(join(dir, '.kind-'));
  try {
    const built = await runner.run('go', ['install', '-trimpath', `sigs.k8s.io/kind@${versions.kind}`], {
      env: { GOBIN: tmp, CGO_ENABLED: '0', GOWORK: 'off' },
      signal,
      timeoutMs: 900_000,
    });
    if (!built.ok) {
      tell('working', `fetching the release (go install: ${because('go', built)})`);
      const url = `https://github.com/kubernetes-sigs/kind/releases/download/${versions.kind}/kind-${platform()}-${machineArchitecture()}`;
      await writeFile(join(tmp, 'kind'), await fetchChecked(url, `${url}.sha256sum`, signal, options.fetcher));
    }
    await chmod(join(tmp, 'kind'), 0o755);
    const check = await runner.run(join(tmp, 'kind'), ['version'], { signal, timeoutMs: 20_000 });
    if (!check.ok) throw new FiredrillError('environment', `the new kind does not run: ${because('kind', check)}`);
    await rename(join(tmp, 'kind'), file);
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
  tell('done');
  return file;
}

/**
 * The kubectl that fits the clusters: from the cache, else copied out of the node image (Linux), else fetched from the
 * Kubernetes release and checked.
 * @param nodeImage the node image that is in the local Docker
 * @returns its path.
 * @throws FiredrillError `environment`
 */
export async function ensureKubectl(
  nodeImage: string,
  options: BinaryOptions,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<string> {
  const runner = options.runner ?? realRunner;
  const dir = binDir(options.cacheDir);
  const { version: wanted, inImage, kept } = nodeBaseOf(options).kubectl(options.kubernetes ?? versions.kubernetes);
  const file = join(dir, kept);
  const version = async (path: string): Promise<boolean> => {
    const found = await runner.run(path, ['version', '--client', '-o', 'json'], { signal, timeoutMs: 20_000 });
    return found.ok && isKubectlVersion(found.stdout, wanted);
  };
  if (await version(file)) return file;

  const tell = teller(progress, `kubectl ${wanted}`);
  tell('started', process.platform === 'linux' ? `from ${nodeImage}` : 'from its release');
  await mkdir(dirname(file), { recursive: true });
  const tmp = await mkdtemp(join(dir, '.kubectl-'));
  try {
    const fresh = join(tmp, 'kubectl');
    if (process.platform === 'linux') await copyOut(runner, nodeImage, inImage, fresh, signal);
    else {
      const url = `https://dl.k8s.io/release/${wanted}/bin/${platform()}/${machineArchitecture()}/kubectl`;
      await writeFile(fresh, await fetchChecked(url, `${url}.sha256`, signal, options.fetcher));
    }
    await chmod(fresh, 0o755);
    if (!(await version(fresh))) {
      throw new FiredrillError('environment', `the kubectl in ${nodeImage} is not ${wanted}`, {
        hint: 'npm run firedrill -- doctor',
      });
    }
    await rename(fresh, file);
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
  tell('done');
  return file;
}

/** Copies one file out of an image, through a container that is never started. */
async function copyOut(runner: Runner, image: string, from: string, to: string, signal?: AbortSignal): Promise<void> {
  const id = (
    await must(runner, `opening ${image}`, 'docker', ['create', '--network', 'none', image], {
      signal,
      timeoutMs: 120_000,
    })
  ).trim();
  try {
    await must(runner, `copying ${from}`, 'docker', ['cp', '-L', `${id}:${from}`, to], { signal, timeoutMs: 120_000 });
  } finally {
    await runner.run('docker', ['rm', '-v', id]);
  }
}

const platform = (): string => (process.platform === 'darwin' ? 'darwin' : 'linux');

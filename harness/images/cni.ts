import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { architectures, machineArchitecture, type Architecture } from '../setup/architecture.ts';
import { must, type Runner } from '../setup/run.ts';
import { versions } from './refs.ts';
import { goEnv } from './toolchain.ts';

/** What is needed to get the plugin. */
export interface BridgeContext {
  readonly runner: Runner;
  readonly cacheDir: string;
  readonly recipesDir: string;
}

/**
 * The `bridge` CNI plugin for a node image that lacks it, as a file on this machine; undefined when the image has it.
 * kindest/node ships only the plugins that its own kindnet calls; flannel's configuration names `bridge`.
 * Built from its Go module where there is Go, else fetched from its release and checked against the release's checksum.
 * @throws FiredrillError `environment` when neither works.
 */
export async function ensureBridge(
  context: BridgeContext,
  base: string,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { runner, cacheDir, recipesDir } = context;
  const args = ['run', '--rm', '--network', 'none', '--entrypoint', 'test', base, '-x', '/opt/cni/bin/bridge'];
  if ((await runner.run('docker', args, { signal, timeoutMs: 60_000 })).ok) return undefined;

  const architecture = machineArchitecture();
  const suffix = architecture === architectures[0] ? '' : `-${architecture}`;
  const folder = join(cacheDir, 'artifacts', `cni-${versions.cniPlugins}${suffix}`);
  const file = join(folder, 'bridge');
  if (
    await stat(file).then(
      () => true,
      () => false,
    )
  )
    return file;
  const tmp = join(cacheDir, 'tmp', `cni-${String(process.pid)}`);
  await rm(tmp, { recursive: true, force: true });
  await mkdir(tmp, { recursive: true });
  progress({
    type: 'note',
    level: 'info',
    text: `the node image lacks the CNI plugin \`bridge\`: adding ${versions.cniPlugins}`,
  });

  const built = await runner.run(
    'go',
    [
      'build',
      '-trimpath',
      '-ldflags',
      '-s -w',
      '-o',
      `${tmp}/`,
      'github.com/containernetworking/plugins/plugins/main/bridge',
    ],
    { cwd: join(recipesDir, 'cni'), env: goEnv(architecture, false), signal },
  );
  if (!built.ok) await download(runner, tmp, architecture, signal);
  await mkdir(join(cacheDir, 'artifacts'), { recursive: true });
  await rename(tmp, folder);
  return file;
}

async function download(runner: Runner, tmp: string, architecture: Architecture, signal?: AbortSignal): Promise<void> {
  const name = `cni-plugins-linux-${architecture}-${versions.cniPlugins}.tgz`;
  const url = `https://github.com/containernetworking/plugins/releases/download/${versions.cniPlugins}/${name}`;
  await writeFile(join(tmp, name), await fetchChecked(url, `${url}.sha256`, signal));
  await must(runner, `unpacking ${name}`, 'tar', ['-xzf', join(tmp, name), '-C', tmp, './bridge'], { signal });
  await rm(join(tmp, name));
}

/**
 * Fetches a file and checks it against a checksum file beside it (`<hex>  <name>`).
 * @throws FiredrillError `environment` when either cannot be had or they do not match.
 */
export async function fetchChecked(
  url: string,
  sumUrl: string,
  signal?: AbortSignal,
  fetcher: typeof fetch = fetch,
): Promise<Buffer> {
  const timeout = AbortSignal.timeout(300_000);
  const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const get = async (what: string): Promise<Buffer> => {
    try {
      const response = await fetcher(what, { signal: both, redirect: 'follow' });
      if (!response.ok) throw new Error(`HTTP ${String(response.status)}`);
      return Buffer.from(await response.arrayBuffer());
    } catch (cause) {
      signal?.throwIfAborted();
      throw new FiredrillError('environment', `cannot fetch ${what}`, {
        hint: 'install Go, so that it can be built',
        cause,
      });
    }
  };
  const [data, sums] = [await get(url), (await get(sumUrl)).toString('utf8')];
  const expected = /\b[0-9a-f]{64}\b/.exec(sums)?.[0];
  const actual = createHash('sha256').update(data).digest('hex');
  if (expected !== actual) {
    throw new FiredrillError('environment', `${url} does not match its checksum`, {
      hint: 'try again, or install Go so that it is built',
    });
  }
  return data;
}

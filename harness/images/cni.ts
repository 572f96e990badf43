import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { OnProgress } from '../model/progress.ts';
import { architectures, machineArchitecture, type Architecture } from '../host/architecture.ts';
import { fetchChecked } from '../host/fetch.ts';
import { must, type Runner } from '../host/run.ts';
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
  const tmp = join(cacheDir, 'tmp', `cni-${process.pid}`);
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

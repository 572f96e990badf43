import { must, type Runner } from './run.ts';

let listsAreFresh = false;

/**
 * Installs Debian packages, refreshing the package lists once per process.
 * @throws FiredrillError `environment` with apt-get's last words.
 */
export async function aptInstall(runner: Runner, packages: readonly string[], signal?: AbortSignal): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const hint = `run \`apt-get install ${packages.join(' ')}\` yourself to see what fails`;
  if (!listsAreFresh) {
    await must(runner, 'apt-get update', 'apt-get', ['update', '-q'], { env, signal, hint, timeoutMs: 300_000 });
    listsAreFresh = true;
  }
  const args = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  await must(runner, `installing ${packages.join(', ')}`, 'apt-get', args, { env, signal, hint, timeoutMs: 900_000 });
}

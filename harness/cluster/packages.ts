import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../host/folders.ts';
import type { Docker } from './docker.ts';

/**
 * The CNI plugins of a node image as its makers put them there (`from`): what reinstalling the package would
 * download. Taken out of the image once, without starting it, and kept in the cache by the image's id.
 *
 * @returns the folder that holds the plugins
 */
export async function cniPackages(
  docker: Docker,
  options: { readonly image: string; readonly runLabel: string; readonly from: string; readonly cache?: string },
  signal: AbortSignal,
): Promise<string> {
  const id = (await docker(['image', 'inspect', '-f', '{{.Id}}', options.image], { signal })).replace('sha256:', '');
  const parent = join(options.cache ?? cacheDir(), 'packages');
  const dir = join(parent, id.slice(0, 16));
  if ((await readdir(dir).catch(() => [])).length > 0) return dir;
  await mkdir(parent, { recursive: true });
  // Beside its place and moved there whole: two runs may do this at once, and one may be interrupted.
  const partial = await mkdtemp(join(parent, 'partial-'));
  const container = await docker(['create', '--label', options.runLabel, options.image], { signal });
  try {
    await docker(['cp', `${container}:${options.from}/.`, partial], { signal });
    await rename(partial, dir).catch(async (error: unknown) => {
      if ((await readdir(dir).catch(() => [])).length === 0) throw error;
    });
  } finally {
    await docker(['rm', '-f', '-v', container]);
    await rm(partial, { recursive: true, force: true });
  }
  return dir;
}

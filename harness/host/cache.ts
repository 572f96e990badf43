import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder for what can be made again: binaries, roots, timings. `FIREDRILL_CACHE`, else `XDG_CACHE_HOME/firedrill`,
 * else `~/.cache/firedrill`. Always absolute; a relative `XDG_CACHE_HOME` is ignored, as its specification demands.
 */
export function cacheDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = env['FIREDRILL_CACHE'];
  if (own !== undefined && own !== '') return resolve(own);
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'firedrill');
  return join(homedir(), '.cache', 'firedrill');
}

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder in which firedrill keeps what must outlive a process: the registry of runs, kubeconfigs of kept clusters,
 * binaries and build caches. `FIREDRILL_STATE`, else `XDG_STATE_HOME/firedrill`, else `~/.local/state/firedrill`. Always
 * absolute. A relative `XDG_STATE_HOME` is ignored, as the XDG Base Directory Specification demands.
 */
export function stateDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = env['FIREDRILL_STATE'];
  if (own !== undefined && own !== '') return resolve(own);
  const xdg = env['XDG_STATE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'firedrill');
  return join(homedir(), '.local', 'state', 'firedrill');
}

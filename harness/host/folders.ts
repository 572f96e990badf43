import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** `own`, else `xdg`/firedrill, else `~/home`/firedrill: always absolute. A relative `xdg` is ignored, as its specification demands. */
const folder =
  (own: string, xdg: string, home: string) =>
  (env: Env = process.env): string => {
    const [given, base] = [env[own], env[xdg]];
    if (given !== undefined && given !== '') return resolve(given);
    return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), home), 'firedrill');
  };

/** What must outlive a process: the registry of runs, kubeconfigs of kept clusters. `FIREDRILL_STATE`, else `XDG_STATE_HOME`. */
export const stateDir = folder('FIREDRILL_STATE', 'XDG_STATE_HOME', '.local/state');

/** What can be recreated: binaries, roots, timings. `FIREDRILL_CACHE`, else `XDG_CACHE_HOME`. */
export const cacheDir = folder('FIREDRILL_CACHE', 'XDG_CACHE_HOME', '.cache');

import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { execute } from '../host/run.ts';
import { seconds } from '../model/units.ts';

/** How a program at a desk is kept from what is not its business. */
export interface Apart {
  /** What stands in front of the program and its arguments. */
  readonly prefix: readonly string[];
  /** `namespaces`: processes and folders of its own, so that nothing it starts outlives it; `process group` where the machine allows no more. */
  readonly how: 'namespaces' | 'process group';
}

const namespaces = ['unshare', '--pid', '--fork', '--kill-child', '--mount', '--mount-proc'] as const;

/**
 * Namespaces of its own, where this machine can make them (Linux, as root): a responder sees no process but its own and none of the folders, and
 * all that it started ends with it.
 * @param folders what is covered; a folder that holds `program` is covered but for what leads to it
 */
export async function apart(folders: readonly string[], program?: string): Promise<Apart> {
  const [file, ...rest] = namespaces;
  const probe = await execute(file, [...rest, 'true'], { timeoutMs: seconds(10) });
  if (!probe.ok) return { prefix: [], how: 'process group' };
  const script = new URL('shell/apart.sh', import.meta.url).pathname;
  const covered = folders.flatMap((folder) => coverable(folder, program));
  return { prefix: [...namespaces, 'sh', script, ...covered, '--'], how: 'namespaces' };
}

/** The folder; where the program lies in it, its other folders, and those on the way. */
function coverable(folder: string, program: string | undefined): readonly string[] {
  if (!existsSync(folder)) return [];
  const real = realpathSync(folder);
  if (program === undefined || !realpathSync(program).startsWith(real + sep)) return [real];
  return readdirSync(real)
    .map((name) => join(real, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    .flatMap((path) => (path.endsWith(`${sep}node_modules`) ? [] : coverable(path, program)));
}

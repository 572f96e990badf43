import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from '../host/time.ts';

/** How long a shell may take to end that is told to. */
const endMs = 2000;

/** A shell that has the terminal. */
export interface Shell {
  /** When it has ended, by itself or by `end`. */
  readonly ended: Promise<void>;
  /** Ends it, and what runs in it. */
  end(): Promise<void>;
}

const rc = fileURLToPath(new URL('shell/rc.sh', import.meta.url));

/**
 * Opens a shell in this terminal: bash, which tells of alerts at its prompt, or sh where there is no bash.
 * @param env the whole environment
 * @param outer this process' own, for what belongs to the terminal
 */
export function openShell(
  env: Readonly<Record<string, string>>,
  cwd: string,
  outer: Readonly<Record<string, string | undefined>> = process.env,
): Shell {
  const bash = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'bash'))
    .find((file) => existsSync(file));
  const [file, args] = bash === undefined ? ['/bin/sh', ['-i']] : [bash, ['--noprofile', '--rcfile', rc, '-i']];
  const terminal = Object.fromEntries(
    ['TERM', 'COLORTERM', 'LANG', 'LC_ALL'].flatMap((key) => (outer[key] === undefined ? [] : [[key, outer[key]]])),
  );
  const child = spawn(file, args, { stdio: 'inherit', cwd, env: { PS1: 'on-call$ ', ...env, ...terminal } });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('close', () => {
      resolve();
    });
  });
  return {
    ended,
    end: async () => {
      // Bash passes it on to its jobs, and gives the terminal back.
      child.kill('SIGHUP');
      const inTime = await Promise.race([ended.then(() => true), sleep(endMs).then(() => false)]);
      if (!inTime) child.kill('SIGKILL');
      await ended;
    },
  };
}

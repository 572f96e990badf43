import { accessSync, closeSync, constants, openSync, statSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { deadline } from '../host/time.ts';
import { execute } from '../host/run.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { humanDuration } from '../model/units.ts';
import type { Apart } from './apart.ts';
import type { Desk } from './desk.ts';

/** How somebody's time at a desk ended. */
export interface DeskEnding {
  /** `done`: by itself. `late`: at the limit. `over`: service was back, or the trial ended. `flooded`: it printed more than anybody reads. `failed`: it could not be started. */
  readonly how: 'done' | 'late' | 'over' | 'flooded' | 'failed';
  /** In one clause. */
  readonly says: string;
}

/** How much a program may print before it is ended, and how much of that is kept (characters). */
const printed = { most: 32 * 1024 * 1024, kept: 512 * 1024 } as const;
/** How long it may take to go when it is told to. */
const graceMs = 2000;

/**
 * The absolute path of a program that can be a responder.
 * @throws FiredrillError `usage` when there is none, or it cannot be executed
 */
export function requireProgram(asked: string): string {
  const file = resolve(asked);
  const fail = (what: string, hint: string, cause?: unknown) =>
    new FiredrillError('usage', `--responder ${asked}: ${what}`, { hint, ...(cause === undefined ? {} : { cause }) });
  try {
    if (!statSync(file).isFile()) throw fail('is no file', 'name a program: --responder ./agent.sh');
    accessSync(file, constants.X_OK);
    return file;
  } catch (error) {
    if (error instanceof FiredrillError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES') throw fail('cannot be executed', `chmod +x ${asked}`, error);
    throw fail(code === 'ENOENT' ? 'there is no such file' : oneLine(error), '--responder ./agent.sh', error);
  }
}

/**
 * Runs a program at a desk until it ends, is late, floods its output or is told that it is over. All that it started ends with it. Never rejects.
 * @param log where what it prints is kept
 */
export async function runAtDesk(
  desk: Pick<Desk, 'dir' | 'env'>,
  program: readonly string[],
  given: { readonly apart: Apart; readonly limitMs: number; readonly log: string; readonly signal: AbortSignal },
): Promise<DeskEnding> {
  const [file = 'true', ...args] = [...given.apart.prefix, ...program];
  const fd = openSync(given.log, 'w');
  let count = 0;
  using whole = deadline(given.limitMs, given.signal);
  const hear = (chunk: string): void => {
    if (count < printed.kept) {
      writeSync(fd, chunk.slice(0, printed.kept - count));
      if (count + chunk.length >= printed.kept) writeSync(fd, '\n[what it printed after this is not kept]\n');
    }
    count += chunk.length;
    if (count > printed.most) whole.abort(new Error('flooded'));
  };
  try {
    const ended = await execute(file, args, {
      cwd: desk.dir,
      env: desk.env,
      onlyEnv: true,
      group: 'whole',
      discard: true,
      onStdout: hear,
      onStderr: hear,
      signal: whole.signal,
      killAfterMs: graceMs,
    });
    if (ended.error !== undefined)
      return { how: 'failed', says: `it could not be started: ${ended.error.code ?? oneLine(ended.error.message)}` };
    if (ended.cut === undefined) {
      const { exitCode, bySignal } = ended;
      const says =
        bySignal === undefined ? `it ended with exit code ${exitCode ?? '?'}` : `it was ended by ${bySignal}`;
      // As shells say that there is no such interpreter, or that it is no program.
      return { how: exitCode === 126 || exitCode === 127 ? 'failed' : 'done', says };
    }
    if (count > printed.most)
      return { how: 'flooded', says: `it was stopped: it printed more than ${printed.most / 1024 / 1024} MiB` };
    if (whole.passed()) return { how: 'late', says: `it was stopped at its limit of ${humanDuration(given.limitMs)}` };
    return { how: 'over', says: 'it was stopped: its trial was over' };
  } finally {
    closeSync(fd);
  }
}

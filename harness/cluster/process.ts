import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { ExecResult } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';

export interface RunOptions {
  /** Milliseconds; the command is stopped then and `exitCode` is 124. */
  readonly timeoutMs?: number;
  /** Stops the command when it aborts; `exitCode` is 130. */
  readonly signal?: AbortSignal;
  /** Written to its stdin; without it stdin is empty. */
  readonly input?: string;
  /** The whole environment; default: this process' own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /**
   * Runs it in a process group of its own, where a terminal's Ctrl-C does not reach it. Stopping it stops the `whole` group
   * (a shell's children would live on) or its `leader` alone (whose children must end what they began).
   */
  readonly group?: 'whole' | 'leader';
  /** Each chunk of stderr as it comes, for progress. */
  readonly onStderr?: (chunk: string) => void;
  /** Each line of stdout as it comes, without its end. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Never rejects because of its exit code. */
export type RunProcess = (file: string, args: readonly string[], options?: RunOptions) => Promise<ExecResult>;

/** How long a stopped process may take to end before it is killed, and then before it is no longer waited for. */
const graceMs = 2000;

/**
 * The real one.
 * @throws FiredrillError `environment` when the program cannot be started at all
 */
export const runProcess: RunProcess = async (file, args, options = {}) => {
  if (options.signal?.aborted) return { exitCode: 130, stdout: '', stderr: 'aborted before it started' };
  const child = execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: options.group !== undefined,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (options.onStderr) child.stderr.setEncoding('utf8').on('data', options.onStderr);
  if (options.onLine) createInterface({ input: child.stdout }).on('line', options.onLine);

  const kill = (how: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      if (options.group === 'whole') process.kill(-child.pid, how);
      else child.kill(how);
    } catch {
      // It ended by itself meanwhile.
    }
  };
  let cut: 124 | 130 | undefined;
  const timers: NodeJS.Timeout[] = [];
  let giveUp: (result: undefined) => void = () => undefined;
  const givenUp = new Promise<undefined>((resolve) => {
    giveUp = resolve;
  });
  const stop = (code: 124 | 130): void => {
    if (cut !== undefined) return;
    cut = code;
    kill('SIGTERM');
    timers.push(
      setTimeout(() => {
        kill('SIGKILL');
      }, graceMs),
      // Something may hold its output open (a daemon that it started): nobody waits for that.
      setTimeout(() => {
        giveUp(undefined);
      }, 2 * graceMs),
    );
  };
  if (options.timeoutMs !== undefined) {
    timers.push(
      setTimeout(() => {
        stop(124);
      }, options.timeoutMs),
    );
  }
  const onAbort = (): void => {
    stop(130);
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  // A detached group outlives this process unless told otherwise.
  const onExit = (): void => {
    kill('SIGKILL');
  };
  if (options.group) process.once('exit', onExit);
  try {
    const done = await Promise.race([child, givenUp]);
    if (done === undefined) return { exitCode: cut ?? 124, stdout: '', stderr: 'did not end when killed' };
    if (done.exitCode === undefined && done.signal === undefined && cut === undefined) {
      throw new FiredrillError('environment', `cannot run ${file}: ${done.originalMessage ?? done.code ?? 'unknown'}`, {
        hint: 'firedrill doctor',
        cause: done,
      });
    }
    // As a shell tells it: 128 + the signal's number, of which only these two happen.
    const bySignal = done.signal === 'SIGKILL' ? 137 : 143;
    return { exitCode: cut ?? done.exitCode ?? bySignal, stdout: done.stdout, stderr: done.stderr };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    if (options.group) process.removeListener('exit', onExit);
  }
};

import { execute } from '../host/run.ts';
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
  /** In a process group of its own (see `ExecuteOptions`). */
  readonly group?: 'whole' | 'leader';
  /** Each chunk of stderr as it comes, for progress. */
  readonly onStderr?: (chunk: string) => void;
  /** Each line of stdout as it comes, without its end. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Never rejects because of its exit code. */
export type RunProcess = (file: string, args: readonly string[], options?: RunOptions) => Promise<ExecResult>;

/** How long a stopped command may take to end before it is killed: a trial waits for it. */
const graceMs = 2000;

/**
 * The real one.
 * @throws FiredrillError `environment` when the program cannot be started at all
 */
export const runProcess: RunProcess = async (file, args, options = {}) => {
  if (options.signal?.aborted) return { exitCode: 130, stdout: '', stderr: 'aborted before it started' };
  const ended = await execute(file, args, { ...options, onlyEnv: true, killAfterMs: graceMs });
  if (ended.error !== undefined) {
    throw new FiredrillError('environment', `cannot run ${file}: ${ended.error.message}`, {
      hint: 'npm run firedrill -- doctor',
      cause: ended.error.cause,
    });
  }
  // As a shell tells it: 128 + the signal's number, of which only these two happen.
  const bySignal = ended.bySignal === 'SIGKILL' ? 137 : 143;
  const exitCode = ended.cut === undefined ? (ended.exitCode ?? bySignal) : ended.cut === 'late' ? 124 : 130;
  return { exitCode, stdout: ended.stdout, stderr: ended.stderr };
};

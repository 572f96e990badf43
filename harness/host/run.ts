import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

import { FiredrillError } from '../model/errors.ts';
import { deadline, sleep } from './time.ts';

/** How a command is to be run. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input. */
  readonly input?: string;
  /** Milliseconds until it is killed; then `timedOut` is true. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Hears each line of both outputs as it comes. */
  readonly onLine?: (line: string) => void;
}

/** What became of a command. It never rejects for an exit code: the caller knows what a failure means. */
export interface RunResult {
  readonly ok: boolean;
  /** Undefined when it could not start or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The program is not on this machine. */
  readonly missing: boolean;
  readonly timedOut: boolean;
}

/** Runs a program and waits for it. Rejects only when its signal was aborted (with the signal's reason). */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** One program's output into another's input, without a shell. `ok` only when both succeeded. */
export type Pipe = (
  from: readonly [string, ...string[]],
  to: readonly [string, ...string[]],
  options?: Pick<RunOptions, 'signal' | 'timeoutMs'>,
) => Promise<RunResult>;

/** The two ways in which set-up and image steps start programs; tests hand in their own. */
export interface Runner {
  readonly run: Run;
  readonly pipe: Pipe;
}

/** How long a program that was told to end may take before it is killed, and then before it is no longer waited for. */
const killAfterMs = 5_000;

/** What may be said of a program besides what `RunOptions` say, by those who run commands on a cluster's workstation and nodes. */
export interface ExecuteOptions extends Omit<RunOptions, 'onLine'> {
  /** Whether `env` is the whole environment. */
  readonly onlyEnv?: boolean;
  /**
   * Runs it in a process group of its own, where a terminal's Ctrl-C does not reach it. Stopping it stops the `whole` group
   * (a shell's children would live on) or its `leader` alone (whose children must end what they began).
   */
  readonly group?: 'whole' | 'leader' | undefined;
  readonly killAfterMs?: number;
  /** Keeps nothing of either output: for a program that may print without end. */
  readonly discard?: boolean;
  readonly onStdout?: (chunk: string) => void;
  /** Each chunk of stderr as it comes. */
  readonly onStderr?: (chunk: string) => void;
  /** Each line of stdout, and of stderr, as it comes, without its end. */
  readonly onLine?: (line: string) => void;
  readonly onErrorLine?: (line: string) => void;
}

/** How a program ended. */
export interface Ended {
  readonly exitCode: number | undefined;
  /** The signal that ended it. */
  readonly bySignal: NodeJS.Signals | undefined;
  /** What ended it from outside: its time, or the caller's signal. */
  readonly cut: 'late' | 'aborted' | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly ok: boolean;
  /** Why it could not be run; `code` as the system calls it. */
  readonly error: { readonly code: string | undefined; readonly message: string; readonly cause: unknown } | undefined;
}

/**
 * Runs a program until it ends: the one place where that is done. Output beyond 64 MiB ends it. One that is stopped, for it is late or
 * the caller's signal aborted, is killed when it does not go by itself; and it is not waited for when something that it started holds its
 * output open then. Never rejects.
 */
export async function execute(file: string, args: readonly string[], options: ExecuteOptions = {}): Promise<Ended> {
  const child = execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: options.onlyEnv !== true }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: options.group !== undefined,
    maxBuffer: 64 * 1024 * 1024,
    buffer: options.discard !== true,
  });
  if (options.onStdout) child.stdout.setEncoding('utf8').on('data', options.onStdout);
  if (options.onStderr) child.stderr.setEncoding('utf8').on('data', options.onStderr);
  if (options.onLine) createInterface({ input: child.stdout }).on('line', options.onLine);
  if (options.onErrorLine) createInterface({ input: child.stderr }).on('line', options.onErrorLine);

  const kill = (how: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      if (options.group === 'whole') process.kill(-child.pid, how);
      else child.kill(how);
    } catch {
      // It ended by itself meanwhile.
    }
  };
  using limit = deadline(options.timeoutMs ?? Infinity, options.signal);
  const over = new AbortController();
  const stop = async (): Promise<undefined> => {
    if (!limit.signal.aborted) await once(limit.signal, 'abort', { signal: over.signal });
    for (const how of ['SIGTERM', 'SIGKILL'] as const) {
      kill(how);
      await sleep(options.killAfterMs ?? killAfterMs, over.signal);
    }
    return undefined;
  };
  // A detached group outlives this process unless told otherwise.
  const onExit = (): void => {
    kill('SIGKILL');
  };
  if (options.group) process.once('exit', onExit);
  try {
    const done = await Promise.race([child, stop()]);
    const cut = limit.signal.aborted ? (limit.passed() ? 'late' : 'aborted') : undefined;
    const ended = { exitCode: done?.exitCode, bySignal: done?.signal, cut, error: undefined } as const;
    if (done === undefined) return { ...ended, ok: false, stdout: '', stderr: 'did not end when killed' };
    const { stdout = '', stderr = '' } = done as { stdout?: string; stderr?: string };
    const ran = done.exitCode !== undefined || done.signal !== undefined || cut !== undefined;
    const why = { code: done.code, message: done.originalMessage ?? done.code ?? 'unknown', cause: done };
    return { ...ended, ok: !done.failed && cut === undefined, stdout, stderr, error: ran ? undefined : why };
  } finally {
    over.abort();
    if (options.group) process.removeListener('exit', onExit);
  }
}

const withoutEnd = (text: string): string => text.replace(/\r?\n$/, '');

const run: Run = async (file, args, options = {}) => {
  options.signal?.throwIfAborted();
  const { onLine, ...rest } = options;
  const ended = await execute(file, args, {
    ...rest,
    ...(onLine === undefined ? {} : { onLine, onErrorLine: onLine }),
  });
  options.signal?.throwIfAborted();
  return {
    ok: ended.ok,
    exitCode: ended.exitCode,
    stdout: withoutEnd(ended.stdout),
    stderr: withoutEnd(ended.stderr),
    missing: ended.error?.code === 'ENOENT',
    timedOut: ended.cut === 'late',
  };
};

const pipe: Pipe = async (from, to, options = {}) => {
  options.signal?.throwIfAborted();
  const common = {
    reject: false,
    forceKillAfterDelay: killAfterMs,
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  } as const;
  const source = execa(from[0], from.slice(1), {
    ...common,
    stdin: 'ignore',
    encoding: 'buffer',
    buffer: { stdout: false },
  });
  const sink = execa(to[0], to.slice(1), { ...common, stdin: 'pipe' });
  // The sink may end first; then its closed input must not bring this process down.
  const closed = { early: false };
  const close = (): void => {
    if (source.stdout.readableEnded) return;
    closed.early = true;
    // The source is told as in a shell: what it writes next finds nobody. An error is not always told, for nothing may be on its way just then.
    source.stdout.destroy();
  };
  sink.stdin.on('error', close).on('close', close);
  source.stdout.pipe(sink.stdin);
  const [a, b] = await Promise.all([source, sink]);
  options.signal?.throwIfAborted();
  // The source's words where it failed by itself: what the sink then says is only that its input ended.
  const said = a.failed && !(closed.early && b.failed) ? Buffer.from(a.stderr).toString('utf8') : b.stderr;
  return {
    ok: !a.failed && !b.failed,
    exitCode: b.failed ? b.exitCode : a.exitCode,
    stdout: b.stdout,
    stderr: said,
    missing: a.code === 'ENOENT' || b.code === 'ENOENT',
    timedOut: a.timedOut || b.timedOut,
  };
};

/** Starts real programs. */
export const realRunner: Runner = { run, pipe };

/** The last lines that say anything: what a person needs to see of a long log. */
export function lastWords(result: Pick<RunResult, 'stdout' | 'stderr'>, lines = 3): string {
  const text = result.stderr.trim() === '' ? result.stdout : result.stderr;
  return text
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => l !== '')
    .slice(-lines)
    .join(' | ')
    .slice(-600);
}

/**
 * The output of a command that has to succeed.
 * @throws FiredrillError `environment`, naming `what` failed and the command's last words.
 */
export async function must(
  runner: Pick<Runner, 'run'>,
  what: string,
  file: string,
  args: readonly string[],
  options: RunOptions & { readonly hint?: string } = {},
): Promise<string> {
  const result = await runner.run(file, args, options);
  if (result.ok) return result.stdout;
  throw new FiredrillError('environment', `${what} failed: ${because(file, result)}`, {
    ...(options.hint === undefined ? {} : { hint: options.hint }),
  });
}

/** Why a command failed, in one line. */
export function because(file: string, result: RunResult): string {
  if (result.missing) return `\`${file}\` is not installed`;
  if (result.timedOut) return `\`${file}\` took too long`;
  const words = lastWords(result);
  return words === '' ? `\`${file}\` ended with ${result.exitCode ?? 'a signal'}` : words;
}

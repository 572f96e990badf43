import { execa } from 'execa';

import { FiredrillError } from '../model/errors.ts';

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

/** How long a program that was told to end may take before it is killed. */
const killAfterMs = 5_000;

const run: Run = async (file, args, options = {}) => {
  options.signal?.throwIfAborted();
  const { onLine } = options;
  const watch = onLine === undefined ? undefined : watchLines(onLine);
  const result = await execa(file, [...args], {
    reject: false,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    forceKillAfterDelay: killAfterMs,
    maxBuffer: 64 * 1024 * 1024,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(watch === undefined ? {} : { stdout: watch, stderr: watch }),
  });
  options.signal?.throwIfAborted();
  return {
    ok: !result.failed,
    exitCode: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
    missing: result.code === 'ENOENT',
    timedOut: result.timedOut,
  };
};

/** A pass-through that shows each line to `onLine`. */
function watchLines(onLine: (line: string) => void) {
  return function* (line: unknown): Generator<string> {
    const text = String(line);
    onLine(text);
    yield text;
  };
}

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
  return words === '' ? `\`${file}\` ended with ${String(result.exitCode ?? 'a signal')}` : words;
}

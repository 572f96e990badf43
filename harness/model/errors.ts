/**
 * What kind of thing went wrong; decides the exit code (see `exitCodes`).
 * - `usage`: the command line or a file the user wrote is wrong;
 * - `environment`: this machine lacks something (Docker, disk, an image);
 * - `invalid`: the experiment did not hold (no steady state, no witness): no data, never a regression;
 * - `timeout`: the whole run's own deadline passed;
 * - `internal`: a bug in firedrill.
 */
export type ErrorCode = 'usage' | 'environment' | 'invalid' | 'timeout' | 'internal';

/**
 * An error that a person is meant to read: `message` says what and where in one line, `hint` is the next command to
 * type. The stack is shown only with `--verbose`. A runbook that does not recover is a result, never one of these.
 */
export class FiredrillError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FiredrillError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** Exit codes of every command. 4 and 5 mean "no data" to a nightly run. */
export const exitCodes = {
  done: 0,
  notRecovered: 1,
  usage: 2,
  regression: 3,
  invalid: 4,
  environment: 5,
  internal: 70,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const;

/** The exit code that an error ends the process with. */
export function exitCodeOf(error: unknown): number {
  return error instanceof FiredrillError ? exitCodes[error.code] : exitCodes.internal;
}

/** How much of a message is kept: what three nodes said, and no more. */
const mostCharacters = 1000;
/** Of a longer one its beginning says what failed, and its end most often why. */
const kept = { head: 600, tail: 380 } as const;

/** One line of whatever was thrown, for logs and events: never a stack. A long one loses its middle. */
export function oneLine(error: unknown): string {
  const text = (error instanceof Error ? error.message || error.name : String(error)).replace(/\s+/g, ' ').trim();
  return text.length <= mostCharacters ? text : `${text.slice(0, kept.head)} [...] ${text.slice(-kept.tail)}`;
}

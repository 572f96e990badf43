import { FiredrillError } from '../model/errors.ts';

/** The name under which dockerd knows the wrapper that drops unavailable capabilities (images/runc-bounded). */
export const boundedRuntime = 'firedrill-bounded';

/** A dockerd configuration with our runtime in it. */
export interface MergedConfig {
  /** The whole new file. */
  readonly text: string;
  /** Whether it differs in meaning from what was there. */
  readonly changed: boolean;
  /** A default runtime of the user's own that was left as it is. */
  readonly keptDefault?: string;
}

/**
 * Adds the bounded runtime to a daemon.json and makes it the default one, keeping every other key. A default runtime that
 * the user chose stays; only `runc`, which cannot start a privileged container here, is replaced.
 * @param text what the file holds now; undefined when there is none.
 * @throws FiredrillError `environment` when the file is not a JSON object: nothing of it may be lost by guessing.
 */
export function mergeDaemonConfig(
  text: string | undefined,
  wrapper: string,
  file = '/etc/docker/daemon.json',
): MergedConfig {
  const old = parse(text, file);
  const runtimes = isObject(old['runtimes']) ? old['runtimes'] : {};
  const chosen = old['default-runtime'];
  const own = typeof chosen === 'string' && chosen !== 'runc' && chosen !== boundedRuntime ? chosen : undefined;
  const merged: Record<string, unknown> = {
    ...old,
    runtimes: { ...runtimes, [boundedRuntime]: { path: wrapper } },
    'default-runtime': own ?? boundedRuntime,
  };
  return {
    text: `${JSON.stringify(merged, null, 2)}\n`,
    changed: JSON.stringify(old) !== JSON.stringify(merged),
    ...(own === undefined ? {} : { keptDefault: own }),
  };
}

function parse(text: string | undefined, file: string): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FiredrillError('environment', `${file} is not valid JSON`, {
      hint: `fix ${file}, then try again`,
      cause,
    });
  }
  if (!isObject(value)) {
    throw new FiredrillError('environment', `${file} does not hold a JSON object`, {
      hint: `fix ${file}, then try again`,
    });
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

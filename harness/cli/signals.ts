import { exitCodes, FiredrillError } from '../model/errors.ts';

type Terminating = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What ends a command from outside. Node has SIGPIPE ignored, and tells of a closed pipe by an error of the stream. */
type Interruption = Terminating | 'SIGPIPE';

/** The exit code of a command that was interrupted because nobody reads it any more. */
export const pipeClosedCode = 141;

/** 128 + the signal's number, as shells report it. */
const codeOf: Readonly<Record<Interruption, number>> = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: 129,
  SIGPIPE: pipeClosedCode,
};

/**
 * One press of Ctrl-C can arrive more than once: the terminal signals the whole foreground group, and npm passes its own
 * copy on to its child. Copies come within milliseconds; a person's second press does not.
 */
const echoMs = 500;

export interface SignalWatch {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The exit code that the first signal asks for; undefined while there was none. */
  exitCode(): number | undefined;
  /** Nobody reads any more what this process says: counts as a first signal. */
  pipeClosed(this: void): void;
  stop(): void;
  /** Ctrl-C is somebody else's affair until the returned function is called: a shell's, that has the terminal. Other signals are heard. */
  lendInterrupts(this: void): () => void;
  /** From now on signals are somebody else's affair, and do not end this process. */
  ignore(this: void): void;
}

interface Emitter {
  on(name: Terminating, listener: () => void): unknown;
  off(name: Terminating, listener: () => void): unknown;
}

/**
 * First signal: aborts, and whoever works undoes and tears down with deadlines of its own. Second: `leave` at once.
 * SIGHUP (the terminal was closed) and a closed pipe count as the first only: there is nobody to be impatient.
 */
export function watchSignals(options: {
  readonly first: (name: string) => void;
  readonly leave: (exitCode: number) => void;
  readonly emitter?: Emitter;
  readonly now?: () => number;
}): SignalWatch {
  const { first, leave, emitter = process, now = () => performance.now() } = options;
  const controller = new AbortController();
  let ignoring = false;
  let lent = false;
  let seen: { readonly exitCode: number; readonly atMs: number } | undefined;
  const onSignal = (name: Interruption) => () => {
    if (ignoring || (lent && name === 'SIGINT')) return;
    if (seen === undefined) {
      seen = { exitCode: codeOf[name], atMs: now() };
      // It would be told to nobody.
      if (name !== 'SIGPIPE') first(name);
      controller.abort(new FiredrillError('internal', `interrupted by ${name}`));
    } else if (name !== 'SIGHUP' && name !== 'SIGPIPE' && now() - seen.atMs > echoMs) {
      leave(seen.exitCode);
    }
  };
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => ({ name, listener: onSignal(name) }));
  for (const { name, listener } of listeners) emitter.on(name, listener);
  return {
    signal: controller.signal,
    exitCode: () => seen?.exitCode,
    pipeClosed: onSignal('SIGPIPE'),
    lendInterrupts: () => {
      lent = true;
      return () => {
        lent = false;
      };
    },
    ignore: () => {
      ignoring = true;
    },
    stop: () => {
      ignoring = true;
      for (const { name, listener } of listeners) emitter.off(name, listener);
    },
  };
}

import { setMaxListeners } from 'node:events';

/** A signal with a deadline of its own, and the means to let go of it. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Whether the deadline is what aborted it. */
  readonly passed: () => boolean;
  /** Aborts it now, with this reason. */
  readonly abort: (reason: unknown) => void;
}

/**
 * Aborts after `ms`, or with `parent`. `AbortSignal.any([parent, AbortSignal.timeout(ms)])` must not be used for this: in Node 20
 * nothing holds the inner signal, so that it may be collected and never fire. A timer of our own holds it, and `using` lets go.
 */
export function deadline(ms: number, parent?: AbortSignal): Deadline {
  const own = new AbortController();
  // Everything that is done within it listens: that is no leak.
  setMaxListeners(0, own.signal);
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      own.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
    },
    Math.min(ms, 2 ** 31 - 1),
  );
  const follow = () => {
    own.abort(parent?.reason);
  };
  if (parent?.aborted) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: own.signal,
    passed: () => late,
    abort: (reason) => {
      own.abort(reason);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', follow);
    },
  };
}

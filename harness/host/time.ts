import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAbort } from '../model/abort.ts';

/** Waits `ms`; rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, ms), undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // Node rejects with an error of its own, of which the reason is the cause.
    signal?.throwIfAborted();
    throw error;
  }
}

/** A signal with a deadline of its own, and the means to let go of it. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Whether the deadline is what aborted it. */
  readonly passed: () => boolean;
  /** Aborts it now, with this reason. */
  readonly abort: (reason: unknown) => void;
  /** Takes the deadline back; `parent` still aborts it. */
  readonly lift: () => void;
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
    lift: () => {
      clearTimeout(timer);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', follow);
    },
  };
}

/**
 * What `work` brings, if it does so in time.
 * @throws the deadline's `TimeoutError`, or `parent`'s reason; what hangs on then is left behind
 */
export async function within<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  using limit = deadline(ms, parent);
  const { signal } = limit;
  return await beforeAbort(
    Promise.resolve().then(() => work(signal)),
    signal,
  );
}

/** Resolves after `ms`, or at once when the signal aborts: loops look at the signal themselves. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    signal.addEventListener('abort', done, { once: true });
  });
}

/** A signal that aborts with the given one, and when it is disposed of. */
export function linked(signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const own = new AbortController();
  const onAbort = (): void => {
    own.abort(signal.reason);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: own.signal,
    [Symbol.dispose]() {
      signal.removeEventListener('abort', onAbort);
      own.abort(new Error('ended'));
    },
  };
}

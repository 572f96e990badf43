/** Hands every pushed value to every open subscription, in order; a slow subscriber buffers, it never blocks the pusher. */
export class Broadcast<T> {
  readonly #subscribers = new Set<(value: T | undefined) => void>();
  #closed = false;

  push(value: T): void {
    for (const deliver of this.#subscribers) deliver(value);
  }

  /** Ends every subscription after what was pushed before. */
  close(): void {
    this.#closed = true;
    for (const deliver of this.#subscribers) deliver(undefined);
    this.#subscribers.clear();
  }

  /** Values from now on, until `close()` or until the signal aborts. */
  subscribe(signal: AbortSignal): AsyncIterable<T> {
    const queue: T[] = [];
    let ended = this.#closed || signal.aborted;
    let wake: (() => void) | undefined;
    const deliver = (value: T | undefined) => {
      if (value === undefined) ended = true;
      else queue.push(value);
      wake?.();
    };
    const onAbort = () => {
      this.#subscribers.delete(deliver);
      deliver(undefined);
    };
    if (!ended) {
      this.#subscribers.add(deliver);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    const detach = () => {
      this.#subscribers.delete(deliver);
      signal.removeEventListener('abort', onAbort);
    };
    return {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) {
            const next = queue.shift();
            if (next !== undefined) yield next;
            else if (ended) return;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          detach();
        }
      },
    };
  }
}

import { Queue } from '../cluster/queue.ts';

/** Hands every pushed value to every open subscription, in order; a slow subscriber buffers, it never blocks the pusher. */
export class Broadcast<T> {
  readonly #subscribers = new Set<Queue<T>>();
  #closed = false;

  push(value: T): void {
    for (const subscriber of this.#subscribers) subscriber.push(value);
  }

  /** Ends every subscription after what was pushed before. */
  close(): void {
    this.#closed = true;
    for (const subscriber of this.#subscribers) subscriber.close();
    this.#subscribers.clear();
  }

  /** Values from now on, until `close()` or until the signal aborts. */
  subscribe(signal: AbortSignal): AsyncIterable<T> {
    const queue = new Queue<T>();
    const end = (): void => {
      this.#subscribers.delete(queue);
      queue.close();
      signal.removeEventListener('abort', end);
    };
    if (this.#closed || signal.aborted) queue.close();
    else {
      this.#subscribers.add(queue);
      signal.addEventListener('abort', end, { once: true });
    }
    return {
      async *[Symbol.asyncIterator]() {
        try {
          yield* queue;
        } finally {
          end();
        }
      },
    };
  }
}

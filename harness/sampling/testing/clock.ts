import { instant, type Instant } from '../../model/units.ts';
import type { SamplerClock } from '../sampler.ts';

/** A clock for unit tests: time passes only when told to, and sleepers wake in the order of their instants. */
export class FakeClock implements SamplerClock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly at: number; wake(): void }>();

  now(): Instant {
    return instant(this.#now);
  }

  /** How many sleep: none may be left over. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new Error('aborted'));
        return;
      }
      const sleeper = {
        at,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(new Error('aborted'));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (at <= this.#now) sleeper.wake();
      else this.#sleepers.add(sleeper);
    });
  }

  /** Lets time pass, waking each sleeper at its own instant and letting it act before the next. */
  async advanceTo(at: number): Promise<void> {
    await settle();
    for (;;) {
      const next = [...this.#sleepers].filter((each) => each.at <= at).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settle();
    }
    this.#now = Math.max(this.#now, at);
    await settle();
  }

  /** Time passes and nobody gets to run meanwhile: a pause of the whole process. */
  async block(ms: number): Promise<void> {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers].sort((a, b) => a.at - b.at)) if (sleeper.at <= this.#now) sleeper.wake();
    await settle();
  }
}

/** Lets everything that is ready run: promises, and the turns of the loop that follow from them. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

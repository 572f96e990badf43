import { within } from '../host/time.ts';
import { oneLine } from '../model/errors.ts';

interface Entry {
  readonly name: string;
  readonly deadlineMs: number;
  readonly run: () => Promise<void>;
}

/**
 * What must be undone, registered BEFORE the thing is acquired and run in reverse order. Every entry has a deadline of its
 * own, so that one that hangs takes nothing from the next, and a failing one never hides another's failure or the error
 * that led here. (Node 20 has no AsyncDisposableStack.)
 */
export class Teardown {
  readonly #entries: Entry[] = [];

  defer(name: string, deadlineMs: number, run: () => Promise<void>): void {
    this.#entries.push({ name, deadlineMs, run });
  }

  /** Runs everything once, last registered first; returns one line for each that failed. Never rejects. */
  async run(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      try {
        await within(entry.deadlineMs, entry.run);
      } catch (error) {
        failures.push(`${entry.name}: ${oneLine(error)}`);
      }
    }
    return failures;
  }
}

import type { EventOf } from '../model/events.ts';

/**
 * Counts an open-loop load by second from lines `<started, epoch ms> <1|0>`. An arrival-rate executor starts iteration i at
 * its instant or drops it, so every line belongs to one slot of the schedule, and a slot without a line when its second is
 * closed was dropped: nobody was free to send it, because too many before it hung.
 *
 * A second is closed by the lines themselves: a line whose request started long enough after it says that all answers of that
 * second have been written. No clock of the harness is involved, for a harness that reads late would see drops that were
 * none, and a load generator that died would look like an outage.
 */
export class LoadSeconds {
  readonly #ratePerSecond: number;
  readonly #zeroEpochMs: number;
  readonly #answeredWithinMs: number;
  readonly #onSecond: (load: EventOf<'load'>) => void;
  /** Of each slot of the schedule that has a line: whether it was good. */
  readonly #slots = new Map<number, boolean>();
  #scheduleEpochMs: number | undefined;
  #latestEpochMs = -Infinity;
  /** The first second that has not been told yet, counted from the schedule's beginning. */
  #next = 0;

  /**
   * @param options.zeroEpochMs wall time of the trial's zero
   * @param options.answeredWithinMs how long a request can be under way before its line is written
   * @param options.onSecond called for each second of the load, in order, each once
   */
  constructor(options: {
    readonly ratePerSecond: number;
    readonly zeroEpochMs: number;
    readonly answeredWithinMs: number;
    readonly onSecond: (load: EventOf<'load'>) => void;
  }) {
    this.#ratePerSecond = options.ratePerSecond;
    this.#zeroEpochMs = options.zeroEpochMs;
    this.#answeredWithinMs = options.answeredWithinMs;
    this.#onSecond = options.onSecond;
  }

  /** Takes a line; false when it is none of ours. */
  line(text: string): boolean {
    const found = /^(\d{13}) ([01])$/.exec(text.trim());
    if (found === null) return false;
    this.#count(Number(found[1]), found[2] === '1');
    return true;
  }

  #count(epochMs: number, ok: boolean): void {
    this.#scheduleEpochMs ??= epochMs;
    let slot = Math.round(((epochMs - this.#scheduleEpochMs) * this.#ratePerSecond) / 1000);
    // Lines come in the order of finishing: the first one read need not be the first one started.
    if (slot < 0 && this.#next === 0) slot = this.#beginEarlier(-slot);
    // Two that started in one slot's time: the later one had the next slot.
    while (this.#slots.has(slot)) slot++;
    if (slot >= this.#next * this.#ratePerSecond) this.#slots.set(slot, ok);
    this.#latestEpochMs = Math.max(this.#latestEpochMs, epochMs);
    while (this.#scheduleEpochMs + (this.#next + 1) * 1000 + this.#answeredWithinMs <= this.#latestEpochMs) {
      this.#tell(this.#scheduleEpochMs);
    }
  }

  #tell(scheduleEpochMs: number): void {
    const from = this.#next * this.#ratePerSecond;
    let good = 0;
    let bad = 0;
    for (let slot = from; slot < from + this.#ratePerSecond; slot++) {
      const ok = this.#slots.get(slot);
      if (ok === true) good++;
      else if (ok === false) bad++;
      this.#slots.delete(slot);
    }
    const secondMs = scheduleEpochMs + this.#next * 1000 - this.#zeroEpochMs;
    this.#next++;
    this.#onSecond({ type: 'load', secondMs, good, bad, dropped: this.#ratePerSecond - good - bad });
  }

  /** Moves the schedule's beginning back by some slots; returns the slot that is the first now. */
  #beginEarlier(slots: number): number {
    this.#scheduleEpochMs = (this.#scheduleEpochMs ?? 0) - (slots * 1000) / this.#ratePerSecond;
    const moved = [...this.#slots].map(([slot, ok]) => [slot + slots, ok] as const);
    this.#slots.clear();
    for (const [slot, ok] of moved) this.#slots.set(slot, ok);
    return 0;
  }
}

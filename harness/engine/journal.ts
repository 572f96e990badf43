import { closeSync, openSync, writeSync } from 'node:fs';
import { seal } from '../analysis/checksum.ts';
import type { EventBody, TrialEvent } from '../model/events.ts';
import type { Clock } from './clock.ts';
import { Broadcast } from './channel.ts';

/**
 * Writes `events.jsonl`: one line an event, handed to the kernel before `write` returns, so that a harness killed at any
 * instant leaves every event that happened and at most one torn line, which the reader tolerates. Each line carries the sum of all up to it.
 * `trial.ended` is the last line, whoever still has something to say.
 */
export class Journal {
  readonly events: TrialEvent[] = [];
  readonly live = new Broadcast<TrialEvent>();
  readonly #clock: Clock;
  readonly #fd: number;
  #seq = 0;
  #sum = 0;
  #closed = false;

  constructor(path: string, clock: Clock) {
    this.#clock = clock;
    this.#fd = openSync(path, 'ax');
  }

  /** Stamps, stores and broadcasts an event. Returns it. Events after `close` are dropped: stragglers of an aborted trial. */
  write(body: EventBody): TrialEvent | undefined {
    if (this.#closed) return undefined;
    const event: TrialEvent = { ...body, seq: this.#seq++, atMs: round(this.#clock.now()) };
    const { line, sum } = seal(JSON.stringify(event), this.#sum);
    writeSync(this.#fd, `${line}\n`);
    this.#sum = sum;
    this.events.push(event);
    this.live.push(event);
    if (body.type === 'trial.ended') this.close();
    return event;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.live.close();
    closeSync(this.#fd);
  }
}

/** Microseconds are more than any of this can know. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

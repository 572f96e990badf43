import type { Detector } from '../model/detector.ts';
import type { Sample } from '../model/probe.ts';
import { humanDuration, millis, seconds, type Millis } from '../model/units.ts';

/**
 * A synthetic check from outside (blackbox monitoring): fires when `streak` requests in a row to one SLI were bad, clears when as
 * many in a row were good. Uses the harness' own probe of that SLI.
 *
 * A request counts from its intended start, and one that is under way when the outage begins may be the first to fail: where service answers
 * within a period that is one at most, so the least TTD is one period less than the streak has between its first start and its last.
 *
 * Source: postmortem 002, lessons (nothing watched from the user's side); Google's SRE book on blackbox monitoring.
 *
 * @param options.sli the SLI whose samples are watched
 * @param options.streak how many in a row (default 3)
 * @param options.periodMs the period of that SLI's probe, for the least TTD (default 250 ms)
 * @param options.timeoutMs how long one of its samples may take: until then it is silent and not dead (default 1 s)
 */
export function probeFailing(options: {
  readonly sli: string;
  readonly streak?: number;
  readonly periodMs?: Millis;
  readonly timeoutMs?: Millis;
}): Detector {
  const { sli, streak = 3, periodMs = millis(250), timeoutMs = seconds(1) } = options;
  const beatMs = seconds(1);
  return {
    id: 'probe-failing',
    title: `The synthetic check ${sli} fails`,
    source: 'postmortem 002, lessons; Google SRE book, blackbox monitoring',
    loop: () => `one request every ${humanDuration(periodMs)}, fires at ${streak} bad in a row`,
    leastTtdMs: () => millis(Math.max(0, streak - 2) * periodMs),
    periodMs: () => millis(Math.max(periodMs, beatMs, timeoutMs)),
    expects: `${sli} failed`,
    async *watch(context) {
      const { signal } = context;
      const runs = new Runs(streak);
      let firing: boolean | undefined;
      let beatAt = -Infinity;
      for await (const sample of context.samples()) {
        if (signal.aborted) return;
        if (sample.sli !== sli) continue;
        const verdict = runs.add(sample);
        const now = verdict ?? firing ?? false;
        if (now !== firing) {
          firing = now;
          beatAt = sample.endedMs;
          yield now
            ? { state: 'firing', what: `${sli} failed ${streak} times in a row: ${sample.error ?? 'no reason given'}` }
            : { state: 'quiet' };
        } else if (sample.endedMs - beatAt >= beatMs) {
          beatAt = sample.endedMs;
          yield { state: 'alive' };
        }
      }
    },
  };
}

/**
 * Finds streaks by the samples' own numbers: they come in the order of finishing, and a hung one finishes after its successors.
 * A streak that ends before the one that decided last is history: it changes nothing.
 */
export class Runs {
  readonly #streak: number;
  readonly #recent = new Map<number, boolean>();
  #highest = -1;
  #decided = -1;

  constructor(streak: number) {
    this.#streak = streak;
  }

  /** True when this sample completes a streak of bad ones, false when one of good ones, undefined otherwise. */
  add(sample: Pick<Sample, 'n' | 'ok'>): boolean | undefined {
    this.#recent.set(sample.n, sample.ok);
    this.#highest = Math.max(this.#highest, sample.n);
    for (const n of this.#recent.keys()) if (n < this.#highest - 4 * this.#streak - 64) this.#recent.delete(n);
    let length = 1;
    for (let n = sample.n - 1; this.#recent.get(n) === sample.ok; n--) length++;
    let end = sample.n;
    for (; this.#recent.get(end + 1) === sample.ok; end++) length++;
    if (length < this.#streak || end < this.#decided) return undefined;
    this.#decided = end;
    return !sample.ok;
  }
}

import type { Answer } from '../../harness/analysis/log.ts';

/** A service that is asked by a probe, and is down in a known interval. Times in trial milliseconds. */
export interface Service {
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Of the first request: less than a period. */
  readonly phaseMs: number;
  /** Down in [from, to), each. */
  readonly down: readonly (readonly [fromMs: number, toMs: number])[];
  /**
   * What becomes of a request while it is down. `refused`: an error at once. `swallowed`: no answer, not even when it is up again.
   * `retried`: the network sends it again after 1, 3 and 7 s, as TCP does. `pending`: it is taken up when service is back (a pod), and is done
   * `takenUpMs` later.
   */
  readonly meanwhile: 'refused' | 'swallowed' | 'retried' | 'pending';
  /** How long an answer takes; drawn for each request. */
  readonly answerMs: (random: () => number) => number;
  readonly takenUpMs?: (random: () => number) => number;
  /** Every so many requests go to what is down, the others to what is not; 1 where absent: all of them. */
  readonly every?: number;
  /** Share of requests that get no answer for no reason, 0 to 1. */
  readonly lost?: number;
}

const retriesMs = [0, 1000, 3000, 7000];

/** What a probe is answered, by the order of the intended starts, from 0 until `untilMs`. The same for the same random numbers. */
export function answersOf(service: Service, untilMs: number, random: () => number): readonly Answer[] {
  const { periodMs, timeoutMs, phaseMs, lost = 0, every = 1 } = service;
  const answers: Answer[] = [];
  for (let n = 0; phaseMs + n * periodMs < untilMs; n++) {
    const intendedMs = phaseMs + n * periodMs;
    const takesMs = service.answerMs(random);
    const takenUpMs = service.takenUpMs?.(random) ?? takesMs;
    const isLost = random() < lost;
    const doneMs = n % every === 0 ? doneAt(service, intendedMs, takesMs, takenUpMs) : intendedMs + takesMs;
    if (typeof doneMs === 'object') answers.push({ intendedMs, endedMs: doneMs.failedMs, ok: false });
    else if (isLost || doneMs > intendedMs + timeoutMs)
      answers.push({ intendedMs, endedMs: intendedMs + timeoutMs, ok: false });
    else answers.push({ intendedMs, endedMs: doneMs, ok: true });
  }
  return answers;
}

/** When a request is answered; infinite for never, an object where it fails at once. */
function doneAt(
  { down, meanwhile }: Service,
  atMs: number,
  takesMs: number,
  takenUpMs: number,
): number | { readonly failedMs: number } {
  const outage = (fromMs: number, toMs: number) => down.find(([from, to]) => fromMs < to && toMs >= from);
  const met = outage(atMs, atMs + takesMs);
  if (met === undefined) return atMs + takesMs;
  switch (meanwhile) {
    case 'refused':
      return { failedMs: Math.max(atMs, met[0]) + 2 };
    case 'swallowed':
      return Infinity;
    case 'pending':
      return met[1] + takenUpMs;
    case 'retried': {
      const wait = retriesMs.find((ms) => outage(atMs + ms, atMs + ms + takesMs) === undefined);
      return wait === undefined ? Infinity : atMs + wait + takesMs;
    }
  }
}

/** Two to fifteen milliseconds: a request within a cluster. */
export const quick = (random: () => number): number => 2 + 13 * random();

/** Log-normal around `medianMs`, two thirds of it within a factor of `exp(spread)`: a service that is slow. */
export const slow =
  (medianMs: number, spread: number) =>
  (random: () => number): number =>
    medianMs * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

export const between =
  (lo: number, hi: number) =>
  (random: () => number): number =>
    lo + (hi - lo) * random();

import { performance } from 'node:perf_hooks';
import { sleep } from '../host/time.ts';
import { instant, type Instant } from '../model/units.ts';

/** The one clock of a trial: monotonic, zero at the trial's start. */
export interface Clock {
  now(): Instant;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  sleepUntil(at: number, signal?: AbortSignal): Promise<void>;
}

/** A trial's clock with the wall time of its zero, which is kept once, for the record only. */
export type TrialClock = Clock & { readonly wallEpochMs: number };

/** A clock whose zero is now. `speed` is for unit tests of the engine: at 100 a minute takes 0.6 s. */
export function startClock(speed = 1): TrialClock {
  const zero = performance.now();
  const now = () => (performance.now() - zero) * speed;
  return {
    wallEpochMs: Date.now(),
    now: () => instant(now()),
    sleep: (ms, signal) => sleep(ms / speed, signal),
    sleepUntil: (at, signal) => sleep((at - now()) / speed, signal),
  };
}

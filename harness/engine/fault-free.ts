import { healthyWatchMs } from './controls.ts';
import { missingFromHealth } from '../analysis/checkers/full-recovery.ts';
import { lastState, type Watched } from './watched.ts';

/** Watches a cluster that nothing was done to, for the fixed time of all such trials: rates of false alarms need the same watch. */
export async function watchHealthy({ spec, clock, signal }: Watched): Promise<void> {
  await clock.sleep(healthyWatchMs(spec.profile), signal);
}

/**
 * Watches what a runbook did to a healthy cluster: as long as a healthy one is watched, and on until every indicator was good and
 * the cluster whole for a stability window, at most until `endMs`.
 */
export async function watchAftermath(watched: Watched, endMs: number): Promise<void> {
  const { clock, tracker, unanswered, signal } = watched;
  const { profile } = watched.spec;
  const leastMs = clock.now() + healthyWatchMs(profile);
  let wholeSinceMs = clock.now();
  while (clock.now() < endMs) {
    const now = clock.now();
    const state = lastState(watched);
    if (state === undefined || missingFromHealth(state).length > 0) wholeSinceMs = now;
    const sinceMs = now - profile.holdMs;
    const good = tracker.unsteadySince(sinceMs).length === 0 && !unanswered.any(now);
    if (now >= leastMs && wholeSinceMs <= sinceMs && good) return;
    await clock.sleep(Math.min(1000, Math.max(1, endMs - now)), signal);
  }
}

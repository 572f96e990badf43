import type { SliLog, TrialLog } from './log.ts';
import type { Observation } from './observation.ts';
import { whole } from './numbers.ts';
import { bucketOf } from './recovery.ts';

/** Above this the harness' own event loop is too slow to be believed. */
const loopDelayLimitMs = 500;
/** Share of the harness' own measurements that may be worse than the limits. */
const tolerated = 0.05;

export interface HarnessHealth {
  /** The worst 99th percentile of any interval of the observation. */
  readonly loopDelayP99Ms: number;
  readonly latenessP99Ms: number;
  readonly starved: boolean;
}

/**
 * Whether the instrument itself could be trusted: a harness that was starved of CPU measures itself. Starved is a loop
 * delay over 500 ms, or lateness over the shortest probe period, in more than 5 % of its own measurements.
 */
export function harnessHealth(log: TrialLog, observation: Observation): HarnessHealth {
  const own = log.of('harness').filter((h) => h.atMs >= observation.fromMs && h.atMs <= observation.toMs);
  const shortest = Math.min(...log.started.probes.map((p) => p.periodMs));
  const poor = own.filter((h) => h.loopDelayP99Ms > loopDelayLimitMs || h.latenessP99Ms > shortest).length;
  return {
    loopDelayP99Ms: whole(Math.max(0, ...own.map((h) => h.loopDelayP99Ms))),
    latenessP99Ms: whole(Math.max(0, ...own.map((h) => h.latenessP99Ms))),
    starved: own.length > 0 && poor / own.length > tolerated,
  };
}

/**
 * The first stretch of the observation in which a probe should have sent a request and the log has none, or undefined.
 * A request that is still under way when the observation ends is no gap.
 */
export function findGap(
  sli: SliLog,
  observation: Observation,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  const { fromMs, toMs } = observation;
  const width = bucketOf(sli.periodMs) + sli.periodMs / 2;
  let previous = fromMs;
  for (const { intendedMs } of sli.samples) {
    if (intendedMs < fromMs) continue;
    if (intendedMs >= toMs)
      return intendedMs - previous > width && toMs - previous > width ? { fromMs: previous, toMs } : undefined;
    if (intendedMs - previous > width) return { fromMs: previous, toMs: intendedMs };
    previous = intendedMs;
  }
  return toMs - previous > width + sli.timeoutMs ? { fromMs: previous, toMs } : undefined;
}

import type { SliLog, TrialLog } from './log.ts';
import type { Observation } from './observation.ts';
import { whole } from './numbers.ts';
import { silenceOf } from './outages.ts';

/** Above this the harness' own event loop is too slow to be believed. */
const loopDelayLimitMs = 500;
/** Above this share of an interval spent waiting for a CPU, what the harness notes is late by more than what it notes. */
const waitedLimit = 0.5;
/** Above this share of all CPU time given to others by the machine's host, the cluster's own times are the host's. */
const stolenLimit = 0.25;
/** The harness says how it is doing once a second. Where it has not for so long, nothing says whether it was starved. */
const silenceLimitMs = 30_000;
/** Share of the harness' own measurements that may be worse than the limits. */
const tolerated = 0.05;

export interface HarnessHealth {
  /** The worst 99th percentile of any interval of the observation. */
  readonly loopDelayP99Ms: number;
  readonly latenessP99Ms: number;
  readonly starved: boolean;
  /** Of what, in words; only when starved. */
  readonly why?: string;
  /** Share of the machine's CPU time that its host gave to others, over the observation; undefined where it is not told. */
  readonly stolenShare?: number;
}

/**
 * Whether the instrument itself could be trusted: a harness that was starved of CPU measures itself. Starved is a loop
 * delay over 500 ms, lateness over the shortest probe period, or more waiting for a CPU than not, in more than 5 % of its own
 * measurements; or a machine whose host gave more than a quarter of its CPU time to others. Nor can one be trusted that said nothing about
 * itself for 30 s.
 */
export function harnessHealth(log: TrialLog, observation: Observation): HarnessHealth {
  const own = log.of('harness').filter((h) => h.atMs >= observation.fromMs && h.atMs <= observation.toMs);
  const shortest = Math.min(...log.started.probes.map((p) => p.periodMs));
  const poor = own.filter(
    (h) => h.loopDelayP99Ms > loopDelayLimitMs || h.latenessP99Ms > shortest || (h.waitedShare ?? 0) > waitedLimit,
  ).length;
  const told = own.flatMap((h) => h.stolenShare ?? []);
  const stolenShare = told.reduce((sum, share) => sum + share, 0) / told.length;
  const tooLate = own.length > 0 && poor / own.length > tolerated;
  const said = [observation.fromMs, ...own.map((h) => h.atMs), observation.toMs];
  const silent = own.length === 0 || said.some((at, i) => at - (said[i - 1] ?? at) > silenceLimitMs);
  const why = tooLate
    ? 'the harness was starved of CPU, so its own lateness is in the numbers'
    : stolenShare > stolenLimit
      ? `the machine's host gave ${Math.round(stolenShare * 100)} % of its CPU time to others`
      : silent
        ? 'the harness did not say how it was doing, so nothing shows that it was not starved of CPU'
        : undefined;
  return {
    loopDelayP99Ms: whole(Math.max(0, ...own.map((h) => h.loopDelayP99Ms))),
    latenessP99Ms: whole(Math.max(0, ...own.map((h) => h.latenessP99Ms))),
    starved: why !== undefined,
    ...(why === undefined ? {} : { why }),
    ...(told.length === 0 ? {} : { stolenShare: Math.round(stolenShare * 1000) / 1000 }),
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
  const width = silenceOf(sli.periodMs);
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

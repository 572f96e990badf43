import type { TrialRecord } from '../../model/record.ts';
import { humanDuration } from '../../model/units.ts';
import type { Checker } from '../checker.ts';
import type { SliLog, Stored, TrialLog } from '../log.ts';
import { whole } from '../numbers.ts';
import type { Observation } from '../observation.ts';
import { silenceOf } from '../outages.ts';
import { list } from '../words.ts';

/** Above this the harness' own event loop is too slow to be believed. */
const loopDelayLimitMs = 500;
/** Above this share of an interval spent waiting for a CPU, what the harness notes is late by more than what it notes. */
const waitedLimit = 0.5;
/** Above this share of all CPU time given to others by the machine's host, the cluster's own times are the host's. */
const stolenLimit = 0.25;
/** Above this share of its time spent waiting while others had the CPU, what the nodes do takes three times as long, and is not the runbook's. */
const crowdedLimit = 2 / 3;
/** The harness says how it is doing once a second. Where it has not for so long, nothing says whether it was starved. */
const silenceLimitMs = 30_000;
/** Share of the harness' own measurements that may be worse than the limits. */
const tolerated = 0.05;

/** Whether the harness kept up with its own clock. */
export const instrument: Checker<TrialRecord['harness']> = {
  name: 'instrument',
  gate: true,
  check: ({ log, observation }) => {
    const value = harnessHealth(log, observation);
    return value.why === undefined
      ? { verdict: 'good', says: 'the harness kept up', value }
      : { verdict: 'unknown', says: value.why, voids: 'unknown', value };
  },
};

/** Whether every probe that the outcome depends on asked all the time: those of `breaks`, and where no fault was injected all of them. */
export const probing: Checker<undefined> = {
  name: 'probing',
  gate: true,
  check: ({ log, observation }) => {
    const gaps = gapsOf(log, observation);
    return gaps.length === 0
      ? { verdict: 'good', says: 'all probes ran without a gap', value: undefined }
      : { verdict: 'unknown', says: `probes did not run: ${list(gaps)}`, voids: 'unknown', value: undefined };
  },
};

/**
 * Whether the instrument itself could be trusted: a harness that was starved of CPU measures itself. Starved is a loop
 * delay over 500 ms, lateness over the shortest probe period, or more waiting for a CPU than not, in more than 5 % of its own
 * measurements; or a machine whose host gave more than a quarter of its CPU time to others, or whose other programs kept the nodes waiting
 * for more than two thirds of their time. Nor can one be trusted that said nothing about
 * itself for 30 s.
 */
function harnessHealth(log: TrialLog, observation: Observation): TrialRecord['harness'] {
  const own = log.of('harness').filter((h) => h.atMs >= observation.fromMs && h.atMs <= observation.toMs);
  const shortest = Math.min(...log.started.probes.map((p) => p.periodMs));
  const poor = own.filter(
    (h) => h.loopDelayP99Ms > loopDelayLimitMs || h.latenessP99Ms > shortest || (h.waitedShare ?? 0) > waitedLimit,
  ).length;
  const told = own.flatMap((h) => h.stolenShare ?? []);
  const stolenShare = told.reduce((sum, share) => sum + share, 0) / told.length;
  const crowdedShare = crowdedOf(own);
  const tooLate = own.length > 0 && poor / own.length > tolerated;
  const said = [observation.fromMs, ...own.map((h) => h.atMs), observation.toMs];
  const silent = own.length === 0 || said.some((at, i) => at - (said[i - 1] ?? at) > silenceLimitMs);
  const why = tooLate
    ? 'the harness was starved of CPU, so its own lateness is in the numbers'
    : stolenShare > stolenLimit
      ? `the machine's host gave ${Math.round(stolenShare * 100)} % of its CPU time to others`
      : (crowdedShare ?? 0) > crowdedLimit
        ? `other programs kept the nodes waiting for a CPU in ${Math.round((crowdedShare ?? 0) * 100)} % of their time: end them, or run fewer trials at once`
        : silent
          ? 'the harness did not report its own health, so it may have been starved of CPU'
          : undefined;
  return {
    loopDelayP99Ms: whole(Math.max(0, ...own.map((h) => h.loopDelayP99Ms))),
    latenessP99Ms: whole(Math.max(0, ...own.map((h) => h.latenessP99Ms))),
    starved: why !== undefined,
    ...(why === undefined ? {} : { why }),
    ...(told.length === 0 ? {} : { stolenShare: Math.round(stolenShare * 1000) / 1000 }),
    ...(crowdedShare === undefined ? {} : { crowdedShare: Math.round(crowdedShare * 1000) / 1000 }),
  };
}

/**
 * The share of the nodes' own time (running, or waiting for a CPU) in which they waited while programs that do not belong to the trial had
 * one: of each wait, as much as those had of the CPUs meanwhile. So it is never more than their share of the machine: a trial that
 * keeps its own nodes waiting does not crowd them. Undefined where nobody measured it, and of nodes that did nothing.
 */
function crowdedOf(own: readonly Stored<'harness'>[]): number | undefined {
  let [all, forOthers] = [0, 0];
  for (const { nodesRunning = 0, nodesWaiting = 0, othersShare = 0 } of own) {
    all += nodesRunning + nodesWaiting;
    forOthers += nodesWaiting * othersShare;
  }
  return all === 0 ? undefined : forOthers / all;
}

/** `dns from 41 s to 52 s after the fault`, for each probe with a gap. */
function gapsOf(log: TrialLog, observation: Observation): readonly string[] {
  if (observation.onset === undefined && !observation.control) return [];
  return log.slis
    .filter((s) => observation.control || log.started.breaks.includes(s.sli))
    .flatMap((sli) => {
      const gap = findGap(sli, observation);
      if (gap === undefined) return [];
      const since = (ms: number): string => humanDuration(Math.max(0, ms - observation.fromMs));
      const zero = observation.control ? 'of the watch' : 'after the fault';
      return [`${sli.sli} from ${since(gap.fromMs)} to ${since(gap.toMs)} ${zero}`];
    });
}

/**
 * The first stretch of the observation in which a probe should have sent a request and the log has none, or undefined.
 * A request that is still under way when the observation ends is no gap.
 */
function findGap(
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

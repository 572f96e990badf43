import { defaultSlo } from '../model/probe.ts';
import type { Band, WholeSliRecord } from '../model/record.ts';
import type { Answer, TrialLog } from './log.ts';
import { lowerBound, outward, whole } from './numbers.ts';
import type { Observation } from './observation.ts';
import { silenceOf } from './outages.ts';
import { findStable, type Broken } from './recovery.ts';
import { changedMs, inTime } from './service.ts';

/** Everything about one SLI in one trial. */
export function sliRecord({ sli, outages }: Broken, log: TrialLog, observation: Observation): WholeSliRecord {
  const { fromMs, toMs, onset } = observation;
  const { holdMs, horizonMs } = log.started;
  const begin = lowerBound(sli.samples, fromMs, (s) => s.intendedMs);
  const end = lowerBound(sli.samples, toMs, (s) => s.intendedMs);
  const seen = sli.samples.slice(begin, end);
  const bad = seen.filter((s) => !s.ok);
  const lastError = bad.findLast((s) => s.error !== undefined)?.error;
  const [first] = outages;
  const stable = first && findStable([{ sli, outages }], toMs, holdMs, changedMs(log, observation));
  return {
    sli: sli.sli,
    title: sli.title,
    bystander: sli.bystander,
    periodMs: sli.periodMs,
    slo: sli.slo ?? defaultSlo,
    broke: first !== undefined,
    ...(first === undefined ? {} : { firstSymptom: outward(first.began.lo, first.began.hi) }),
    ...(first === undefined || onset === undefined ? {} : { ttr: inTime(stable?.at, onset, horizonMs) }),
    badMs: badTime(sli.samples, sli.periodMs, fromMs, Math.min(toMs, (onset?.hi ?? fromMs) + horizonMs)),
    samples: seen.length,
    bad: bad.length,
    ...(lastError === undefined ? {} : { lastError }),
    bands: bandsOf(sli.samples, sli.periodMs, toMs),
  };
}

/**
 * Integral of (1 - availability) over [fromMs, toMs) in ms: every bad sample stands for one period from its intended start.
 * The fair number for flapping and partial outages, where one instant of recovery says little.
 */
export function badTime(samples: readonly Answer[], periodMs: number, fromMs: number, toMs: number): number {
  let sum = 0;
  for (const sample of samples) {
    if (sample.ok || sample.intendedMs < fromMs || sample.intendedMs >= toMs) continue;
    sum += Math.min(periodMs, toMs - sample.intendedMs);
  }
  return whole(sum);
}

/**
 * An SLI's timeline as stretches of good and bad, for drawing: each sample stands from its intended start to the next one's,
 * neighbours that agree are one band. Where there are no samples there is no band.
 */
export function bandsOf(samples: readonly Answer[], periodMs: number, toMs: number): readonly Band[] {
  const bands: { fromMs: number; toMs: number; good: boolean }[] = [];
  samples.forEach((sample, i) => {
    if (sample.intendedMs >= toMs) return;
    const next = samples[i + 1]?.intendedMs;
    const reach = sample.intendedMs + periodMs;
    const connected = next !== undefined && next - sample.intendedMs <= silenceOf(periodMs);
    const band = {
      fromMs: whole(sample.intendedMs),
      toMs: whole(Math.min(toMs, connected ? next : reach)),
      good: sample.ok,
    };
    const last = bands.at(-1);
    if (last?.toMs === band.fromMs && last.good === band.good) last.toMs = band.toMs;
    else bands.push(band);
  });
  return bands;
}

import { canaryDelayMs } from '../model/control.ts';
import type { TrialEvent } from '../model/events.ts';
import { defaultSlo } from '../model/probe.ts';
import type { WholeSliRecord, WholeRecord } from '../model/record.ts';
import { humanDuration, uncensored, type Censored, type Interval } from '../model/units.ts';
import { badTime } from './badness.ts';
import { bandsOf } from './bands.ts';
import { collateralOf } from './collateral.ts';
import { dataOf } from './data.ts';
import { detectorsOf } from './detectors.ts';
import { findFullRecovery } from './full-recovery.ts';
import { harmOf } from './harm.ts';
import { findGap, harnessHealth } from './health.ts';
import { integrityOf } from './integrity.ts';
import { indexLog, type TrialLog } from './log.ts';
import { elapsed, lowerBound, outward, whole } from './numbers.ts';
import { observe, type Observation } from './observation.ts';
import { decide } from './outcome.ts';
import { outagesOf } from './outages.ts';
import { splitTtr } from './parts.ts';
import { type Broken, findFirstGood, findStable, neverLost } from './recovery.ts';
import { downAgain, durabilityCheck } from './relapse.ts';
import { mitigationOf, phasesOf, stepsOf } from './steps.ts';

/** When the change that breaks everything was over under a precaution: it is made step by step, and service may be stable between two of them. */
function changedMs(log: TrialLog, { prevention }: Observation): number | undefined {
  return prevention ? log.of('phase').find((p) => p.name === 'inject' && p.state === 'done')?.atMs : undefined;
}

/**
 * Derives every number of one trial from its events and from nothing else: no clock, no files, the same events give the same
 * record. Definitions: docs/measurement.md. Works on the log of a trial that still runs, too; its outcome then is `invalid`
 * (cut off) but its TTR is already what it will be.
 * @throws FiredrillError `usage` when the log has no `trial.started`
 */
export function analyseTrial(events: readonly TrialEvent[]): WholeRecord {
  const log = indexLog(events);
  const observation = observe(log);
  const { started } = log;
  const { onset } = observation;

  const all: readonly Broken[] = log.slis.map((sli) => ({
    sli,
    outages: outagesOf(sli.samples, sli, observation.fromMs, observation.toMs),
  }));
  const mitigation = mitigationOf(log);
  const broken = brokenOf(all, log, observation);
  const spared = started.breaks.filter((name) => !broken.some((b) => b.sli.sli === name));
  const unbroken = observation.prevention || observation.control ? [] : spared;
  const prevented = observation.prevention && broken.length === 0;
  // As long as something that must break has not, "everything is good again" would be said too early.
  const restored = prevented
    ? neverLost(observation, started.holdMs)
    : unbroken.length > 0
      ? undefined
      : findStable(broken, observation.toMs, started.holdMs, changedMs(log, observation));
  const timed =
    onset !== undefined && unbroken.length === 0 && (prevented ? restored !== undefined : broken.length > 0);
  const since = (at: Interval | undefined): Interval | Censored | undefined =>
    timed ? (prevented ? { lo: 0, hi: 0 } : inTime(at, onset, started.horizonMs)) : undefined;
  const ttr = since(restored?.at);
  const firstGood = since(findFirstGood(broken));
  const stable = uncensored(ttr) === undefined ? undefined : restored;
  const again = stable && downAgain(broken, stable, durabilityCheck(log), observation.toMs);

  const detectors = detectorsOf(log, observation);
  const { collateral, lostOutside } = collateralOf(log, observation);
  const data = dataOf(log, observation);
  const harness = harnessHealth(log, observation);
  const slis = all.map((one) => sliRecord(one, log, observation));
  const full = findFullRecovery(log, observation, stable, again, detectors, data);
  const fullTtr = full.at === undefined || onset === undefined ? undefined : elapsed(onset, full.at);
  const fullInTime = fullTtr !== undefined && fullTtr.lo <= started.horizonMs ? fullTtr : undefined;

  const { outcome, reason } = decide({
    log,
    observation,
    unbroken,
    prevented,
    damage: integrityOf(log),
    starved: harness.why,
    gaps: gapsOf(log, observation),
    ttr,
    watchedMs: onset === undefined ? 0 : observation.toMs - onset.hi,
    again,
    data,
    harm: harmOf(log, observation, all, mitigation?.startMs, lostOutside),
    down: all.filter(({ outages }) => outages.length > 0).map(({ sli }) => sli.sli),
    detectors,
  });

  const firstDown = all
    .flatMap(({ sli, outages }) => outages.slice(0, 1).map(({ began }) => ({ sli: sli.sli, began })))
    .sort((a, b) => a.began.hi - b.began.hi || a.began.lo - b.began.lo)[0];
  // The same indicators in every arm: one that failed for a second beside them must not make the mean look better.
  const badTimes = slis.filter((s) => started.breaks.includes(s.sli)).map((s) => s.badMs);
  return {
    schemaVersion: 1,
    definitions: 2,
    trialId: started.trialId,
    scenario: started.scenario,
    runbook: started.runbook,
    ...(started.control === undefined ? {} : { control: started.control }),
    profile: started.profile,
    seed: started.seed,
    wallEpochMs: started.wallEpochMs,
    outcome,
    ...(observation.prevention ? { prevention: true as const } : {}),
    reason,
    claim: started.claim,
    ...(onset === undefined ? {} : { onset: outward(onset.lo, onset.hi) }),
    witness: observation.evidence,
    ...(firstDown === undefined
      ? {}
      : { firstSymptom: { sli: firstDown.sli, interval: outward(firstDown.began.lo, firstDown.began.hi) } }),
    detectors,
    ...(mitigation === undefined ? {} : { mitigation }),
    ...(firstGood === undefined ? {} : { firstGood }),
    ...(ttr === undefined ? {} : { ttr }),
    ...(ttr === undefined ? {} : { fullRecovery: fullInTime ?? { censored: true as const, at: started.horizonMs } }),
    ...(stable === undefined ? {} : { watchedStableMs: whole(Math.max(0, observation.toMs - stable.at.hi)) }),
    ...(again === undefined ? {} : { downAgain: again }),
    fullRecoveryMissing:
      ttr === undefined || fullInTime !== undefined
        ? []
        : fullTtr === undefined
          ? full.missing
          : [`only after the horizon of ${humanDuration(started.horizonMs)}`],
    ...(prevented || ttr === undefined || onset === undefined || 'censored' in ttr
      ? {}
      : { parts: splitTtr(ttr, onset, mitigation) }),
    badnessMs: badTimes.length === 0 ? 0 : whole(badTimes.reduce((a, b) => a + b, 0) / badTimes.length),
    slis,
    data,
    collateral,
    ...loadOf(log, observation),
    harness,
    environment: Object.assign({}, ...log.of('environment').map((e) => e.facts)) as Record<string, string>,
    phases: phasesOf(log),
    steps: stepsOf(log),
    endMs: whole(observation.toMs),
  };
}

/**
 * The SLIs that TTR is about: those that must break, and any other but bystanders with an outage that was known when the runbook began (in
 * the canary: when it would have begun without its delay). That instant is the same for all arms, also for those that change nothing:
 * a database that is still away is no recovery, and what goes down later is the runbook's doing and looked at as harm.
 */
function brokenOf(all: readonly Broken[], log: TrialLog, { onset }: Observation): readonly Broken[] {
  const { breaks, control, runbookDelayMs } = log.started;
  const begun = log.of('phase').find((p) => p.name === 'runbook' && p.state === 'started')?.atMs;
  const canaryMs = control === 'delayed' ? canaryDelayMs : 0;
  const untilMs = onset === undefined ? Number.NEGATIVE_INFINITY : (begun ?? onset.lo + runbookDelayMs) - canaryMs;
  return all.filter(({ sli, outages: [first] }) => {
    if (first === undefined) return false;
    return breaks.includes(sli.sli) || (!sli.bystander && first.overdueMs < untilMs);
  });
}

/** All trials are censored at one common time, so a recovery after the horizon is none. */
function inTime(at: Interval | undefined, onset: Interval, horizonMs: number): Interval | Censored {
  const time = at && elapsed(onset, at);
  return time === undefined || time.lo > horizonMs ? { censored: true, at: whole(horizonMs) } : time;
}

function sliRecord({ sli, outages }: Broken, log: TrialLog, observation: Observation): WholeSliRecord {
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

/** Only SLIs that the TTR depends on, and in a control all of them. */
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

/** The user load from the fault on; the series whole, for drawing. */
function loadOf(log: TrialLog, observation: Observation): Pick<WholeRecord, 'load' | 'loadSeries'> {
  const load = { good: 0, bad: 0, dropped: 0 };
  const loadSeries = log
    .of('load')
    .map(({ secondMs, good, bad, dropped }) => ({ secondMs: whole(secondMs), good, bad, dropped }))
    .sort((a, b) => a.secondMs - b.secondMs);
  for (const second of loadSeries) {
    if (second.secondMs < observation.fromMs || second.secondMs >= observation.toMs) continue;
    load.good += second.good;
    load.bad += second.bad;
    load.dropped += second.dropped;
  }
  return { load, loadSeries };
}

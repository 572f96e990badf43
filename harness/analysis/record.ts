import type { TrialEvent } from '../model/events.ts';
import type { SliRecord, TrialRecord } from '../model/record.ts';
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
import { indexLog, type SliLog, type TrialLog } from './log.ts';
import { elapsed, lowerBound, outward, whole } from './numbers.ts';
import { observe, type Observation } from './observation.ts';
import { decide } from './outcome.ts';
import { splitTtr } from './parts.ts';
import { findRestored, type Restored, neverLost } from './recovery.ts';
import { relapsedSlis } from './relapse.ts';
import { mitigationOf, phasesOf, stepsOf } from './steps.ts';
import { findSymptoms, type Symptom } from './symptoms.ts';

/**
 * Derives every number of one trial from its events and from nothing else: no clock, no files, the same events give the same
 * record. Definitions: docs/measurement.md. Works on the log of a trial that still runs, too; its outcome then is `invalid`
 * (cut off) but its TTR is already what it will be.
 * @throws FiredrillError `usage` when the log has no `trial.started`
 */
export function analyseTrial(events: readonly TrialEvent[]): TrialRecord {
  const log = indexLog(events);
  const observation = observe(log);
  const { started } = log;
  const { onset } = observation;

  const sick = log.slis.map((sli) => ({
    sli,
    symptom: findSymptoms(sli.samples, observation.fromMs, observation.toMs)[0],
  }));
  const mitigation = mitigationOf(log);
  // What the fault broke beyond what it had to break counts too: a database that is still away is no recovery. What went bad
  // only after the first changing command is the runbook's doing, and is looked at as harm.
  const faultEndsMs = onset === undefined ? Number.NEGATIVE_INFINITY : (mitigation?.startMs ?? observation.toMs);
  const broken = sick
    .filter(
      ({ sli, symptom }) =>
        started.breaks.includes(sli.sli) ||
        (!sli.bystander && symptom !== undefined && symptom.firstBadMs < faultEndsMs),
    )
    .flatMap(({ sli, symptom }) => (symptom === undefined ? [] : [{ sli, symptom }]));
  const spared = started.breaks.filter((name) => !broken.some((b) => b.sli.sli === name));
  const unbroken = observation.prevention || observation.control ? [] : spared;
  const prevented = observation.prevention && broken.length === 0;
  const brokenSlis = broken.map((b) => b.sli);
  // As long as something that must break has not, "everything is good again" would be said too early.
  const restored = prevented
    ? neverLost(observation, started.holdMs)
    : unbroken.length > 0
      ? undefined
      : restoredOf(broken, log, observation);
  const ttr = prevented
    ? restored && { lo: 0, hi: 0 }
    : onset === undefined || unbroken.length > 0 || broken.length === 0
      ? undefined
      : ttrOf(restored, onset, started.horizonMs);
  const seenRestored = uncensored(ttr) === undefined ? undefined : restored;

  const detectors = detectorsOf(log, observation);
  const { collateral, lostOutside } = collateralOf(log, observation);
  const data = dataOf(log, observation);
  const harness = harnessHealth(log, observation);
  const slis = sick.map(({ sli, symptom }) => sliRecord(sli, symptom, log, observation));
  const full = findFullRecovery(log, observation, seenRestored, brokenSlis, detectors, data);
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
    relapsed:
      seenRestored === undefined ? [] : relapsedSlis(brokenSlis, seenRestored, observation.toMs, started.holdMs),
    data,
    harm: harmOf(log, observation, mitigation?.startMs, lostOutside),
    symptoms: sick.flatMap(({ sli, symptom }) => (symptom === undefined ? [] : [sli.sli])),
    detectors,
  });

  const firstSick = sick
    .flatMap(({ sli, symptom }) => (symptom === undefined ? [] : [{ sli: sli.sli, began: symptom.began }]))
    .sort((a, b) => a.began.hi - b.began.hi || a.began.lo - b.began.lo)[0];
  // The same indicators in every arm: one that failed for a second beside them must not make the mean look better.
  const badTimes = slis.filter((s) => started.breaks.includes(s.sli)).map((s) => s.badMs);
  return {
    schemaVersion: 1,
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
    ...(firstSick === undefined
      ? {}
      : { firstSymptom: { sli: firstSick.sli, interval: outward(firstSick.began.lo, firstSick.began.hi) } }),
    detectors,
    ...(mitigation === undefined ? {} : { mitigation }),
    ...(ttr === undefined ? {} : { ttr }),
    ...(ttr === undefined ? {} : { fullRecovery: fullInTime ?? { censored: true as const, at: started.horizonMs } }),
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

function restoredOf(
  broken: readonly { readonly sli: SliLog; readonly symptom: Symptom }[],
  log: TrialLog,
  observation: Observation,
): Restored | undefined {
  if (broken.length === 0) return undefined;
  const after = Math.max(...broken.map((b) => b.symptom.firstBadMs));
  return findRestored(
    broken.map((b) => b.sli),
    after,
    observation.toMs,
    log.started.holdMs,
  );
}

/** All trials are censored at one common time, so a recovery after the horizon is none. */
function ttrOf(restored: Restored | undefined, onset: Interval, horizonMs: number): Interval | Censored {
  const ttr = restored === undefined ? undefined : elapsed(onset, restored.at);
  return ttr === undefined || ttr.lo > horizonMs ? { censored: true, at: whole(horizonMs) } : ttr;
}

function sliRecord(sli: SliLog, symptom: Symptom | undefined, log: TrialLog, observation: Observation): SliRecord {
  const { fromMs, toMs, onset } = observation;
  const { holdMs, horizonMs } = log.started;
  const begin = lowerBound(sli.samples, fromMs, (s) => s.intendedMs);
  const end = lowerBound(sli.samples, toMs, (s) => s.intendedMs);
  const seen = sli.samples.slice(begin, end);
  const bad = seen.filter((s) => !s.ok);
  const lastError = bad.findLast((s) => s.error !== undefined)?.error;
  const again = symptom === undefined ? undefined : findRestored([sli], symptom.firstBadMs, toMs, holdMs);
  return {
    sli: sli.sli,
    title: sli.title,
    bystander: sli.bystander,
    broke: symptom !== undefined,
    ...(symptom === undefined ? {} : { firstSymptom: outward(symptom.began.lo, symptom.began.hi) }),
    ...(symptom === undefined || onset === undefined ? {} : { ttr: ttrOf(again, onset, horizonMs) }),
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
function loadOf(log: TrialLog, observation: Observation): Pick<TrialRecord, 'load' | 'loadSeries'> {
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

import type { TrialEvent } from '../model/events.ts';
import type { WholeRecord } from '../model/record.ts';
import { judge, type Checker, type Trial } from './checker.ts';
import { checkers } from './checkers.ts';
import { alarms } from './checkers/alarms.ts';
import { collateral, harm } from './checkers/collateral.ts';
import { data } from './checkers/data.ts';
import { fullRecovery } from './checkers/full-recovery.ts';
import { instrument } from './checkers/instrument.ts';
import { indexLog, type TrialLog } from './log.ts';
import { outward, whole } from './numbers.ts';
import { observe, type Observation } from './observation.ts';
import { decide } from './outcome.ts';
import { outagesOf } from './outages.ts';
import { serviceOf, type Service } from './service.ts';
import { sliRecord } from './sli.ts';
import { mitigationOf, phasesOf, responderOf, stepsOf } from './steps.ts';
import { splitTtr } from './time-spent.ts';

/**
 * Derives every number of one trial from its events and from nothing else: no clock, no files, the same events give the same
 * record. Definitions: docs/measurement.md. Works on the log of a trial that still runs, too; its outcome then is `invalid`
 * (cut off) but its TTR is already what it will be.
 * @param judges by what it is judged
 * @param correct what is known of when service was back, by who knows more than the events
 * @throws FiredrillError `usage` when the log has no `trial.started`
 */
export function analyseTrial(
  events: readonly TrialEvent[],
  judges: readonly Checker[] = checkers,
  correct: (service: Service, seen: Omit<Trial, 'found' | 'service'>) => Service = (service) => service,
): WholeRecord {
  const log = indexLog(events);
  const observation = observe(log);
  const { started } = log;
  const { onset } = observation;
  const broken = log.slis.map((sli) => ({
    sli,
    outages: outagesOf(sli.samples, sli, observation.fromMs, observation.toMs),
  }));
  const mitigation = mitigationOf(log);
  const responder = responderOf(log, onset);
  const measured = { log, observation, slis: broken, mitigation };
  const service = correct(serviceOf(log, observation, broken), measured);
  const { firstGood, ttr, stable, again, prevented, late, half } = service;
  const seen: Omit<Trial, 'found'> = { ...measured, service };
  const { findings, found } = judge(judges, seen);
  const { outcome, reason } = decide({ ...seen, found }, findings);
  const harmed = found(harm);

  const [firstDown] = broken
    .flatMap(({ sli, outages }) => outages.slice(0, 1).map(({ began }) => ({ sli: sli.sli, began })))
    .sort((a, b) => a.began.hi - b.began.hi || a.began.lo - b.began.lo);
  const slis = broken.map((one) => sliRecord(one, log, observation));
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
    detectors: found(alarms) ?? [],
    ...(mitigation === undefined ? {} : { mitigation }),
    ...(responder === undefined ? {} : { responder }),
    ...(firstGood === undefined ? {} : { firstGood }),
    ...(ttr === undefined ? {} : { ttr }),
    ...(stable === undefined ? {} : { watchedStableMs: whole(Math.max(0, observation.toMs - stable.at.hi)) }),
    ...(again === undefined ? {} : { downAgain: again }),
    ...(late === undefined ? {} : { late }),
    ...(half === undefined ? {} : { half }),
    ...(ttr === undefined
      ? { fullRecoveryMissing: [] }
      : (found(fullRecovery) ?? { fullRecoveryMissing: ['full recovery was not checked'] })),
    ...(prevented || ttr === undefined || onset === undefined || 'censored' in ttr
      ? {}
      : { parts: splitTtr(ttr, onset, mitigation) }),
    badnessMs: badTimes.length === 0 ? 0 : whole(badTimes.reduce((a, b) => a + b, 0) / badTimes.length),
    slis,
    data: found(data) ?? 'unknown',
    collateral: found(collateral)?.counts ?? 'unknown',
    ...(harmed === undefined || harmed.slis.length + harmed.objects.length === 0 ? {} : { harm: harmed }),
    ...loadOf(log, observation),
    harness: found(instrument) ?? notJudged,
    findings: findings.map(({ voids: _, ...finding }) => finding),
    environment: Object.assign({}, ...log.of('environment').map((e) => e.facts)) as Record<string, string>,
    phases: phasesOf(log),
    steps: stepsOf(log),
    endMs: whole(observation.toMs),
  };
}

/** Of a harness of which nobody knows whether it kept up. */
const notJudged = {
  loopDelayP99Ms: 0,
  latenessP99Ms: 0,
  starved: true,
  why: 'whether the harness kept up was not checked',
};

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

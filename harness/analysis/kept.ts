import type { Plan } from '../model/plan.ts';
import type { DetectorRecord, WholeSliRecord, WholeRecord } from '../model/record.ts';
import { humanDuration, uncensored, type Censored, type Interval } from '../model/units.ts';
import type { Trial } from './checker.ts';
import { checkers } from './checkers.ts';
import { keptEvents, slowMs, slowTimeoutMs } from './kept-events.ts';
import { whole } from './numbers.ts';
import { isValid } from './observed.ts';
import { analyseTrial } from './record.ts';
import type { Service } from './service.ts';
import { phasesOf } from './steps.ts';
import { splitTtr } from './time-spent.ts';
import { list } from './words.ts';

/**
 * What reports say of records with `from: 'bands'`.
 */
export const fromBandsNote =
  'This run was kept without its events, and is recomputed from its timelines. When requests ended is unknown, so a time may be too short ' +
  'by the length of one request (2 s at most; for pod-start its 10 s are in the interval). An alert that fired after the first changing ' +
  'command counts as missed, whatever it had said before.';

/**
 * A trial of a run that was kept without its events, by the definitions of today (docs/measurement.md), as far as its timelines tell it.
 *
 * Computed again: onset to recovery of each SLI and of the trial, relapse, harm to SLIs, the outcome, the parts of TTR, how long alerts were asked.
 * Taken over: downtime, data, collateral, load. What cannot be told: when requests ended (see `fromBandsNote`); what an alert said before the
 * first changing command when it detected only after it; since when the cluster was whole, where service decided full recovery (its interval then
 * contains both). A record stays as it is, by its older definitions, where it has no outage to judge (invalid trials, controls without a fault),
 * where its requests do not fit what was counted, and where an SLI that had to break failed for too short to be an outage now.
 */
export function reanalyseKept(record: WholeRecord, plan: Plan): WholeRecord {
  const { onset } = record;
  if (record.definitions === 2 || !isValid(record) || onset === undefined) return record;
  const events = keptEvents(record, plan);
  if (events === undefined) return record;
  const fresh = analyseTrial(events, checkers, slowToTell);
  if (fresh.outcome === 'invalid') return record;
  const { firstGood, ttr } = fresh;
  const restored = uncensored(ttr);
  // What became of objects outside the blast radius is no matter of timelines, and decides before all but loss.
  const { outcome, reason } = objectsHarmed(record) ? record : fresh;
  const { firstSymptom: _s, ttr: _t, fullRecovery: _f, parts: _p, ...rest } = record;
  const { firstSymptom, watchedStableMs, downAgain } = fresh;
  return {
    ...rest,
    definitions: 2,
    from: 'bands',
    outcome,
    reason,
    ...(firstSymptom === undefined ? {} : { firstSymptom }),
    detectors: record.detectors.map((d) => asked(d, onset, record.mitigation?.startMs ?? record.endMs)),
    ...(firstGood === undefined ? {} : { firstGood }),
    ...(ttr === undefined ? {} : { ttr }),
    ...fullRecoveryOf(record, restored, fresh, plan.horizonMs),
    ...(watchedStableMs === undefined ? {} : { watchedStableMs }),
    ...(downAgain === undefined ? {} : { downAgain }),
    ...(restored === undefined || outcome === 'prevented'
      ? {}
      : { parts: splitTtr(restored, onset, record.mitigation) }),
    slis: record.slis.map((sli) => sliOf(sli, fresh)),
  };
}

/** Records of before `harm` say it in their reason only, in these words. */
const objectsHarmed = ({ outcome, reason, harm }: WholeRecord): boolean =>
  outcome === 'harmed' &&
  (harm === undefined ? reason.includes('outside the blast radius gone') : harm.objects.length > 0);

/**
 * A time that ends with an outage of a slow probe: the first request that went well may have waited for that until it was nearly given up. It is
 * about those outages that were known when the runbook began.
 */
function slowToTell(service: Service, { log, observation, slis }: Omit<Trial, 'found' | 'service'>): Service {
  const { firstGood, ttr } = service;
  const { onset } = observation;
  if (onset === undefined) return service;
  const begunMs = phasesOf(log).find(({ name }) => name === 'runbook')?.fromMs ?? observation.toMs;
  const ends = slis
    .filter(
      ({ sli, outages: [first] }) => sli.periodMs >= slowMs && !sli.bystander && first && first.firstBadMs < begunMs,
    )
    .flatMap(({ outages }) => outages.flatMap(({ ended }) => (ended === undefined ? [] : [ended.hi - onset.lo])));
  const waited = <T extends Interval | Censored>(time: T): T | Interval => {
    if ('censored' in time) return time;
    const before = ends.filter((ms) => ms <= time.hi);
    return { lo: time.lo, hi: Math.max(time.hi, ...before.map((ms) => Math.ceil(ms + slowTimeoutMs))) };
  };
  return {
    ...service,
    ...(firstGood === undefined ? {} : { firstGood: waited(firstGood) }),
    ...(ttr === undefined ? {} : { ttr: waited(ttr) }),
  };
}

/** An SLI's outage and recovery again; what was counted stays. */
function sliOf(kept: WholeSliRecord, fresh: WholeRecord): WholeSliRecord {
  const { firstSymptom: _s, ttr: _t, ...counted } = kept;
  const anew = fresh.slis.find(({ sli }) => sli === kept.sli);
  if (anew === undefined) return kept;
  const { broke, firstSymptom, periodMs, slo } = anew;
  const restored = uncensored(anew.ttr);
  const ttr =
    restored !== undefined && periodMs !== undefined && periodMs >= slowMs
      ? { lo: restored.lo, hi: restored.hi + slowTimeoutMs }
      : anew.ttr;
  return {
    ...counted,
    broke,
    ...(periodMs === undefined ? {} : { periodMs }),
    ...(slo === undefined ? {} : { slo }),
    ...(firstSymptom === undefined ? {} : { firstSymptom }),
    ...(ttr === undefined ? {} : { ttr }),
  };
}

/** An alert that fired after the first changing command may have noticed the fix: until then it had said nothing that is known. */
function asked(detector: DetectorRecord, onset: Interval, untilMs: number): DetectorRecord {
  const { ttd, what, ...rest } = detector;
  const askedMs = Math.max(0, whole(untilMs - onset.hi));
  // Its reading's own instant is the upper end, counted from the onset's lower one.
  const late = detector.status === 'detected' && ttd !== undefined && onset.lo + ttd.hi > untilMs;
  return late ? { ...rest, status: 'missed', askedMs } : { ...detector, askedMs };
}

type Full = Pick<WholeRecord, 'fullRecovery' | 'fullRecoveryMissing'>;

/**
 * Full recovery is the last of several instants, of which only the last is kept. Where another than the recovery of service was it, it stays;
 * else the others are only known to be no later.
 */
function fullRecoveryOf(
  kept: WholeRecord,
  restored: Interval | undefined,
  fresh: WholeRecord,
  horizonMs: number,
): Full {
  const never = { censored: true as const, at: horizonMs };
  const missing = kept.fullRecoveryMissing.filter((why) => !ofService.test(why));
  if (restored === undefined) return { fullRecovery: never, fullRecoveryMissing: [notStable, ...missing] };
  const { downAgain } = fresh;
  if (downAgain?.relapse === true)
    return { fullRecovery: never, fullRecoveryMissing: [`${list(downAgain.slis)} went down again`, ...missing] };
  const before = uncensored(kept.ttr);
  const full = uncensored(kept.fullRecovery);
  if (full === undefined)
    return { fullRecovery: never, fullRecoveryMissing: missing.length === 0 ? [unseen] : missing };
  if (before === undefined) return { fullRecovery: full, fullRecoveryMissing: [] };
  // As `findFullRecovery` has it: not before a blip is over.
  const blipMs = downAgain === undefined ? 0 : downAgain.afterMs + downAgain.lastedMs;
  const lo = Math.max(restored.lo + blipMs, full.lo > before.lo ? full.lo : 0);
  if (lo > horizonMs)
    return { fullRecovery: never, fullRecoveryMissing: [`only after the horizon of ${humanDuration(horizonMs)}`] };
  return { fullRecovery: { lo, hi: Math.max(restored.hi + blipMs, full.hi) }, fullRecoveryMissing: [] };
}

/** As `findFullRecovery` says it, and as it said it. */
const notStable = 'service was not stable';
const ofService = /^service was not (stable|restored)$| (is bad|went down) again$/;
const unseen = 'since when everything else was whole was not kept';

import type { Plan } from '../model/plan.ts';
import type { DetectorRecord, SliRecord, TrialRecord } from '../model/record.ts';
import { midpoint, uncensored, type Interval } from '../model/units.ts';
import { keptEvents } from './kept-events.ts';
import { whole } from './numbers.ts';
import { isValid } from './observed.ts';
import { splitTtr } from './parts.ts';
import { analyseTrial } from './record.ts';

/**
 * What reports say of records with `from: 'bands'`.
 */
export const fromBandsNote =
  'Kept without its events, and computed anew from the timelines: when requests ended was not kept, so that a time may be too short by as long ' +
  'as one request took (1 s to 2 s at most; pod-start has its 10 s in the interval). An alarm that fired after the first changing command counts ' +
  'as missed, whatever it said before.';

/**
 * A trial of a run that was kept without its events, by the definitions of today (docs/measurement.md), as far as its timelines tell it.
 *
 * Computed anew: onset to recovery of each SLI and of the trial, relapse, harm to SLIs, the outcome, the parts of TTR, how long alarms were asked.
 * Taken over: downtime, data, collateral, load. What cannot be told: when requests ended (see `fromBandsNote`); what an alarm said before the
 * first changing command when it detected only after it; since when the cluster was whole, where service decided full recovery (its interval then
 * contains both). A record stays as it is, by its older definitions, where it has no outage to judge (invalid trials, controls without a fault),
 * where its requests do not fit what was counted, and where an SLI that had to break failed for too short to be an outage now.
 */
export function reanalyseKept(record: TrialRecord, plan: Plan): TrialRecord {
  const { onset } = record;
  if (record.definitions === 2 || !isValid(record) || onset === undefined) return record;
  const [soonest, latest] = [keptEvents(record, plan), keptEvents(record, plan, true)];
  if (soonest === undefined || latest === undefined) return record;
  const fresh = between(analyseTrial(soonest), analyseTrial(latest));
  if (fresh.outcome === 'invalid') return record;
  // What became of objects outside the blast radius is no matter of timelines, and decides before all but loss.
  const harmedOutside = record.outcome === 'harmed' && record.reason.includes('outside the blast radius gone');
  const { outcome, reason } = harmedOutside ? record : fresh;
  const { firstSymptom: _s, ttr: _t, fullRecovery: _f, parts: _p, ...rest } = record;
  const { firstSymptom, firstGood, ttr, watchedStableMs, downAgain } = fresh;
  const restored = uncensored(ttr);
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
    ...fullRecoveryOf(record, fresh, plan.horizonMs),
    ...(watchedStableMs === undefined ? {} : { watchedStableMs }),
    ...(downAgain === undefined ? {} : { downAgain }),
    ...(restored === undefined || outcome === 'prevented'
      ? {}
      : { parts: splitTtr(restored, onset, record.mitigation) }),
    slis: record.slis.map((sli) => sliOf(sli, fresh)),
  };
}

type Time = TrialRecord['ttr'];

/** The same trial twice, with requests that ended as soon and as late as they may have: every time with the ends of both. */
function between(soonest: TrialRecord, latest: TrialRecord): TrialRecord {
  const wider = <K extends 'ttr' | 'firstGood'>(
    key: K,
    a: { readonly [k in K]?: Time },
    b: { readonly [k in K]?: Time } | undefined,
  ) => {
    const [early, late] = [uncensored(a[key]), uncensored(b?.[key])];
    return early === undefined || late === undefined
      ? {}
      : { [key]: { lo: early.lo, hi: Math.max(early.hi, late.hi) } };
  };
  return {
    ...soonest,
    ...wider('ttr', soonest, latest),
    ...wider('firstGood', soonest, latest),
    slis: soonest.slis.map((sli, i) => ({ ...sli, ...wider('ttr', sli, latest.slis[i]) })),
  };
}

/** An SLI's outage and recovery anew; what was counted stays. */
function sliOf(kept: SliRecord, fresh: TrialRecord): SliRecord {
  const { firstSymptom: _s, ttr: _t, ...counted } = kept;
  const anew = fresh.slis.find(({ sli }) => sli === kept.sli);
  if (anew === undefined) return kept;
  const { broke, firstSymptom, ttr, periodMs, slo } = anew;
  return {
    ...counted,
    broke,
    ...(periodMs === undefined ? {} : { periodMs }),
    ...(slo === undefined ? {} : { slo }),
    ...(firstSymptom === undefined ? {} : { firstSymptom }),
    ...(ttr === undefined ? {} : { ttr }),
  };
}

/** An alarm that fired after the first changing command may have noticed the cure: until then it had said nothing that is known. */
function asked(detector: DetectorRecord, onset: Interval, untilMs: number): DetectorRecord {
  const { ttd, what, ...rest } = detector;
  const askedMs = Math.max(0, whole(untilMs - midpoint(onset)));
  // Its reading's own instant is the upper end, counted from the onset's lower one.
  const late = detector.status === 'detected' && ttd !== undefined && onset.lo + ttd.hi > untilMs;
  return late ? { ...rest, status: 'missed', askedMs } : { ...detector, askedMs };
}

type Full = Pick<TrialRecord, 'fullRecovery' | 'fullRecoveryMissing'>;

/**
 * Full recovery is the last of several instants, of which only the last is kept. Where another than the recovery of service was it, it stays;
 * else the others are only known to be no later.
 */
function fullRecoveryOf(kept: TrialRecord, fresh: TrialRecord, horizonMs: number): Full {
  const restored = uncensored(fresh.ttr);
  const never = { censored: true as const, at: horizonMs };
  const missing = kept.fullRecoveryMissing.filter((why) => !aboutService(why));
  if (restored === undefined) return { fullRecovery: never, fullRecoveryMissing: [notRestored, ...missing] };
  if (fresh.downAgain !== undefined) return { fullRecovery: never, fullRecoveryMissing: [downAgain, ...missing] };
  const before = uncensored(kept.ttr);
  const full = uncensored(kept.fullRecovery);
  if (full === undefined)
    return { fullRecovery: never, fullRecoveryMissing: missing.length === 0 ? [unseen] : missing };
  if (before === undefined) return { fullRecovery: full, fullRecoveryMissing: [] };
  return {
    fullRecovery: { lo: Math.max(restored.lo, full.lo > before.lo ? full.lo : 0), hi: Math.max(restored.hi, full.hi) },
    fullRecoveryMissing: [],
  };
}

/** As `findFullRecovery` says it. */
const notRestored = 'service was not restored';
const downAgain = 'service was down again';
const unseen = 'since when everything else was whole was not kept';
const aboutService = (why: string): boolean => why === notRestored || why.endsWith(' is bad again');

import { canaryDelayMs } from '../model/control.ts';
import type { TrialRecord } from '../model/record.ts';
import { uncensored, type Censored, type Interval } from '../model/units.ts';
import type { TrialLog } from './log.ts';
import { elapsed, whole } from './numbers.ts';
import type { Observation } from './observation.ts';
import { stillDown } from './outages.ts';
import {
  downAgain,
  durabilityCheck,
  findFirstGood,
  findStable,
  neverLost,
  type Broken,
  type Restored,
} from './recovery.ts';

/** What became of the service in a trial: the measurement that everything else is judged beside. */
export interface Service {
  /** SLIs of `breaks` without an outage. */
  readonly unbroken: readonly string[];
  /** The change was made under a prevention, and nothing that it would have broken did. */
  readonly prevented: boolean;
  /** Counted from the onset; absent where nothing can be counted. */
  readonly firstGood?: Interval | Censored;
  readonly ttr?: Interval | Censored;
  /** Since when it was stable; absent where it never was within the horizon. */
  readonly stable?: Restored;
  /** Where it was stable only after the horizon: since when; counted from the onset. */
  readonly late?: Interval;
  /** Where it never was, and some of what broke was good again when its time was up: what broke, and what of it was still down. */
  readonly half?: { readonly broke: readonly string[]; readonly down: readonly string[] };
  /** What was down again after that. */
  readonly again?: NonNullable<TrialRecord['downAgain']>;
}

/** When the change that breaks everything was over under a prevention: it is made step by step, and service may be stable between two of them. */
export function changedMs(log: TrialLog, { prevention }: Observation): number | undefined {
  return prevention ? log.of('phase').find((p) => p.name === 'inject' && p.state === 'done')?.atMs : undefined;
}

/**
 * When service was lost, and since when it was back for good.
 * @param slis every SLI with its outages
 */
export function serviceOf(log: TrialLog, observation: Observation, slis: readonly Broken[]): Service {
  const { started } = log;
  const { onset } = observation;
  const broken = brokenOf(slis, log, observation);
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
  const late =
    stable === undefined && onset !== undefined && timed && restored ? elapsed(onset, restored.at) : undefined;
  const half = restored === undefined && ttr !== undefined ? halfBack(broken) : undefined;
  const again = stable && downAgain(broken, stable, durabilityCheck(log), observation.toMs);
  return {
    unbroken,
    prevented,
    ...(firstGood === undefined ? {} : { firstGood }),
    ...(ttr === undefined ? {} : { ttr }),
    ...(stable === undefined ? {} : { stable }),
    ...(late === undefined ? {} : { late }),
    ...(half === undefined ? {} : { half }),
    ...(again === undefined ? {} : { again }),
  };
}

/** What broke, and what of it is down at the end; undefined where all of it is. */
function halfBack(broken: readonly Broken[]): Service['half'] {
  const down = broken.filter(({ outages }) => stillDown(outages));
  if (down.length === broken.length) return undefined;
  const names = (some: readonly Broken[]) => some.map(({ sli }) => sli.sli);
  return { broke: names(broken), down: names(down) };
}

/**
 * The SLIs that TTR is about: those that must break, and any other but bystanders with an outage that was known when the runbook began (in
 * the canary: when it would have begun without its delay). That instant is the same for all arms, also for those that change nothing:
 * a database that is still away is no recovery, and what goes down later is the runbook's doing and looked at as harm.
 */
function brokenOf(slis: readonly Broken[], log: TrialLog, { onset }: Observation): readonly Broken[] {
  const { breaks, control, runbookDelayMs } = log.started;
  const begun = log.of('phase').find((p) => p.name === 'runbook' && p.state === 'started')?.atMs;
  const canaryMs = control === 'delayed' ? canaryDelayMs : 0;
  const untilMs = onset === undefined ? Number.NEGATIVE_INFINITY : (begun ?? onset.lo + runbookDelayMs) - canaryMs;
  return slis.filter(({ sli, outages: [first] }) => {
    if (first === undefined) return false;
    return breaks.includes(sli.sli) || (!sli.bystander && first.overdueMs < untilMs);
  });
}

/** Counted from the onset. All trials are censored at one common time, so a recovery after the horizon is none. */
export function inTime(at: Interval | undefined, onset: Interval, horizonMs: number): Interval | Censored {
  const time = at && elapsed(onset, at);
  return time === undefined || time.lo > horizonMs ? { censored: true, at: whole(horizonMs) } : time;
}

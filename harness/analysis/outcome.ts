import type { Outcome } from '../model/outcome.ts';
import type { DataLoss, DetectorRecord, TrialRecord } from '../model/record.ts';
import { humanDuration, midpoint, uncensored, type Censored, type Interval } from '../model/units.ts';
import { rowsLost } from './data.ts';
import type { Damage } from './integrity.ts';
import type { TrialLog } from './log.ts';
import type { Observation } from './observation.ts';

/** Everything that decides what became of a trial. */
export interface Findings {
  readonly log: TrialLog;
  readonly observation: Observation;
  /** SLIs of `breaks` without an outage. */
  readonly unbroken: readonly string[];
  /** The change was made under a precaution, and nothing that it would have broken did. */
  readonly prevented: boolean;
  /** What is wrong with the log itself. */
  readonly damage: Damage | undefined;
  /** Why the instrument cannot be believed, in words. */
  readonly starved: string | undefined;
  /** `dns between 41 s and 52 s`, for each probe with a gap. */
  readonly gaps: readonly string[];
  readonly ttr: Interval | Censored | undefined;
  /** How long after the onset the trial was watched. */
  readonly watchedMs: number;
  /** What was down again after it was stable. */
  readonly again: TrialRecord['downAgain'];
  readonly data: DataLoss | 'unknown';
  /** What the runbook harmed, in words. */
  readonly harm: readonly string[];
  /** SLIs that had an outage. */
  readonly down: readonly string[];
  readonly detectors: readonly DetectorRecord[];
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly reason: string;
}

/**
 * The outcome, by precedence (reasons in docs/measurement.md):
 * invalid > unknown > recovered-with-loss > harmed > relapsed > prevented > recovered > not-recovered.
 * Without a fault: invalid > unknown > harmed > control-disturbed > control-clean.
 */
export function decide(findings: Findings): Verdict {
  return (
    invalid(findings) ??
    (findings.observation.control ? control(findings) : undefined) ??
    unknown(findings) ??
    judged(findings)
  );
}

const causes: Readonly<Record<string, string>> = {
  'no-steady-state': 'no steady state',
  'no-witness': 'no witness confirmed the fault',
  interrupted: 'interrupted',
  environment: 'the environment failed',
  error: 'firedrill failed',
};

function invalid({ log, observation, unbroken, damage }: Findings): Verdict | undefined {
  const no = (reason: string): Verdict => ({ outcome: 'invalid', reason });
  if (damage?.kind === 'invalid') return no(damage.why);
  const { ended } = log;
  if (ended !== undefined && ended.cause !== 'completed') {
    return no((causes[ended.cause] ?? ended.cause) + (ended.detail === undefined ? '' : `: ${ended.detail}`));
  }
  // Everything that is measured has been written when the verification is done; a trial killed after that lost nothing.
  const verified = log.of('phase').some((p) => p.name === 'verify' && p.state === 'done');
  if (ended === undefined && !verified) return no(`cut off after ${humanDuration(log.lastMs)}`);
  if (observation.noOnset !== undefined) return no(observation.noOnset);
  if (unbroken.length > 0) {
    return no(`${list(unbroken)} had to break in this outage and did not`);
  }
  return undefined;
}

function unknown({ log, starved, gaps, damage, ttr, watchedMs }: Findings): Verdict | undefined {
  const no = (reason: string): Verdict => ({ outcome: 'unknown', reason });
  if (starved !== undefined) return no(starved);
  if (gaps.length > 0) return no(`probes did not ask: ${list(gaps)}`);
  if (damage !== undefined) return no(damage.why);
  const { horizonMs, holdMs } = log.started;
  if (ttr !== undefined && 'censored' in ttr && watchedMs + holdMs + tailMs < horizonMs) {
    return no(`not stable, but watched for only ${humanDuration(watchedMs)} of ${humanDuration(horizonMs)}`);
  }
  return undefined;
}

/** The end of an observation is not exact. */
const tailMs = 5000;

/**
 * No fault, nothing to recover: the noise floor of the instrument, or what a cure costs by itself. Harm comes first, and rows that a cure
 * lost are harm: nothing had endangered them.
 */
function control({ log, down, detectors, starved, gaps, damage, harm, data }: Findings): Verdict {
  const cured = log.started.control === 'on-healthy';
  const where = cured ? 'on a healthy cluster' : 'control without fault';
  if (starved !== undefined) return { outcome: 'unknown', reason: `${where}: ${starved}` };
  if (gaps.length > 0) return { outcome: 'unknown', reason: `${where}: probes did not ask: ${list(gaps)}` };
  if (damage !== undefined) return { outcome: 'unknown', reason: `${where}: ${damage.why}` };
  const lost = data === 'unknown' ? 0 : data.lost;
  const loss = lost === 0 ? [] : [rowsLost(lost)];
  if (cured ? harm.length + lost > 0 : harm.length > 0) {
    return { outcome: 'harmed', reason: `${where} the runbook harmed: ${list([...harm, ...loss])}` };
  }
  const loud = detectors.filter(firedAtNothing).map((d) => d.id);
  const alarms = loud.length === 0 ? [] : [`${cured ? 'alarms' : 'false alarms'} by ${list(loud)}`];
  if (down.length > 0 || loss.length > 0) {
    const bad = down.length === 0 ? [] : [`${list(down)} went down${cured ? '' : ' all the same'}`];
    return { outcome: 'control-disturbed', reason: `${where}: ${list([...bad, ...loss, ...alarms])}` };
  }
  return alarms.length === 0
    ? { outcome: 'control-clean', reason: `${where}: nothing broke, no alarm fired` }
    : { outcome: 'control-disturbed', reason: `${where}: nothing broke, ${list(alarms)}` };
}

/** Whether an alarm fired in the watch of a control, or did already when it began. */
export const firedAtNothing = ({ status }: DetectorRecord): boolean => status === 'misdiagnosed' || status === 'noisy';

function judged({ ttr, again, data, harm, log, prevented }: Findings): Verdict {
  const lost = data === 'unknown' ? 0 : data.lost;
  const loss = lost === 0 ? '' : `, ${rowsLost(lost)}`;
  const stable = uncensored(ttr);
  const back =
    stable === undefined
      ? `not stable within ${humanDuration(log.started.horizonMs)}`
      : `stable since ${humanDuration(midpoint(stable))} after the fault`;
  const relapsed = again?.relapse === true;
  if (stable !== undefined && !relapsed && lost > 0) {
    return {
      outcome: 'recovered-with-loss',
      reason: `${back}${loss}${harm.length > 0 ? `; harmed: ${list(harm)}` : ''}`,
    };
  }
  if (harm.length > 0) return { outcome: 'harmed', reason: `${list(harm)}; ${back}${loss}` };
  if (again !== undefined && relapsed) return { outcome: 'relapsed', reason: `${back}, but ${wentDown(again)}${loss}` };
  if (stable !== undefined && prevented) return { outcome: 'prevented', reason: 'nothing that had to break did' };
  if (stable !== undefined) {
    const blip = again === undefined ? '' : `; ${wentDown(again)}`;
    return { outcome: 'recovered', reason: back + blip + (data === 'unknown' ? '; data were not read back' : '') };
  }
  return { outcome: 'not-recovered', reason: back + loss };
}

const wentDown = ({ afterMs, lastedMs, slis }: NonNullable<TrialRecord['downAgain']>): string =>
  `${list(slis)} went down again ${humanDuration(afterMs)} later, for ${humanDuration(lastedMs)}`;

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

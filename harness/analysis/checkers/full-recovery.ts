import type { EventOf } from '../../model/events.ts';
import type { TrialRecord } from '../../model/record.ts';
import { countOf, humanDuration, type Interval } from '../../model/units.ts';
import type { Checker, Trial } from '../checker.ts';
import type { TrialLog } from '../log.ts';
import { elapsed, latest } from '../numbers.ts';
import type { Observation } from '../observation.ts';
import { durabilityCheck } from '../recovery.ts';
import { list, rowsLost } from '../words.ts';
import { alarms, firedRightly, stateOf } from './alarms.ts';
import { data } from './data.ts';

/** Whether and when everything was whole again, within the horizon; nothing to judge where there is no time to recover. */
export const fullRecovery: Checker<Pick<TrialRecord, 'fullRecovery' | 'fullRecoveryMissing'>> = {
  name: 'full recovery',
  check: (trial) => {
    const { horizonMs } = trial.log.started;
    const { onset } = trial.observation;
    if (trial.service.ttr === undefined) return undefined;
    const full = findFullRecovery(trial);
    const time = full.at === undefined || onset === undefined ? undefined : elapsed(onset, full.at);
    if (time !== undefined && time.lo <= horizonMs)
      return { verdict: 'good', says: 'fully recovered', value: { fullRecovery: time, fullRecoveryMissing: [] } };
    const missing = time === undefined ? full.missing : [`only after the horizon of ${humanDuration(horizonMs)}`];
    const value = { fullRecovery: { censored: true as const, at: horizonMs }, fullRecoveryMissing: missing };
    return { verdict: 'bad', says: list(missing), value };
  },
};

interface FullRecovery {
  /** When everything held from then on to the end of observation; absent when it did not. */
  readonly at?: Interval;
  /** What is missing, in words. */
  readonly missing: readonly string[];
}

/**
 * Full recovery is more than good answers: all nodes Ready, replicas as desired, nothing Pending or Terminating, the alerts
 * that had fired quiet again, service that was stable, did not relapse and survived the restart of a pod, and no row lost. It is
 * reached at the first instant from which all of that held until the observation ended.
 */
function findFullRecovery({ log, observation, service, found }: Trial): FullRecovery {
  const { stable: restored, again } = service;
  const missing: string[] = [];
  const instants: Interval[] = [];
  if (restored === undefined) missing.push('service was not stable');
  else instants.push(restored.at);
  if (again?.relapse === true) missing.push(`${list(again.slis)} went down again`);
  else if (again !== undefined && restored !== undefined) {
    const overMs = again.afterMs + again.lastedMs;
    instants.push({ lo: restored.at.lo + overMs, hi: restored.at.hi + overMs });
  }
  const until = { ...observation, toMs: judgedUntilMs(log, observation) };
  addState(log, until, instants, missing);
  const detectors = found(alarms);
  if (detectors === undefined && log.started.detectors.length > 0) missing.push('the alerts were not evaluated');
  for (const detector of detectors ?? []) {
    if (detector.status !== 'noisy' && firedRightly(log, observation, detector.id))
      addQuiet(log, until, detector.id, instants, missing);
  }
  const durability = log.of('durability').at(-1);
  if (durability === undefined) missing.push('durability was not checked');
  else if (!durability.ok) missing.push(`not durable: ${durability.detail}`);
  const rows = found(data) ?? 'unknown';
  if (rows !== 'unknown' && rows.lost > 0) missing.push(rowsLost(rows.lost));
  const at = latest(instants);
  return missing.length === 0 && at !== undefined ? { at, missing } : { missing };
}

/** As long as a trial without a confirmation is watched after its durability check at most: for a relapse, and until its alerts are quiet. */
const afterCheckMs = 45_000;

/**
 * All arms are asked up to the horizon whether everything is whole, or to the end of an ordinary verification where that is later. A fix that is being
 * confirmed is watched for minutes more, in which an alert may ring for a pod that was slow once: others are not asked about those minutes.
 */
function judgedUntilMs(log: TrialLog, { onset, toMs }: Observation): number {
  const horizonEndMs = (onset?.hi ?? 0) + log.started.horizonMs;
  const checkedMs = log.of('durability').at(-1)?.atMs;
  return Math.min(toMs, Math.max(horizonEndMs, checkedMs === undefined ? 0 : checkedMs + afterCheckMs));
}

function addState(log: TrialLog, observation: Observation, instants: Interval[], missing: string[]): void {
  // While the harness restarts a pod to see whether that works, a pod is Terminating and one Pending: its own doing.
  const own = durabilityCheck(log);
  const states = log
    .of('state')
    .filter((s) => s.atMs >= observation.fromMs && s.atMs <= observation.toMs)
    .filter((s) => own === undefined || s.atMs < own.lo || s.atMs > own.hi);
  const lastWrong = states.findLastIndex((s) => missingFromHealth(s).length > 0);
  const last = states.at(-1);
  if (last === undefined) {
    missing.push('the state of the cluster was never read');
    return;
  }
  const wrong = states[lastWrong];
  if (wrong === undefined) return;
  const first = states[lastWrong + 1];
  if (first === undefined) missing.push(...missingFromHealth(last));
  else instants.push({ lo: wrong.atMs, hi: first.atMs });
}

function addQuiet(log: TrialLog, observation: Observation, id: string, instants: Interval[], missing: string[]): void {
  const readings = log.of('detector').filter((r) => r.detector === id && r.atMs <= observation.toMs);
  const loud = readings.findLastIndex((r) => r.state !== 'quiet' && r.state !== 'alive');
  const quiet = readings.findIndex((r, i) => i > loud && r.state === 'quiet');
  const first = readings[quiet];
  // A heartbeat in between says that nothing was new: it still fired then.
  const before = readings[quiet - 1];
  if (first !== undefined && before !== undefined) {
    instants.push({ lo: before.atMs, hi: first.atMs });
    return;
  }
  const words = { firing: 'is still firing', blind: 'went blind', ended: 'died', quiet: '', alive: '' };
  missing.push(`alert ${id} ${words[stateOf(readings) ?? 'firing']}`);
}

/**
 * What a look at the cluster's own account says it lacks to be whole, in words; none when nothing is missing. What was not counted is not known
 * to be well, and so is missing. Pure.
 */
export function missingFromHealth(state: Omit<EventOf<'state'>, 'type'>): readonly string[] {
  if (!state.reachable) return ['the Kubernetes API does not answer'];
  const { nodes, nodesReady, podsDesired, podsReady, pending, terminating } = state;
  return [
    ...belowAll('nodes', 'Ready', nodesReady, nodes),
    ...belowAll('pods', 'ready', podsReady, podsDesired),
    ...some('Pending', pending),
    ...some('Terminating', terminating),
  ];
}

function belowAll(what: string, wanted: string, there: number | undefined, all: number | undefined): readonly string[] {
  if (there === undefined || all === undefined) return [`${what} were not counted`];
  return there < all ? [`${there} of ${all} ${what} ${wanted}`] : [];
}

function some(phase: string, pods: number | undefined): readonly string[] {
  if (pods === undefined) return [`${phase} pods were not counted`];
  return pods > 0 ? [`${countOf(pods, 'pod')} ${phase}`] : [];
}

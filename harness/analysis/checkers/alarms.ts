import { hasLabels } from '../../model/alert.ts';
import { detects, isRight } from '../../model/detector.ts';
import type { DetectorRecord } from '../../model/record.ts';
import type { Interval } from '../../model/units.ts';
import type { Checker } from '../checker.ts';
import type { Stored, TrialLog } from '../log.ts';
import { outward, whole } from '../numbers.ts';
import type { Observation } from '../observation.ts';
import { list } from '../words.ts';

/** A heartbeat older than this many of the detector's own periods means that it is dead. */
const deadAfterPeriods = 3;

/** What every alert did; bad where one failed at what it is for, or fired at nothing. */
export const alarms: Checker<readonly DetectorRecord[]> = {
  name: 'alarms',
  check: ({ log, observation, service }) => {
    const value = detectorsOf(log, observation);
    if (value.length === 0) return undefined;
    // Where nothing broke there is nothing to notice.
    const nothing = observation.onset === undefined || service.prevented;
    const wrong = value.some(nothing ? firedAtNothing : ({ status }) => status !== 'detected');
    const by = [...new Set(value.map((d) => d.status))];
    const says = by.map((status) => `${status}: ${list(value.filter((d) => d.status === status).map((d) => d.id))}`);
    return { verdict: wrong ? 'bad' : 'good', says: says.join('; '), value };
  },
};

/** Whether an alert fired in the watch of a control, or did already when it began. */
export const firedAtNothing = ({ status }: DetectorRecord): boolean => status === 'misdiagnosed' || status === 'noisy';

/**
 * What every alert did in this trial. It is asked about the outage until the runbook's first changing command: what fires first after that
 * may have noticed the fix (nodes that are drained, pods that are deleted), and is no detection.
 */
export function detectorsOf(log: TrialLog, observation: Observation): readonly DetectorRecord[] {
  const readings = log.of('detector');
  // Without a fault there is nothing to detect, and whatever fires after a runbook is the runbook's.
  const askedToMs = observation.onset === undefined ? observation.toMs : firstChangeMs(log, observation);
  return log.started.detectors.map((detector) =>
    judgeDetector(
      log,
      detector,
      readings.filter((r) => r.detector === detector.id),
      observation,
      askedToMs,
      log.started.control === 'on-healthy',
    ),
  );
}

/** When the runbook (not the fault) first changed something, or the end of the observation where nothing was changed. */
function firstChangeMs(log: TrialLog, { fromMs, toMs }: Observation): number {
  const change = log
    .of('step')
    .find((s) => s.part === 'runbook' && s.changes && s.state === 'started' && s.atMs >= fromMs);
  return Math.min(toMs, change?.atMs ?? toMs);
}

type Declared = TrialLog['started']['detectors'][number];
type Reading = Stored<'detector'>;

function judgeDetector(
  log: TrialLog,
  detector: Declared,
  readings: readonly Reading[],
  observation: Observation,
  askedToMs: number,
  cured: boolean,
): DetectorRecord {
  const { fromMs, toMs, onset, control } = observation;
  const before = readings.filter((r) => r.atMs < fromMs);
  const during = readings.filter((r) => r.atMs >= fromMs && r.atMs <= toMs);
  const asked = during.filter((r) => r.atMs <= askedToMs);
  const base = {
    id: detector.id,
    title: detector.title,
    loop: detector.loop,
    leastTtdMs: detector.leastTtdMs,
    ...(detector.judged === undefined ? {} : { judged: detector.judged }),
    // Without a fault every alert is a false one; after a runbook on a healthy cluster it is the runbook's.
    falseAlarms: timesFired(control && !cured ? [...before, ...during] : before),
    // From the onset's later end: before it the outage need not have been there to be noticed.
    ...(onset === undefined ? {} : { askedMs: whole(Math.max(0, askedToMs - onset.hi)) }),
  };
  if (stateOf(before) === 'firing') {
    const what = before.findLast((r) => r.state === 'firing')?.what;
    return { ...base, status: 'noisy', ...(what === undefined ? {} : { what }) };
  }
  const fired = asked.filter((r) => r.state === 'firing');
  const right = fired.find((r) => detects(detector, r));
  if (right !== undefined && onset !== undefined) {
    const most = right.atMs - onset.lo;
    // The onset is known to within an interval only; that no loop is faster than it can be narrows the outcome. One that was
    // faster than declared is shown as it was: then the declaration is wrong.
    const ttd = outward(right.atMs - onset.hi, most, detector.leastTtdMs <= most ? detector.leastTtdMs : 0);
    const stages = stagesOf(log, right, onset);
    return {
      ...base,
      status: 'detected',
      ttd,
      ...(right.what === undefined ? {} : { what: right.what }),
      ...(stages === undefined ? {} : { stages }),
    };
  }
  const wrong = fired[0];
  if (wrong !== undefined) {
    return { ...base, status: 'misdiagnosed', ...(wrong.what === undefined ? {} : { what: wrong.what }) };
  }
  if (isDead(detector, during, observation)) {
    const why = during.findLast((r) => r.state === 'ended')?.what;
    return { ...base, status: 'dead', ...(why === undefined ? {} : { what: why }) };
  }
  const blind = asked.find((r) => r.state === 'blind');
  if (blind !== undefined)
    return { ...base, status: 'blind', ...(blind.what === undefined ? {} : { what: blind.what }) };
  return { ...base, status: 'missed' };
}

/** When the alert that a reading tells of was pending and firing, as Prometheus kept it; undefined where it did not. */
function stagesOf(log: TrialLog, { detector, labels, atMs }: Reading, onset: Interval): DetectorRecord['stages'] {
  if (labels === undefined) return undefined;
  const same = log
    .of('alert')
    .filter((a) => a.alertname === detector && hasLabels(labels, a.labels) && (a.firingMs ?? Infinity) <= atMs)
    .at(-1);
  if (same?.firingMs === undefined) return undefined;
  return {
    ...(same.pendingMs === undefined ? {} : { pendingMs: whole(same.pendingMs - onset.hi) }),
    firingMs: whole(same.firingMs - onset.hi),
  };
}

/** Its watch ended by itself, or it was silent for three of its periods after the onset, or from some instant on until the end. */
function isDead(detector: Declared, during: readonly Reading[], observation: Observation): boolean {
  const patience = deadAfterPeriods * detector.periodMs;
  const from = observation.onset?.hi ?? observation.fromMs;
  if (during.some((r) => r.state === 'ended')) return true;
  const first = during[0];
  const last = during.at(-1);
  if (first === undefined || last === undefined) return observation.toMs - from > patience;
  return first.atMs - from > patience || observation.toMs - last.atMs > patience;
}

/**
 * Whether it fired for the right reason at any time, also when it was not asked any more: as long as it does, something is not as it was.
 */
export function firedRightly(log: TrialLog, { fromMs, toMs }: Observation, id: string): boolean {
  const detector = log.started.detectors.find((d) => d.id === id);
  if (detector === undefined) return false;
  return log
    .of('detector')
    .some(
      (r) => r.detector === id && r.state === 'firing' && r.atMs >= fromMs && r.atMs <= toMs && isRight(detector, r),
    );
}

/** The state that the readings leave behind; heartbeats change nothing. */
export function stateOf(readings: readonly Reading[]): Reading['state'] | undefined {
  return readings.findLast((r) => r.state !== 'alive')?.state;
}

/** How often it went from not firing to firing. */
function timesFired(readings: readonly Reading[]): number {
  let count = 0;
  let firing = false;
  for (const { state } of readings) {
    if (state === 'alive') continue;
    if (state === 'firing' && !firing) count++;
    firing = state === 'firing';
  }
  return count;
}

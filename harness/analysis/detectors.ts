import type { DetectorRecord } from '../model/record.ts';
import type { Stored, TrialLog } from './log.ts';
import { outward } from './numbers.ts';
import type { Observation } from './observation.ts';

/** A heartbeat older than this many of the detector's own periods means that it is dead. */
const deadAfterPeriods = 3;

/** What every alarm did in this trial. */
export function detectorsOf(log: TrialLog, observation: Observation): readonly DetectorRecord[] {
  const readings = log.of('detector');
  return log.started.detectors.map((detector) =>
    judgeDetector(
      detector,
      readings.filter((r) => r.detector === detector.id),
      observation,
      log.started.control === 'on-healthy',
    ),
  );
}

type Declared = TrialLog['started']['detectors'][number];
type Reading = Stored<'detector'>;

function judgeDetector(
  detector: Declared,
  readings: readonly Reading[],
  observation: Observation,
  cured: boolean,
): DetectorRecord {
  const { fromMs, toMs, onset, control } = observation;
  const before = readings.filter((r) => r.atMs < fromMs);
  const during = readings.filter((r) => r.atMs >= fromMs && r.atMs <= toMs);
  const base = {
    id: detector.id,
    title: detector.title,
    loop: detector.loop,
    leastTtdMs: detector.leastTtdMs,
    // Without a fault every alarm is a false one; after a runbook on a healthy cluster it is the runbook's.
    falseAlarms: alarms(control && !cured ? [...before, ...during] : before),
  };
  if (stateOf(before) === 'firing') {
    const what = before.findLast((r) => r.state === 'firing')?.what;
    return { ...base, status: 'noisy', ...(what === undefined ? {} : { what }) };
  }
  const fired = during.filter((r) => r.state === 'firing');
  const expects = new RegExp(detector.expects, 'm');
  const right = fired.find((r) => expects.test(r.what ?? ''));
  if (right !== undefined && onset !== undefined) {
    const most = right.atMs - onset.lo;
    // The onset is known to within an interval only; that no loop is faster than it can be narrows the outcome. One that was
    // faster than declared is shown as it was: then the declaration is wrong.
    const ttd = outward(right.atMs - onset.hi, most, detector.leastTtdMs <= most ? detector.leastTtdMs : 0);
    return { ...base, status: 'detected', ttd, ...(right.what === undefined ? {} : { what: right.what }) };
  }
  const wrong = fired[0];
  if (wrong !== undefined) {
    return { ...base, status: 'misdiagnosed', ...(wrong.what === undefined ? {} : { what: wrong.what }) };
  }
  if (isDead(detector, during, observation)) {
    const why = during.findLast((r) => r.state === 'ended')?.what;
    return { ...base, status: 'dead', ...(why === undefined ? {} : { what: why }) };
  }
  const blind = during.find((r) => r.state === 'blind');
  if (blind !== undefined)
    return { ...base, status: 'blind', ...(blind.what === undefined ? {} : { what: blind.what }) };
  return { ...base, status: 'missed' };
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

/** The state that the readings leave behind; heartbeats change nothing. */
export function stateOf(readings: readonly Reading[]): Reading['state'] | undefined {
  return readings.findLast((r) => r.state !== 'alive')?.state;
}

/** How often it went from not firing to firing. */
function alarms(readings: readonly Reading[]): number {
  let count = 0;
  let firing = false;
  for (const { state } of readings) {
    if (state === 'alive') continue;
    if (state === 'firing' && !firing) count++;
    firing = state === 'firing';
  }
  return count;
}

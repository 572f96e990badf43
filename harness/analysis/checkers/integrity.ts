import type { TrialEvent } from '../../model/events.ts';
import { humanDuration } from '../../model/units.ts';
import type { Checker } from '../checker.ts';
import type { SliLog, Stored, TrialLog } from '../log.ts';

/**
 * What is wrong with a log itself. `invalid`: it contradicts itself, so that it is not the log of one trial as it was written. `unknown`:
 * something is not there that must have been measured.
 */
interface Damage {
  readonly kind: 'invalid' | 'unknown';
  /** One clause for the reason of the outcome; names the line where there is one. */
  readonly why: string;
}

/** Rounding of instants, and what passes between two readings of one clock. */
const slackMs = 2;
/** A request is written down as soon as it is over, but for a harness that cannot go on. */
const writtenWithinMs = 5000;
/** What was due this close to the end may not have been begun any more. */
const tailMs = 1000;

/** Whether the log can be believed. */
export const integrity: Checker<undefined> = {
  name: 'integrity',
  gate: true,
  check: ({ log }) => {
    const damage = integrityOf(log);
    if (damage === undefined) return { verdict: 'good', says: 'the log is complete', value: undefined };
    const { kind, why } = damage;
    return { verdict: kind === 'invalid' ? 'bad' : 'unknown', says: why, voids: kind, value: undefined };
  },
};

/**
 * Whether a log is whole, as far as a log shows that by itself: each line numbered and in order, one trial, and of each probe every request of its
 * fixed rhythm once. What a line says of how a request went can be altered without a contradiction: that is what its checksum is for, which
 * is looked at when a stored log is read (see `readEvents`). Of a trial that still runs, requests under way are missing: it has no outcome yet.
 */
export function integrityOf(log: TrialLog): Damage | undefined {
  const contradiction = findContradiction(log);
  if (contradiction !== undefined) return { kind: 'invalid', why: `the log is damaged: ${contradiction}` };
  const missing = findMissing(log);
  return missing === undefined ? undefined : { kind: 'unknown', why: `the log is incomplete: ${missing}` };
}

function findContradiction(log: TrialLog): string | undefined {
  const { events, started } = log;
  const requests = new Requests(started.probes);
  const detectors = new Set(started.detectors.map((d) => d.id));
  let previousMs = -Infinity;
  let ended = false;
  for (const [index, event] of events.entries()) {
    const wrong =
      wrongPlace(event, index, previousMs) ??
      (event.type === 'sample'
        ? requests.add(event)
        : event.type === 'detector' && !detectors.has(event.detector)
          ? `is of the alert ${event.detector}, which this trial does not have`
          : undefined) ??
      (ended && afterTheEnd(event) ? 'comes after the end of the trial' : undefined);
    if (wrong !== undefined) return `line ${index + 1} ${wrong}`;
    previousMs = event.atMs;
    ended ||= event.type === 'trial.ended';
  }
  const verified = log.of('phase').some((p) => p.name === 'verify' && p.state === 'done');
  const tornDown = log.of('phase').some((p) => p.name === 'teardown');
  if (log.ended === undefined && verified && !tornDown) return 'its end is cut off';
  return undefined;
}

function wrongPlace(event: TrialEvent, index: number, previousMs: number): string | undefined {
  if (event.seq !== index) {
    return `has the number ${event.seq} and not ${index}: lines are missing, doubled or out of order`;
  }
  if (Object.values(event).some((value) => typeof value === 'number' && !Number.isFinite(value))) {
    return 'has a number that is none';
  }
  if (event.atMs < previousMs) return `was written ${humanDuration(previousMs - event.atMs)} before the one above it`;
  if ((event.type === 'trial.started') !== (index === 0)) {
    return index === 0 ? 'is not the start of a trial' : 'is the start of another trial';
  }
  return undefined;
}

/** Whoever watched until the end may have had a last word there, before the journal was closed with it. */
const afterTheEnd = ({ type }: TrialEvent): boolean =>
  type === 'sample' || type === 'step' || type === 'phase' || type === 'witness' || type === 'trial.ended';

/** The requests of all probes: the n-th of each is meant for its first one's instant and n periods. */
class Requests {
  readonly #probes: ReadonlyMap<string, { readonly periodMs: number; readonly seen: Set<number>; zeroMs?: number }>;

  constructor(probes: TrialLog['started']['probes']) {
    this.#probes = new Map(probes.map(({ sli, periodMs }) => [sli, { periodMs, seen: new Set() }]));
  }

  /** Says what is wrong with it. */
  add({ sli, n, intendedMs, startedMs, endedMs, atMs }: Stored<'sample'>): string | undefined {
    const probe = this.#probes.get(sli);
    if (probe === undefined) return `is a request of ${sli}, which this trial does not probe`;
    if (probe.seen.has(n)) return `repeats request ${n} of ${sli}`;
    probe.seen.add(n);
    probe.zeroMs ??= intendedMs - n * probe.periodMs;
    if (n < 0 || Math.abs(intendedMs - n * probe.periodMs - probe.zeroMs) > slackMs) {
      return `is request ${n} of ${sli}, which was not meant for ${humanDuration(intendedMs)}`;
    }
    if (startedMs < intendedMs - slackMs || endedMs < startedMs - slackMs || atMs < endedMs - slackMs) {
      return `is request ${n} of ${sli}, which ended before it began, or after it was logged`;
    }
    return undefined;
  }
}

function findMissing(log: TrialLog): string | undefined {
  const teardown = log.of('phase').find((p) => p.name === 'teardown' && p.state === 'started');
  const stoppedMs = teardown?.atMs ?? log.ended?.atMs ?? log.lastMs;
  for (const sli of log.slis) {
    const missing = missingOf(sli, stoppedMs);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** Samples are in the order of their intended starts, which is that of their numbers. */
function missingOf({ sli, periodMs, samples }: SliLog, stoppedMs: number): string | undefined {
  const last = samples.at(-1);
  if (last === undefined) return `no request of ${sli} is in it`;
  const hole = samples.findIndex(({ n }, index) => n !== index);
  if (hole !== -1) return `request ${hole} of ${sli} is missing`;
  if (last.atMs - last.endedMs > writtenWithinMs) {
    return `the last request of ${sli} was over ${humanDuration(last.atMs - last.endedMs)} before it was written down`;
  }
  const unsentMs = stoppedMs - last.intendedMs - 2 * periodMs;
  return unsentMs > tailMs
    ? `no request of ${sli} is in its last ${humanDuration(stoppedMs - last.intendedMs)}`
    : undefined;
}

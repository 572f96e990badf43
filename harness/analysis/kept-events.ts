import type { EventBody, EventOf, TrialEvent } from '../model/events.ts';
import { phaseNames, type PhaseName } from '../model/events.ts';
import type { Plan } from '../model/plan.ts';
import { profiles } from '../model/profile.ts';
import type { Band, WholeRecord, WholeSliRecord } from '../model/record.ts';
import { whole } from './numbers.ts';

/** What the probes of records without periods asked at; ms. */
const periods = [200, 250, 500, 1000, 2000, 3000] as const;
/** Ends of bands are rounded to whole milliseconds, and the last of them is cut. */
const rounding = 0.02;
/** A sample on either bound of the watch may have been counted or not: both are rounded. */
const tolerated = 2;
/** A request of a probe this slow may have begun in the outage and have waited for its end (`pod-start`). */
export const slowMs = 2000;
/** How long a slow probe waits for an answer. */
export const slowTimeoutMs = 10_000;
const timeoutMs = 2000;

/** The requests of one SLI as its bands tell them. */
export interface KeptSamples {
  readonly periodMs: number;
  /** In the order of their intended starts, those before the fault among them. */
  readonly samples: readonly { readonly intendedMs: number; readonly ok: boolean }[];
}

/**
 * An SLI's requests from its bands: each request stands from its intended start to the next one's, and they are one period apart.
 * @param fromMs when the counting of `samples` and `bad` began: at the fault, or, where there is none, with the watch
 * @returns undefined where what comes out is not what was counted: then there were gaps, and where is not known
 */
export function samplesOf(sli: WholeSliRecord, fromMs: number, endMs: number): KeptSamples | undefined {
  if (sli.samples === 0 || endMs <= fromMs) return undefined;
  const asked = (endMs - fromMs) / sli.samples;
  const periodMs = periods.reduce((best, p) => (Math.abs(p - asked) < Math.abs(best - asked) ? p : best));
  const samples = sli.bands.flatMap((band, i) => requestsOf(band, periodMs, i === sli.bands.length - 1));
  const watched = samples.filter((s) => s.intendedMs >= fromMs && s.intendedMs < endMs);
  const bad = watched.filter((s) => !s.ok).length;
  const fits = Math.abs(watched.length - sli.samples) <= tolerated && Math.abs(bad - sli.bad) <= tolerated;
  return fits ? { periodMs, samples } : undefined;
}

function requestsOf({ fromMs, toMs, good }: Band, periodMs: number, last: boolean): KeptSamples['samples'] {
  const periodsIn = (toMs - fromMs) / periodMs;
  const n = Math.max(1, last ? Math.ceil(periodsIn - rounding) : Math.round(periodsIn));
  return Array.from({ length: n }, (_, i) => ({ intendedMs: whole(fromMs + i * periodMs), ok: good }));
}

/**
 * The SLIs of `breaks`, which records do not name: those whose mean is the trial's downtime. Where several sets have that mean, what all of
 * them have in common; undefined where none has.
 */
export function breaksOf(record: WholeRecord): readonly string[] | undefined {
  const candidates = record.slis.filter((s) => s.broke && !s.bystander);
  if (candidates.length === 0) return record.badnessMs === 0 ? [] : undefined;
  const fitting: string[][] = [];
  for (let mask = 1; mask < 2 ** candidates.length; mask++) {
    const chosen = candidates.filter((_, i) => (mask & (1 << i)) !== 0);
    const mean = chosen.reduce((sum, s) => sum + s.badMs, 0) / chosen.length;
    if (Math.abs(mean - record.badnessMs) <= 0.5) fitting.push(chosen.map((s) => s.sli));
  }
  const [first, ...others] = fitting;
  return first?.filter((sli) => others.every((set) => set.includes(sli)));
}

/**
 * An event log that says what a kept record says: what is judged by it is judged by the rules of today. When requests ended was not kept: each
 * ends when it begins. Looks at the cluster, alarms' readings and inventories were not kept either; what depends on them is not to be taken
 * from this log.
 * @returns undefined where the requests cannot be told from the bands
 */
export function keptEvents(record: WholeRecord, plan: Plan): readonly TrialEvent[] | undefined {
  const { onset, endMs } = record;
  const breaks = breaksOf(record);
  if (onset === undefined || breaks === undefined) return undefined;
  const kept = record.slis.map((sli) => ({ sli, requests: samplesOf(sli, onset.lo, endMs) }));
  const events: { atMs: number; body: EventBody }[] = [];
  const put = (atMs: number, body: EventBody): void => {
    events.push({ atMs, body });
  };
  const probes: EventOf<'trial.started'>['probes'] = [];
  for (const { sli, requests } of kept) {
    if (requests === undefined) return undefined;
    const { periodMs, samples } = requests;
    const slow = periodMs >= slowMs;
    probes.push({
      sli: sli.sli,
      title: sli.title,
      periodMs,
      timeoutMs: slow ? slowTimeoutMs : timeoutMs,
      bystander: sli.bystander,
    });
    samples.forEach(({ intendedMs, ok }, n) => {
      // The onset ended with the first failed request, if not before.
      const endedMs = ok ? intendedMs : Math.max(intendedMs, onset.hi);
      put(endedMs, { type: 'sample', sli: sli.sli, n, intendedMs, startedMs: intendedMs, endedMs, ok });
    });
  }
  put(0, startOf(record, plan, breaks, probes));
  putPhases(put, record, onset.hi);
  putSteps(put, record, onset.lo);
  put(onset.hi, { type: 'witness', confirmed: true, evidence: [...record.witness] });
  for (let atMs = 0; atMs < endMs; atMs += 1000) {
    const { loopDelayP99Ms, latenessP99Ms } = record.harness;
    // One interval was as bad as that; a record whose harness was starved says so itself.
    const worst = atMs === 0 ? { loopDelayP99Ms, latenessP99Ms } : { loopDelayP99Ms: 0, latenessP99Ms: 0 };
    put(atMs, { type: 'harness', ...worst, cpuCores: 0 });
  }
  if (record.data !== 'unknown') {
    for (const store of record.data.stores) put(endMs + 1, { ...store, type: 'audit' });
  }
  put(endMs, { type: 'phase', name: 'teardown', state: 'started' });
  put(Math.max(endMs + 1, ...events.map(({ atMs }) => atMs)), { type: 'trial.ended', cause: 'completed' });
  return events
    .map((event, order) => ({ ...event, order }))
    .sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    .map(({ atMs, body }, seq) => ({ ...body, seq, atMs }));
}

type Put = (atMs: number, body: EventBody) => void;

function startOf(
  record: WholeRecord,
  plan: Plan,
  breaks: readonly string[],
  probes: EventOf<'trial.started'>['probes'],
): EventBody {
  const { trialId, scenario, runbook, control, profile, seed, wallEpochMs, claim } = record;
  return {
    type: 'trial.started',
    schemaVersion: 1,
    trialId,
    scenario,
    runbook,
    ...(control === undefined ? {} : { control }),
    ...(record.prevention === undefined ? {} : { prevention: true }),
    profile,
    seed,
    wallEpochMs,
    breaks: [...breaks],
    keeps: [],
    probes,
    detectors: [],
    claim: { ...claim },
    steps: [],
    holdMs: plan.holdMs,
    horizonMs: plan.horizonMs,
    runbookDelayMs: profiles[profile].runbookDelayMs,
  };
}

const isPhase = (name: string): name is PhaseName => (phaseNames as readonly string[]).includes(name);

function putPhases(put: Put, record: WholeRecord, onsetMs: number): void {
  for (const { name, fromMs, toMs } of record.phases) {
    if (!isPhase(name) || name === 'teardown') continue;
    put(fromMs, { type: 'phase', name, state: 'started' });
    // A witness' instant is a fraction of a millisecond off.
    put(name === 'inject' ? Math.max(toMs, onsetMs) : toMs, { type: 'phase', name, state: 'done' });
  }
  const verify = record.phases.find(({ name }) => name === 'verify');
  if (verify === undefined || record.fullRecoveryMissing.includes(unchecked)) return;
  const failed = record.fullRecoveryMissing.find((why) => why.startsWith(undurable));
  // It was over when the watch for a relapse began, which was the last that the phase waited for at least that long.
  const atMs = Math.max(verify.fromMs, verify.toMs - profiles[record.profile].relapseWatchMs);
  put(atMs, { type: 'durability', ok: failed === undefined, detail: failed?.slice(undurable.length) ?? '' });
}

/** As `findFullRecovery` says them. */
const unchecked = 'durability was not checked';
const undurable = 'not durable: ';

function putSteps(put: Put, record: WholeRecord, injectMs: number): void {
  const counted = new Map<string, number>();
  let injected = false;
  for (const { part, name, on, command, changes, fromMs, toMs, ok } of record.steps) {
    if (part !== 'inject' && part !== 'runbook') continue;
    const index = counted.get(part) ?? 0;
    counted.set(part, index + 1);
    const base = { type: 'step', part, index, name, on, command, changes } as const;
    // The inject command's own instant is the onset's lower end, before rounding.
    const startMs = part === 'inject' && !injected ? injectMs : fromMs;
    injected ||= part === 'inject';
    put(startMs, { ...base, state: 'started' });
    put(Math.max(startMs, toMs), { ...base, state: ok ? 'done' : 'failed' });
  }
}

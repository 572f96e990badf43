import { isFaultFree } from '../model/control.ts';
import type { Interval } from '../model/units.ts';
import type { TrialLog } from './log.ts';
import { outagesOf } from './outages.ts';

/**
 * What part of a trial is judged: from the inject command (in a control without fault: from when steady state had been
 * shown) until the teardown begins. The harness' own verification lies inside: service must survive it.
 */
export interface Observation {
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * From the inject command, or the last look that proved that the fault was not in effect yet, to the witness, or to the end of the first bad
   * request of something that must break, whichever is sooner: an outage does not begin after its effects. Absent without a fault or a witness.
   */
  readonly onset?: Interval;
  /** What the witness saw when it confirmed the fault; under a prevention, when it looked. */
  readonly evidence: readonly string[];
  /** True when nothing was injected and nothing was meant to break: the noise floor. */
  readonly control: boolean;
  /** True when the change was made under a prevention: nothing has to break. */
  readonly prevention: boolean;
  /** Why there is no onset, for trials that should have one. */
  readonly noOnset?: string;
}

/** Finds onset and the bounds of the observation. */
export function observe(log: TrialLog): Observation {
  const inject = log.of('step').find((s) => s.part === 'inject' && s.state === 'started');
  const witness =
    inject === undefined ? undefined : log.of('witness').find((w) => w.confirmed && w.atMs >= inject.atMs);
  const control = isFaultFree(log.started.control) || (inject === undefined && log.started.breaks.length === 0);
  const prevention = log.started.prevention === true;
  const phases = log.of('phase');
  const steadyDone = phases.find((p) => p.name === 'steady' && p.state === 'done')?.atMs;
  const firstSample = log.of('sample')[0]?.intendedMs;
  const fromMs = inject?.atMs ?? steadyDone ?? firstSample ?? 0;
  const stops = phases
    .filter((p) => p.name === 'teardown' && p.state === 'started' && p.atMs >= fromMs)
    .map((p) => p.atMs);
  const toMs = Math.max(fromMs, Math.min(...stops, log.ended?.atMs ?? log.lastMs, log.lastMs));
  const base = { fromMs, toMs, control, prevention };
  const looked = inject === undefined ? undefined : log.of('witness').find((w) => w.atMs >= inject.atMs);
  const changed = log.of('phase').find((p) => p.name === 'inject' && p.state === 'done');
  const latestMs = prevention ? changed?.atMs : witness?.atMs;
  if (inject !== undefined && latestMs !== undefined) {
    const effect = firstEffect(log, inject.atMs, toMs);
    const hi = Math.min(latestMs, effect.hi);
    // While a service fails and the fault is said not to be there, the service is believed.
    const notYet = log.of('not-yet').map(({ sinceMs }) => sinceMs);
    const lo = Math.max(inject.atMs, ...notYet.filter((atMs) => atMs <= Math.min(latestMs, effect.lo)));
    return { ...base, onset: { lo, hi }, evidence: (prevention ? looked : witness)?.evidence ?? [] };
  }
  if (control) return { ...base, evidence: [] };
  const noOnset = inject === undefined ? 'the fault was never injected' : 'no witness confirmed the fault';
  return { ...base, evidence: [], noOnset };
}

/** When the outage of what must break began that was known first, by the end of its first failed request; infinite when there is none. */
function firstEffect(log: TrialLog, fromMs: number, toMs: number): Interval {
  return log.slis
    .filter(({ sli }) => log.started.breaks.includes(sli))
    .flatMap((sli) => outagesOf(sli.samples, sli, fromMs, toMs)[0]?.began ?? [])
    .reduce((first, began) => (began.hi < first.hi ? began : first), { lo: Infinity, hi: Infinity });
}

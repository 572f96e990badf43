import type { Interval } from '../model/units.ts';
import type { TrialLog } from './log.ts';

/**
 * What part of a trial is judged: from the inject command (in a control without fault: from when steady state had been
 * shown) until the teardown begins. The harness' own verification lies inside: service must survive it.
 */
export interface Observation {
  readonly fromMs: number;
  readonly toMs: number;
  /** [inject command sent, witness confirmed]; absent without a fault or a witness. */
  readonly onset?: Interval;
  /** True when nothing was injected and nothing was meant to break: the noise floor. */
  readonly control: boolean;
  /** True when the change was made under a precaution: nothing has to break. */
  readonly prevention: boolean;
  /** Why there is no onset, for trials that should have one. */
  readonly noOnset?: string;
}

/** Finds onset and the bounds of the observation. */
export function observe(log: TrialLog): Observation {
  const inject = log.of('step').find((s) => s.part === 'inject' && s.state === 'started');
  const witness =
    inject === undefined ? undefined : log.of('witness').find((w) => w.confirmed && w.atMs >= inject.atMs);
  const control = inject === undefined && log.started.breaks.length === 0;
  const prevention = log.started.prevention === true;
  const phases = log.of('phase');
  const steadyDone = phases.find((p) => p.name === 'steady' && p.state === 'done')?.atMs;
  const firstSample = log.of('sample')[0]?.intendedMs;
  const fromMs = inject?.atMs ?? steadyDone ?? firstSample ?? 0;
  const stops = phases
    .filter((p) => p.name === 'teardown' && p.state === 'started' && p.atMs >= fromMs)
    .map((p) => p.atMs);
  const toMs = Math.max(fromMs, Math.min(...stops, log.ended?.atMs ?? log.lastMs, log.lastMs));
  if (inject !== undefined && witness !== undefined && !prevention) {
    return { fromMs, toMs, control, prevention, onset: { lo: inject.atMs, hi: witness.atMs } };
  }
  const changed = log.of('phase').find((p) => p.name === 'inject' && p.state === 'done');
  if (inject !== undefined && prevention && changed !== undefined) {
    return { fromMs, toMs, control, prevention, onset: { lo: inject.atMs, hi: changed.atMs } };
  }
  if (control) return { fromMs, toMs, control, prevention };
  const noOnset = inject === undefined ? 'the fault was never injected' : 'no witness confirmed the fault';
  return { fromMs, toMs, control, prevention, noOnset };
}

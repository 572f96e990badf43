import { humanDuration } from '../model/units.ts';
import type { CellState, Verdict } from './judge.ts';
import type { FalseAlarms, LiveAgreement } from './result.ts';

/** What a state is called where people read it. */
export const stateWords: Readonly<Record<CellState, string>> = {
  detected: 'detected',
  noisy: 'fires without an outage, too',
  late: 'only after the fix began',
  pending: 'pending only',
  'too-short': 'watched for less than its `for`',
  missed: 'missed',
  standing: 'was firing already',
  'no-series': 'cannot fire here',
  failed: 'could not be evaluated',
};

/** `4.0 s before`, `12 s after`: against the first symptom. */
export function leadText({ leadMs }: Pick<Verdict, 'leadMs'>): string {
  if (leadMs === undefined) return '';
  return `${humanDuration(Math.abs(leadMs))} ${leadMs < 0 ? 'before' : 'after'}`;
}

/** `0 in 1.5 h (at most 2.0 per hour)`. */
export function falseAlarmsText({ count, hours, perHour }: FalseAlarms): string {
  if (perHour === undefined) return 'not testable';
  return `${count} in ${humanDuration(hours * 3_600_000)} (at most ${rate(perHour.upper)} per hour)`;
}

const rate = (x: number): string => (x >= 10 ? x.toFixed(0) : x.toFixed(1));

/** How far the replay is what the trials' own Prometheus did; empty where none of these rules ran there. */
export function liveText({ of, agree, apart }: LiveAgreement): string {
  if (of === 0) return '';
  const others = apart.map(({ name, trial, replayedMs, liveMs }) => {
    const how =
      replayedMs === undefined
        ? 'fired only then'
        : liveMs === undefined
          ? 'fires only here'
          : `${humanDuration(Math.abs(replayedMs - liveMs))} apart`;
    return `${name} in ${trial} (${how})`;
  });
  const line = `${agree} of ${of} alerts fired as in the Prometheus that ran beside the trial, to within one evaluation`;
  return others.length === 0
    ? `${line}.`
    : `${line}. Not so: ${others.slice(0, 10).join('; ')}${others.length > 10 ? ` and ${others.length - 10} more` : ''}.`;
}

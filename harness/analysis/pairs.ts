import { armName } from '../model/control.ts';
import type { TrialRecord } from '../model/record.ts';
import { observedTtr, type ObservedTime } from './observed.ts';

/** Of each block the two arms' times, in ms and restricted to the horizon; the mean where an arm has more than one valid trial in a block. */
export function armPairs(
  blocks: ReadonlyMap<string, readonly TrialRecord[]>,
  a: string,
  b: string,
  horizonMs: number,
): readonly (readonly [ObservedTime, ObservedTime])[] {
  return [...blocks.values()].flatMap((records) => {
    const of = (id: string): ObservedTime | undefined =>
      together(records.filter((r) => armName(r) === id).map((r) => observedTtr(r, horizonMs)));
    const [x, y] = [of(a), of(b)];
    return x === undefined || y === undefined ? [] : [[x, y] as const];
  });
}

/** The mean of several times at either end and in the middle; the event where any had it. Undefined for none. */
export function together(times: readonly ObservedTime[]): ObservedTime | undefined {
  if (times.length === 0) return undefined;
  const middle = (of: (t: ObservedTime) => number): number => times.reduce((s, t) => s + of(t), 0) / times.length;
  return {
    event: times.some((t) => t.event),
    lo: middle((t) => t.lo),
    time: middle((t) => t.time),
    hi: middle((t) => t.hi),
  };
}

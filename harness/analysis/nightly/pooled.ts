import { mean } from 'simple-statistics';
import { undoRunbook } from '../../model/control.ts';
import type { NightLine } from '../../model/night.ts';
import { medianTime, type ObservedTime } from '../observed.ts';
import type { Night } from './lines.ts';

/** What is timed: an arm's recovery, or an alarm's detection where nothing is done. */
export type Timed =
  | { readonly what: 'recovery'; readonly arm: string }
  | { readonly what: 'detection'; readonly arm: string; readonly alarm: string };

/** A time of one block of one night. */
interface BlockTime {
  readonly night: string;
  readonly block: number;
  readonly time: ObservedTime;
}

/** Times of the baseline (a) and of the pooled nights (b) in pairs that share no trial. */
export type Pairs = readonly (readonly [ObservedTime, ObservedTime])[];

/**
 * A timed thing of several nights, block by block. A recovery is held against the floor of its own block, the fault's undo by the harness: what
 * makes a whole night slower (the host, the hour) makes both slower. What is returned is the time as it would have been with the mean floor of
 * `floorMs`; blocks without a floor are left out. Undefined `floorMs`: the times as they are. Times to detect always are.
 */
export function blockTimes(nights: readonly Night[], timed: Timed, floorMs: number | undefined): readonly BlockTime[] {
  return nights.flatMap(({ runId, arms }) =>
    (arms.get(timed.arm)?.blocks ?? []).flatMap((at) => {
      const time = timed.what === 'recovery' ? at.ttr : at.ttd?.[timed.alarm];
      if (time === undefined) return [];
      if (timed.what === 'detection' || floorMs === undefined) return [{ night: runId, block: at.block, time }];
      const floor = floorOf(arms.get(undoRunbook), at.block);
      if (floor === undefined) return [];
      // A recovery that did not happen is not moved: that it lasted to the horizon is all that is known.
      const by = time.event ? floorMs - floor : 0;
      return [{ night: runId, block: at.block, time: moved(time, by) }];
    }),
  );
}

const floorOf = (line: NightLine | undefined, block: number): number | undefined => {
  const floor = line?.blocks.find((b) => b.block === block)?.ttr;
  return floor?.event === true ? floor.time : undefined;
};

const moved = (t: ObservedTime, by: number): ObservedTime => ({
  event: t.event,
  lo: Math.max(0, t.lo + by),
  time: Math.max(0, t.time + by),
  hi: Math.max(0, t.hi + by),
});

/** The mean floor of the baseline, ms; undefined where either side has none: then times are compared as they are. */
export function meanFloor(baseline: readonly Night[], pool: readonly Night[]): number | undefined {
  const floors = (nights: readonly Night[]): readonly number[] =>
    nights.flatMap((n) => (n.arms.get(undoRunbook)?.blocks ?? []).flatMap((b) => (b.ttr.event ? [b.ttr.time] : [])));
  const [ours, theirs] = [floors(baseline), floors(pool)];
  return ours.length === 0 || theirs.length === 0 ? undefined : mean([...ours]);
}

/**
 * Pairs of a block of the baseline and blocks of the pooled nights. Each block is in one pair only, so that pairs are independent although all
 * nights are held against the same baseline; blocks of one number first, for with the same seed they have the same phases and order. What one
 * side has more of is dealt out over the pairs, of the same number where there is one, and the median of it taken.
 */
export function pairUp(baseline: readonly BlockTime[], pool: readonly BlockTime[]): Pairs {
  const [left, right] = [[...baseline], [...pool]];
  const pairs: { readonly block: number; readonly a: BlockTime[]; readonly b: BlockTime[] }[] = [];
  for (const a of [...left]) {
    const at = right.findIndex((b) => b.block === a.block);
    const [b] = at < 0 ? [] : right.splice(at, 1);
    if (b === undefined) continue;
    left.splice(left.indexOf(a), 1);
    pairs.push({ block: a.block, a: [a], b: [b] });
  }
  while (left.length > 0 && right.length > 0) {
    const [a, b] = [left.shift(), right.shift()];
    if (a !== undefined && b !== undefined) pairs.push({ block: a.block, a: [a], b: [b] });
  }
  const deal = (rest: readonly BlockTime[], side: 'a' | 'b'): void => {
    for (const time of rest) {
      const own = pairs.filter((p) => p.block === time.block);
      const [fewest] = [...(own.length > 0 ? own : pairs)].sort((p, q) => p[side].length - q[side].length);
      fewest?.[side].push(time);
    }
  };
  deal(left, 'a');
  deal(right, 'b');
  return pairs.map(({ a, b }) => [medianTime(a.map((t) => t.time)), medianTime(b.map((t) => t.time))]);
}

import { mean } from 'simple-statistics';
import { undoRunbook } from '../../model/control.ts';
import type { NightLine } from '../../model/night.ts';
import { endpoints, type Endpoint } from '../../model/plan.ts';
import { medianTime, type ObservedTime } from '../observed.ts';
import { waitArm, type Night } from './lines.ts';

/** What is timed: an arm's downtime or time to recover, or an alarm's time to detect where nothing is done. */
export type Timed =
  | { readonly what: Endpoint; readonly arm: string }
  | { readonly what: 'ttd'; readonly arm: string; readonly alarm: string };

/** A time of one block of one night. */
interface BlockTime {
  readonly night: string;
  readonly block: number;
  readonly time: ObservedTime;
}

/** Times of the baseline (a) and of the pooled nights (b) in pairs that share no trial. */
export type Pairs = readonly (readonly [ObservedTime, ObservedTime])[];

/** Mean downtime and mean time to recover of the harness' own undo, ms; absent where they are not known: then times are compared as they are. */
export type Floors = Readonly<Partial<Record<Endpoint, number>>>;

/**
 * A timed thing of several nights, block by block. Downtime and recovery are held against the floor of their own block, the same time of the
 * fault's undo by the harness: what makes a whole night slower (the host, the hour) makes both slower, and where only some of the requests fail it
 * adds to both downtimes the same share of what it adds to both recoveries. What is returned is the time as it would have been with the mean floor;
 * blocks without a floor are left out. Without `floors` times are as they are; times to detect always are.
 */
export function blockTimes(nights: readonly Night[], timed: Timed, floors: Floors): readonly BlockTime[] {
  return nights.flatMap(({ runId, arms }) =>
    (arms.get(timed.arm)?.blocks ?? []).flatMap((at) => {
      const time = timed.what === 'ttd' ? at.ttd?.[timed.alarm] : timeOf(at, timed.what);
      if (time === undefined) return [];
      const floorMs = timed.what === 'ttd' ? undefined : floors[timed.what];
      if (timed.what === 'ttd' || floorMs === undefined) return [{ night: runId, block: at.block, time }];
      const floor = arms.get(undoRunbook)?.blocks.find((b) => b.block === at.block);
      const floorTime = floor?.ttr.event === true ? timeOf(floor, timed.what) : undefined;
      if (floorTime === undefined) return [];
      // What did not recover is not moved: that it lasted to the horizon is all that is known.
      const by = at.ttr.event ? floorMs - floorTime.time : 0;
      return [{ night: runId, block: at.block, time: moved(time, by) }];
    }),
  );
}

/** A block's downtime is a number and no instant: it is always known, with no ends. Undefined where the line has none. */
function timeOf(block: NightLine['blocks'][number], what: Endpoint): ObservedTime | undefined {
  if (what === 'ttr') return block.ttr;
  const { downtimeMs } = block;
  return downtimeMs === undefined ? undefined : { event: true, lo: downtimeMs, time: downtimeMs, hi: downtimeMs };
}

const moved = (t: ObservedTime, by: number): ObservedTime => ({
  event: t.event,
  lo: Math.max(0, t.lo + by),
  time: Math.max(0, t.time + by),
  hi: Math.max(0, t.hi + by),
});

/** Mean floors of both sides together; of a time only where both sides have it. */
export function meanFloors(baseline: readonly Night[], pool: readonly Night[]): Floors {
  return Object.fromEntries(
    endpoints.flatMap((what) => {
      const [ours, theirs] = [floorsIn(baseline, what), floorsIn(pool, what)];
      return ours.length === 0 || theirs.length === 0 ? [] : [[what, mean([...ours])] as const];
    }),
  );
}

/** The floor's times in some nights, block by block, ms. */
export function floorsIn(nights: readonly Night[], what: Endpoint): readonly number[] {
  return nights.flatMap((n) =>
    (n.arms.get(undoRunbook)?.blocks ?? []).flatMap((b) => (b.ttr.event ? (timeOf(b, what)?.time ?? []) : [])),
  );
}

/** Arms of several nights that are answers to the outage, recovered in any of them and were no preventions, in the order in which they come. */
export function recoveringArms(nights: readonly Night[]): readonly string[] {
  const arms = [...new Set(nights.flatMap((n) => [...n.arms.keys()]))];
  return arms.filter((arm) => {
    const lines = nights.flatMap((n) => n.arms.get(arm) ?? []);
    const comparable = lines.every((l) => l.kind === undefined && (l.outcomes['prevented'] ?? 0) === 0);
    return comparable && lines.some((l) => l.blocks.some((b) => b.ttr.event));
  });
}

/** Alerts that detected anything where nothing was done, by name. */
export function detectingAlarms(nights: readonly Night[]): readonly string[] {
  const blocks = nights.flatMap((n) => n.arms.get(waitArm)?.blocks ?? []);
  return [
    ...new Set(blocks.flatMap((b) => Object.entries(b.ttd ?? {}).flatMap(([id, t]) => (t.event ? [id] : [])))),
  ].sort();
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

import type { Endpoint } from '../model/plan.ts';
import { blockPermutation, type CellTest } from './block-permutation.ts';
import { closedTesting } from './closed-testing.ts';
import { whole } from './numbers.ts';
import type { ObservedTime } from './observed.ts';
import { leastPairs, signFlipInterval } from './permutation.ts';
import type { Bounds } from './stats.ts';

/** What a difference must at least be to matter: so much, or a tenth of the slower mean, or twice what the instants are known to. */
export const leastEffectMs = 5000;
export const leastShare = 0.1;

/** What one arm came to in one block. Times in ms; the mean where it has several valid trials there. */
export interface ArmBlock {
  readonly downtimeMs: number;
  readonly ttr: ObservedTime;
}

/** An arm's valid trials by block; blocks of two arms belong together where they have the same key. */
export interface ArmBlocks {
  readonly id: string;
  readonly blocks: ReadonlyMap<string, ArmBlock>;
}

/** What is known of the difference of two arms in one of the two times. Everything is of b − a: above 0, a is sooner. Whole ms. */
export interface Told {
  /** Mean difference over the blocks in which both came back; absent where there is none. */
  readonly differenceMs?: number;
  /** 95 % of that; absent below six such blocks. */
  readonly interval?: Bounds;
  /** Blocks in which both came back. */
  readonly both: number;
  /** The same mean over all common blocks, what did not come back counted with the horizon. */
  readonly restrictedMs: number;
  /** Two-sided, of all common blocks; and adjusted over all pairs and both times. Absent where nothing can be shown. */
  readonly p?: number;
  readonly pAdjusted?: number;
  readonly minimumEffectMs: number;
  /** Which is shown to be sooner, by at least the minimum effect. */
  readonly sooner?: 'a' | 'b';
}

/** Two arms beside each other. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  /** Blocks in which both were valid. */
  readonly blocks: number;
  readonly times: Readonly<Record<Endpoint, Told>>;
  /** Which is shown to be better: sooner in one time, and not shown to be later in the other. */
  readonly better?: 'a' | 'b';
  /** Whether a (b) is shown to be no later than the other by the minimum effect or more, in both times. */
  readonly noWorse: { readonly a: boolean; readonly b: boolean };
}

export interface ToldApartOptions {
  readonly horizonMs: number;
  readonly seed: number;
  /** What an adjusted p must not be above: 0.05, or the look's. */
  readonly level: number;
}

/** How much of the level each time may use: downtime scatters less, so most is its own. */
export const endpointWeights: Readonly<Record<Endpoint, number>> = { downtime: 0.8, ttr: 0.2 };

/**
 * Tells every pair of arms apart. Pure; the order of arms and blocks does not matter. Arms may lack blocks (invalid trials, arms that were dropped):
 * every test has the blocks that it can.
 *
 * A pair is told apart by the sign-flip test of its blocks; p is adjusted over all pairs by closed testing (`closedTesting`), of the time to
 * recover the greatest of the instants' lower ends, middles and upper ends; then over the two times by Holm with weights (Holm, Scand. J. Stat. 6 (1979) 65):
 * the one with the least p / weight has that, the other the greater of that and its own p.
 *
 * What holds: the chance that any pair without a difference is told apart is at most `level`. In a pair that is truly told apart the other time is
 * a second question: of it, too, the chance of any false answer is at most `level`.
 */
export function tellApart(arms: readonly ArmBlocks[], options: ToldApartOptions): readonly Pair[] {
  const sorted = [...arms].sort((x, y) => (x.id < y.id ? -1 : x.id > y.id ? 1 : 0));
  const keys = [...new Set(sorted.flatMap((arm) => [...arm.blocks.keys()]))].sort();
  const table = (of: (block: ArmBlock) => number): readonly Float64Array[] =>
    sorted.map(({ blocks }) =>
      Float64Array.from(keys, (key) => {
        const block = blocks.get(key);
        return block === undefined ? NaN : of(block);
      }),
    );
  const [lo, mid, hi] = [table((b) => b.ttr.lo), table((b) => b.ttr.time), table((b) => b.ttr.hi)];
  const found = {
    downtime: adjust([table((b) => b.downtimeMs)], options),
    ttr: adjust(isBlurred(lo, hi) ? [lo, mid, hi] : [mid], options),
  };
  const indexOf = new Map(sorted.map((arm, i) => [arm, i]));
  return arms.flatMap((a, i) =>
    arms.slice(i + 1).map((b) => {
      const [x, y] = [indexOf.get(a) ?? 0, indexOf.get(b) ?? 0];
      const at = Math.max(x, y) * arms.length + Math.min(x, y);
      const ps = ({ own, closed }: Found): Ps => ({ own: own[at] ?? 1, closed: closed[at] ?? 1 });
      return pairOf(a, b, keys, { downtime: ps(found.downtime), ttr: ps(found.ttr) }, options);
    }),
  );
}

/** A pair's own p, and after closed testing. */
interface Ps {
  readonly own: number;
  readonly closed: number;
}

/** Of each pair. */
interface Found {
  readonly own: Float64Array;
  readonly closed: Float64Array;
}

/** Values of an arm in each block, of all arms. */
type Table = readonly Float64Array[];

/** Whether the ends of any instant differ. */
const isBlurred = (lo: Table, hi: Table): boolean =>
  lo.some((row, arm) => row.some((v, block) => v < (hi[arm]?.[block] ?? 0)));

/**
 * Every pair's p: of the lower ends, the middles and the upper ends the greatest. Cells of more arms have the middles only: the ends move
 * all of them the same way, and no pair's p is below its own.
 */
function adjust(tables: readonly Table[], { seed, level }: ToldApartOptions): Found {
  const middles = tables[tables.length >> 1] ?? [];
  const arms = middles.length;
  const own = new Float64Array(arms * arms);
  const test = (cell: readonly number[]): CellTest => {
    const [i = 0, j = 0] = cell;
    if (cell.length > 2)
      return blockPermutation(
        cell.map((arm) => middles[arm] ?? []),
        seed,
      );
    // One arm's upper ends against the other's lower ones: the least and the greatest that their difference can be.
    const tests = tables.map((rows, end) =>
      blockPermutation([tables[tables.length - 1 - end]?.[i] ?? [], rows[j] ?? []], seed),
    );
    const p = Math.max(...tests.map((t) => t.p));
    own[j * arms + i] = p;
    return { p, least: Math.max(...tests.map((t) => t.least)) };
  };
  return { closed: closedTesting(arms, test, level), own };
}

type Both = readonly (readonly [ArmBlock, ArmBlock])[];

function pairOf(
  a: ArmBlocks,
  b: ArmBlocks,
  keys: readonly string[],
  ps: Readonly<Record<Endpoint, Ps>>,
  options: ToldApartOptions,
): Pair {
  const common: Both = keys.flatMap((key) => {
    const [x, y] = [a.blocks.get(key), b.blocks.get(key)];
    return x === undefined || y === undefined ? [] : [[x, y] as const];
  });
  const adjusted = weightedHolm({ downtime: ps.downtime.closed, ttr: ps.ttr.closed });
  const of = (endpoint: Endpoint): Told => told(common, endpoint, ps[endpoint].own, adjusted[endpoint], options);
  const times = { downtime: of('downtime'), ttr: of('ttr') };
  const better = betterOf(times);
  return {
    a: a.id,
    b: b.id,
    blocks: common.length,
    times,
    ...(better === undefined ? {} : { better }),
    noWorse: {
      a: noWorse(
        times,
        common.every(([x]) => x.ttr.event),
        ({ lo }) => -lo,
      ),
      b: noWorse(
        times,
        common.every(([, y]) => y.ttr.event),
        ({ hi }) => hi,
      ),
    },
  };
}

/** Adjusts the p of the two times, each with its weight. */
export function weightedHolm(ps: Readonly<Record<Endpoint, number>>): Readonly<Record<Endpoint, number>> {
  const first: Endpoint = ps.downtime / endpointWeights.downtime <= ps.ttr / endpointWeights.ttr ? 'downtime' : 'ttr';
  const second: Endpoint = first === 'downtime' ? 'ttr' : 'downtime';
  const least = Math.min(1, ps[first] / endpointWeights[first]);
  const other = Math.max(least, ps[second]);
  return first === 'downtime' ? { downtime: least, ttr: other } : { downtime: other, ttr: least };
}

/** Which one is sooner in one time, and not later in the other. */
function betterOf({ downtime, ttr }: Pair['times']): 'a' | 'b' | undefined {
  if (downtime.sooner === undefined) return ttr.sooner;
  return ttr.sooner === undefined || ttr.sooner === downtime.sooner ? downtime.sooner : undefined;
}

function noWorse(times: Pair['times'], always: boolean, upper: (interval: Bounds) => number): boolean {
  const within = ({ interval, minimumEffectMs }: Told): boolean =>
    interval !== undefined && upper(interval) < minimumEffectMs;
  return always && within(times.downtime) && within(times.ttr);
}

/** Lower ends, middles and upper ends of the differences b − a. Downtime is counted, not found between two instants: all three are the same. */
function endsOf(pairs: Both, endpoint: Endpoint): readonly [readonly number[], readonly number[], readonly number[]] {
  if (endpoint === 'downtime') {
    const counted = pairs.map(([x, y]) => y.downtimeMs - x.downtimeMs);
    return [counted, counted, counted];
  }
  return [
    pairs.map(([x, y]) => y.ttr.lo - x.ttr.hi),
    pairs.map(([x, y]) => y.ttr.time - x.ttr.time),
    pairs.map(([x, y]) => y.ttr.hi - x.ttr.lo),
  ];
}

function told(common: Both, endpoint: Endpoint, p: number, adjusted: number, { seed, level }: ToldApartOptions): Told {
  const back = common.filter(([x, y]) => x.ttr.event && y.ttr.event);
  const [lows, middles, highs] = endsOf(back, endpoint);
  const [low, middle, high] = endsOf(common, endpoint);
  const restrictedMs = whole(meanOf(middle));
  const resolution = (meanOf(high) - meanOf(low)) / 2;
  const value = (block: ArmBlock): number => (endpoint === 'ttr' ? block.ttr.time : block.downtimeMs);
  const slower = Math.max(meanOf(common.map(([x]) => value(x))), meanOf(common.map(([, y]) => value(y))));
  const minimumEffectMs = whole(Math.max(leastEffectMs, leastShare * slower, 2 * resolution));
  const interval = intervalOf(lows, highs, seed);
  const base = {
    ...(back.length === 0 ? {} : { differenceMs: whole(meanOf(middles)) }),
    ...(interval === undefined ? {} : { interval }),
    both: back.length,
    restrictedMs,
    minimumEffectMs,
  };
  // Neither ever came back: there are no times to be told apart.
  const idle = endpoint === 'ttr' && common.every(([x, y]) => !x.ttr.event && !y.ttr.event);
  if (common.length < leastPairs(1) || idle) return base;
  const without0 = interval === undefined || interval.lo > 0 || interval.hi < 0;
  const shown = adjusted <= level && without0 && Math.abs(restrictedMs) >= minimumEffectMs;
  return {
    ...base,
    p: fourDigits(p),
    pAdjusted: fourDigits(Math.max(p, adjusted)),
    ...(shown ? { sooner: restrictedMs > 0 ? 'a' : 'b' } : {}),
  };
}

/** From the lower ends' lower to the upper ends' upper end. */
function intervalOf(lows: readonly number[], highs: readonly number[], seed: number): Bounds | undefined {
  const [lower, upper] = [signFlipInterval(lows, seed), lows === highs ? undefined : signFlipInterval(highs, seed)];
  return lower === undefined ? undefined : { lo: whole(lower.lo), hi: whole((upper ?? lower).hi) };
}

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((s, v) => s + v, 0) / values.length;
const fourDigits = (p: number): number => Number(p.toPrecision(4));

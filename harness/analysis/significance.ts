import type { Endpoint } from '../model/plan.ts';
import { whole } from './numbers.ts';
import type { ArmBlock, ArmBlocks, ObservedTime } from './observed.ts';
import { pairwise, type Pairwise } from './pairwise.ts';
import { leastPairs, signFlipInterval, weightedHolm } from './permutation.ts';
import type { Bounds } from './stats.ts';

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

export interface TestOptions {
  readonly horizonMs: number;
  readonly seed: number;
  /** What an adjusted p must not be above: 0.05, or the look's. */
  readonly level: number;
}

/** How much of the level each time may use: downtime scatters less, so most is its own. */
export const endpointWeights: Readonly<Record<Endpoint, number>> = { downtime: 0.8, ttr: 0.2 };

/**
 * Tests every pair of arms for a difference. Pure; the order of arms and blocks does not matter. Arms may lack blocks (invalid trials, arms that were dropped):
 * every test has the blocks that it can.
 *
 * A pair is tested by the sign-flip test of its blocks; p is adjusted over all pairs by closed testing (`closedTesting`), of the time to
 * recover the greatest of the instants' lower ends, middles and upper ends; then over the two times by Holm with weights (Holm, Scand. J. Stat. 6 (1979) 65):
 * the one with the least p / weight has that, the other the greater of that and its own p.
 *
 * What holds: the chance that any pair without a difference is found to differ is at most `level`. In a pair that truly differs the other time is
 * a second question: of it, too, the chance of any false answer is at most `level`.
 */
export function testPairs(arms: readonly ArmBlocks[], options: TestOptions): readonly Pair[] {
  const sorted = [...arms].sort((x, y) => (x.id < y.id ? -1 : x.id > y.id ? 1 : 0));
  const keys = [...new Set(sorted.flatMap((arm) => [...arm.blocks.keys()]))].sort();
  const found = (endpoint: Endpoint): Pairwise =>
    pairwise(
      sorted.map(({ blocks }) =>
        keys.map((key) => {
          const block = blocks.get(key);
          return block === undefined ? undefined : timeOf(block, endpoint);
        }),
      ),
      options,
    );
  const tested = { downtime: found('downtime'), ttr: found('ttr') };
  const indexOf = new Map(sorted.map((arm, i) => [arm, i]));
  return arms.flatMap((a, i) =>
    arms.slice(i + 1).map((b) => {
      const [x, y] = [indexOf.get(a) ?? 0, indexOf.get(b) ?? 0];
      const at = Math.max(x, y) * arms.length + Math.min(x, y);
      const ps = ({ own, closed }: Pairwise): Ps => ({ own: own[at] ?? 1, closed: closed[at] ?? 1 });
      return pairOf(a, b, { downtime: ps(tested.downtime), ttr: ps(tested.ttr) }, options);
    }),
  );
}

/** A pair's own p, and after closed testing. */
interface Ps {
  readonly own: number;
  readonly closed: number;
}

/** One of a block's two times. Downtime is counted, not found between two instants: its ends are the same; whether service recovered is TTR's. */
export function timeOf({ downtimeMs, ttr }: ArmBlock, endpoint: Endpoint): ObservedTime {
  return endpoint === 'ttr' ? ttr : { event: ttr.event, lo: downtimeMs, time: downtimeMs, hi: downtimeMs };
}

/** The blocks that both have, in the order of their keys. */
export function commonBlocks(a: ArmBlocks, b: ArmBlocks): readonly (readonly [ArmBlock, ArmBlock])[] {
  return [...a.blocks.keys()].sort().flatMap((key) => {
    const [x, y] = [a.blocks.get(key), b.blocks.get(key)];
    return x === undefined || y === undefined ? [] : [[x, y] as const];
  });
}

function pairOf(a: ArmBlocks, b: ArmBlocks, ps: Readonly<Record<Endpoint, Ps>>, options: TestOptions): Pair {
  const common = commonBlocks(a, b);
  const [downtime = 1, ttr = 1] = weightedHolm(
    [ps.downtime.closed, ps.ttr.closed],
    [endpointWeights.downtime, endpointWeights.ttr],
  );
  const adjusted = { downtime, ttr };
  const of = (endpoint: Endpoint): Told => {
    const pairs = common.map(([x, y]) => [timeOf(x, endpoint), timeOf(y, endpoint)] as const);
    // Neither ever recovered: there are no times to compare.
    const idle = endpoint === 'ttr' && pairs.every(([x, y]) => !x.event && !y.event);
    const tested = { p: ps[endpoint].own, adjusted: adjusted[endpoint], level: options.level };
    return toldOf(pairs, idle || common.length < leastBlocks(2) ? undefined : tested, options.seed);
  };
  const times = { downtime: of('downtime'), ttr: of('ttr') };
  const better = betterOf(times);
  const always = (which: 0 | 1): boolean => common.every((pair) => pair[which].ttr.event);
  return {
    a: a.id,
    b: b.id,
    blocks: common.length,
    times,
    ...(better === undefined ? {} : { better }),
    noWorse: {
      a: noWorse(times, always(0), ({ lo }) => -lo),
      b: noWorse(times, always(1), ({ hi }) => hi),
    },
  };
}

/**
 * Fewest blocks with which a pair can be significant whatever the other arms do: the sign-flip test's least p, 2^(1−n), times the cells of two that so many arms
 * make at most, over the weight of downtime, is 0.05 at most. 6 for two and three arms, 7 for four, 8 for seven.
 */
export const leastBlocks = (arms: number): number =>
  leastPairs(Math.max(1, Math.floor(arms / 2)) / endpointWeights.downtime);

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

/** What a difference must at least be to matter: so much, or a tenth of the slower mean, or twice what the instants are known to. */
export const leastEffectMs = 5000;
export const leastShare = 0.1;

/** What is known of the difference of two arms in one time. Everything is of b − a: above 0, a is sooner. Whole ms. */
export interface Told {
  /** Mean difference over the blocks in which both recovered; absent where there is none. */
  readonly differenceMs?: number;
  /** 95 % of that; absent below six such blocks. */
  readonly interval?: Bounds;
  /** Blocks in which both recovered. */
  readonly both: number;
  /** The same mean over all common blocks, what did not recover counted with the horizon. */
  readonly restrictedMs: number;
  /** Two-sided, of all common blocks; and adjusted over all pairs and both times. Absent where nothing can be shown. */
  readonly p?: number;
  readonly pAdjusted?: number;
  readonly minimumEffectMs: number;
  /** Which is shown to be sooner, by at least the minimum effect. */
  readonly sooner?: 'a' | 'b';
}

/** Two arms' times of the same block. */
export type TimePair = readonly [ObservedTime, ObservedTime];

/** What was found of a pair: p, and after all adjustments; absent where nothing can be shown. */
export interface Tested {
  readonly p: number;
  readonly adjusted: number;
  /** What the adjusted p must not be above. */
  readonly level: number;
}

/**
 * Sums up two arms' times, block by block. Sooner is what has an adjusted p not above the level, at least the minimum effect, and an interval, where there is
 * one, that lies wholly on that side: one that comes back more often, but later where both do, is not sooner.
 */
export function toldOf(pairs: readonly TimePair[], tested: Tested | undefined, seed: number): Told {
  const back = pairs.filter(([x, y]) => x.event && y.event);
  const restricted = meanOf(pairs.map(middle));
  const interval = intervalOf(back, seed);
  const minimumEffectMs = minimumEffect(
    Math.max(meanOf(pairs.map(([x]) => x.time)), meanOf(pairs.map(([, y]) => y.time))),
    resolutionOf(pairs),
  );
  const told = {
    ...(back.length === 0 ? {} : { differenceMs: whole(meanOf(back.map(middle))) }),
    ...(interval === undefined ? {} : { interval }),
    both: back.length,
    restrictedMs: whole(restricted),
    minimumEffectMs,
  };
  if (tested === undefined) return told;
  const { p, adjusted, level } = tested;
  const agrees = interval === undefined || (restricted > 0 ? interval.lo > 0 : interval.hi < 0);
  const shown = adjusted <= level && agrees && Math.abs(told.restrictedMs) >= minimumEffectMs;
  return {
    ...told,
    p: fourDigits(p),
    pAdjusted: fourDigits(Math.max(p, adjusted)),
    ...(shown ? { sooner: restricted > 0 ? 'a' : 'b' } : {}),
  };
}

const least = ([x, y]: TimePair): number => y.lo - x.hi;
const middle = ([x, y]: TimePair): number => y.time - x.time;
const most = ([x, y]: TimePair): number => y.hi - x.lo;

/** Half of how far the mean difference moves between the ends of the instants, ms. */
export const resolutionOf = (pairs: readonly TimePair[]): number =>
  (meanOf(pairs.map(most)) - meanOf(pairs.map(least))) / 2;

/** The least difference that matters, whole ms, for the slower one's mean and a resolution. */
export const minimumEffect = (slowerMs: number, resolutionMs: number): number =>
  whole(Math.max(leastEffectMs, leastShare * slowerMs, 2 * resolutionMs));

/** From the lower ends' lower to the upper ends' upper end. */
function intervalOf(pairs: readonly TimePair[], seed: number): Bounds | undefined {
  const lower = signFlipInterval(pairs.map(least), seed);
  if (lower === undefined) return undefined;
  const sharp = pairs.every((pair) => least(pair) === most(pair));
  const upper = sharp ? lower : signFlipInterval(pairs.map(most), seed);
  return { lo: whole(lower.lo), hi: whole((upper ?? lower).hi) };
}

/** Mean; 0 for none. */
export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((s, v) => s + v, 0) / values.length;
export const fourDigits = (p: number): number => Number(p.toPrecision(4));

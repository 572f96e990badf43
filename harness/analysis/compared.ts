import { sampleStandardDeviation } from 'simple-statistics';
import { endpoints, type Endpoint } from '../model/plan.ts';
import { kindOf, kindOfAll, type Comparison, type Side, type Time, type TimeComparison } from './comparison.ts';
import { sentence, type Asked } from './comparison-words.ts';
import { differenceInterval } from './mean-interval.ts';
import { whole } from './numbers.ts';
import type { ArmBlocks, ObservedTime } from './observed.ts';
import { twoSample, weightedHolm } from './permutation.ts';
import { blocksNeeded } from './sample-size.ts';
import type { Bounds } from './stats.ts';
import { sidesOf } from './words.ts';
import {
  commonBlocks,
  endpointWeights,
  fourDigits,
  leastBlocks,
  meanOf,
  minimumEffect,
  resolutionOf,
  testPairs,
  timeOf,
  type TimePair,
  type Told,
} from './significance.ts';

/** How a comparison is asked. */
export interface Question extends Asked {
  readonly seed: number;
  /** What an adjusted p must not be above. */
  readonly level: number;
  /** True when the environments differ: then there are numbers and no verdict. */
  readonly refused: boolean;
  /** What the two runs are called; default: by their order. */
  readonly sides?: readonly [string, string];
}

/** Every pair of arms of a run, block by block. */
export function comparePairs(arms: readonly ArmBlocks[], question: Question): readonly Comparison[] {
  const byId = new Map(arms.map((arm) => [arm.id, arm]));
  return testPairs(arms, question).map(({ a, b, times }) => {
    const [x, y] = [byId.get(a), byId.get(b)];
    const common = x === undefined || y === undefined ? [] : commonBlocks(x, y);
    const compared = endpoints.map((time) =>
      pairedTime(
        time,
        common.map(([p, q]) => [timeOf(p, time), timeOf(q, time)] as const),
        times[time],
        arms.length,
        question,
      ),
    );
    return comparison(a, b, compared, question);
  });
}

/** Two arms with their times, in one line. */
export function comparison(a: string, b: string, times: readonly TimeComparison[], question: Question): Comparison {
  const base = { a, b, kind: kindOfAll(times.map((t) => t.kind)), times };
  return { ...base, says: sentence(base, question) };
}

/** One time of two arms, block by block, of so many arms that are compared together. */
export function pairedTime(
  time: Time,
  pairs: readonly TimePair[],
  told: Told,
  arms: number,
  question: Question,
  sideOf: (times: readonly ObservedTime[]) => Side = sideWith(meanOf),
): TimeComparison {
  if (pairs.length === 0) return { time, kind: 'no-data' };
  const { sooner, p, pAdjusted, interval, ...rest } = told;
  const numbers = {
    time,
    sideA: sideOf(pairs.map(([x]) => x)),
    sideB: sideOf(pairs.map(([, y]) => y)),
    ...rest,
    resolutionMs: whole(resolutionOf(pairs)),
    ...(question.refused || interval === undefined ? {} : { interval }),
    ...(question.refused || p === undefined || pAdjusted === undefined ? {} : { p, pAdjusted }),
  };
  const kind = kindOf(numbers, { ...question, sooner });
  const scatter = pairs.length < 3 ? undefined : sampleStandardDeviation(pairs.map(([x, y]) => y.time - x.time));
  return { kind, ...numbers, ...planning(kind, scatter, numbers, arms, 'paired') };
}

/** What it would take, where nothing was shown. */
function planning(
  kind: TimeComparison['kind'],
  scatter: number | undefined,
  { time, minimumEffectMs = 0 }: Pick<TimeComparison, 'time' | 'minimumEffectMs'>,
  arms: number,
  design: 'paired' | 'two-sample',
): Pick<TimeComparison, 'blocksNeeded' | 'leastBlocks'> {
  const open = kind === 'not-shown' || kind === 'too-few';
  const least = leastBlocks(design === 'paired' ? arms : 2);
  const weight = time === 'ttd' ? 1 : endpointWeights[time];
  const comparisons = (design === 'paired' ? (arms * (arms - 1)) / 2 : arms - 1) / weight;
  return {
    ...(open && scatter !== undefined
      ? { blocksNeeded: blocksNeeded(scatter, minimumEffectMs, comparisons, design, least) }
      : {}),
    ...(kind === 'too-few' ? { leastBlocks: least } : {}),
  };
}

/** A side with the mean of all computed in that way. */
export const sideWith =
  (restricted: (values: readonly number[], events: readonly boolean[]) => number) =>
  (times: readonly ObservedTime[]): Side => {
    const back = times.filter((t) => t.event);
    return {
      n: times.length,
      events: back.length,
      ...(back.length === 0 ? {} : { meanMs: whole(meanOf(back.map((t) => t.time))) }),
      restrictedMs: whole(
        restricted(
          times.map((t) => t.time),
          times.map((t) => t.event),
        ),
      ),
    };
  };

/** A runbook's (alarm's) times in two runs: of each time those of the first and of the second. */
export interface Samples {
  readonly name: string;
  readonly times: Partial<Readonly<Record<Time, readonly [readonly ObservedTime[], readonly ObservedTime[]]>>>;
}

/**
 * The same arms in two runs, which have nothing in common: p by the permutation test of two samples, then Holm over all that is asked, each time with its weight.
 */
export function compareSamples(
  samples: readonly Samples[],
  question: Question,
  sideOf: (times: readonly ObservedTime[]) => Side = sideWith(meanOf),
): readonly (Comparison & { readonly name: string })[] {
  const asked = samples.flatMap(({ name, times }) =>
    (['downtime', 'ttr', 'ttd'] as const).flatMap((time) => {
      const both = times[time];
      return both === undefined
        ? []
        : [{ name, time, both, p: question.refused ? undefined : sampleP(both, time, question.seed) }];
    }),
  );
  const adjusted = weightedHolm(
    asked.map(({ p }) => p ?? 1),
    asked.map(({ time }) => (time === 'ttd' ? 1 : endpointWeights[time])),
  );
  const compared = asked.map((one, i) => ({
    name: one.name,
    time: sampledTime(one, adjusted[i] ?? 1, samples.length, question, sideOf),
  }));
  return samples.map(({ name }) => ({
    name,
    ...comparison(
      ...(question.sides ?? sidesOf({}, {}, 'the ')),
      compared.filter((c) => c.name === name).map((c) => c.time),
      question,
    ),
  }));
}

type Two = readonly [readonly ObservedTime[], readonly ObservedTime[]];

/** Least of the first against most of the second, the middles, and the other way round. */
const casesOf = ([a, b]: Two): readonly (readonly [readonly number[], readonly number[]])[] => [
  [a.map((t) => t.hi), b.map((t) => t.lo)],
  [a.map((t) => t.time), b.map((t) => t.time)],
  [a.map((t) => t.lo), b.map((t) => t.hi)],
];

function sampleP(both: Two, time: Time, seed: number): number | undefined {
  const [a, b] = both;
  const idle = time !== 'downtime' && [...a, ...b].every((t) => !t.event);
  if (idle || Math.min(a.length, b.length) < leastBlocks(2)) return undefined;
  const sharp = [...a, ...b].every((t) => t.lo === t.hi);
  const cases = casesOf(both);
  return Math.max(...(sharp ? cases.slice(1, 2) : cases).map(([x, y]) => twoSample(x, y, seed)));
}

function sampledTime(
  { time, both, p }: { readonly time: Time; readonly both: Two; readonly p: number | undefined },
  adjusted: number,
  asked: number,
  question: Question,
  sideOf: (times: readonly ObservedTime[]) => Side,
): TimeComparison {
  const [a, b] = both;
  if (a.length === 0 || b.length === 0) return { time, kind: 'no-data' };
  const [low = 0, middle = 0, high = 0] = casesOf(both).map(([x, y]) => meanOf(y) - meanOf(x));
  const [sideA, sideB] = [sideOf(a), sideOf(b)];
  const interval = question.refused ? undefined : sampleInterval(both);
  const resolution = (high - low) / 2;
  const minimumEffectMs = minimumEffect(
    Math.max(meanOf(a.map((t) => t.time)), meanOf(b.map((t) => t.time))),
    resolution,
  );
  const numbers = {
    time,
    sideA,
    sideB,
    ...(sideA.meanMs === undefined || sideB.meanMs === undefined ? {} : { differenceMs: sideB.meanMs - sideA.meanMs }),
    ...(interval === undefined ? {} : { interval }),
    restrictedMs: whole(middle),
    resolutionMs: whole(resolution),
    minimumEffectMs,
    ...(p === undefined ? {} : { p: fourDigits(p), pAdjusted: fourDigits(adjusted) }),
  };
  const agrees = interval === undefined || (middle > 0 ? interval.lo > 0 : interval.hi < 0);
  const shown = p !== undefined && adjusted <= question.level && agrees && Math.abs(middle) >= minimumEffectMs;
  const kind = kindOf(numbers, { ...question, sooner: shown ? (middle > 0 ? 'a' : 'b') : undefined });
  const scatter = a.length < 2 || b.length < 2 ? undefined : scatterOf(both);
  return { kind, ...numbers, ...planning(kind, scatter, numbers, asked + 1, 'two-sample') };
}

/** Of those that recovered in each, from the lower ends' lower to the upper ends' upper end. */
function sampleInterval(both: Two): Bounds | undefined {
  const back = both.map((times) => times.filter((t) => t.event)) as unknown as Two;
  const [lower, , upper] = casesOf(back).map(([x, y]) =>
    differenceInterval(
      x.map((v) => [v]),
      y.map((v) => [v]),
    ),
  );
  return lower === undefined || upper === undefined ? undefined : { lo: whole(lower.lo), hi: whole(upper.hi) };
}

/** Within the two runs. */
function scatterOf([a, b]: Two): number {
  const squares = (times: readonly ObservedTime[]): number => {
    const middle = meanOf(times.map((t) => t.time));
    return times.reduce((sum, t) => sum + (t.time - middle) ** 2, 0);
  };
  return Math.sqrt((squares(a) + squares(b)) / (a.length + b.length - 2));
}

/** Times of runbooks in two runs. */
export const samplesOf = (
  name: string,
  first: readonly { readonly downtimeMs: number; readonly ttr: ObservedTime }[],
  second: readonly { readonly downtimeMs: number; readonly ttr: ObservedTime }[],
): Samples => {
  const of = (time: Endpoint): Two => [first.map((t) => timeOf(t, time)), second.map((t) => timeOf(t, time))];
  return { name, times: { downtime: of('downtime'), ttr: of('ttr') } };
};

import { mean, sampleStandardDeviation } from 'simple-statistics';
import { humanDuration, type Interval } from '../model/units.ts';
import { twoSampleBootstrap } from './bootstrap.ts';
import { whole } from './numbers.ts';
import type { ObservedTime } from './observed.ts';
import { holm, leastPairs, signFlip, signFlipInterval, twoSample } from './permutation.ts';
import { blocksNeeded, mostBlocks } from './power.ts';
import type { Bounds } from './stats.ts';

/** What a difference must at least be to matter: so much, or a tenth of the slower mean, or twice what the instants are known to. */
export const leastEffectMs = 5000;
export const leastShare = 0.1;

/**
 * What a comparison of two times shows:
 * - `faster`, `slower`: a before b, or after it: p below 0.05 after Holm, an interval without 0, and at least the minimum effect;
 * - `below-minimum`: p and interval as above, but less than would matter;
 * - `not-shown`: no difference shown, which is not the same as none;
 * - `not-resolvable`: which is sooner depends on which end of the instants' intervals is taken, and their width is more than
 *   what would matter else;
 * - `neither`: no trial of either saw the event within the horizon;
 * - `too-few`: fewer than six on a side, which can show nothing;
 * - `refused`: the environments differ;
 * - `no-data`: nothing to compare.
 */
export type ComparisonKind =
  | 'faster'
  | 'slower'
  | 'below-minimum'
  | 'not-shown'
  | 'not-resolvable'
  | 'neither'
  | 'too-few'
  | 'refused'
  | 'no-data';

/** One side: how many saw the event, and the restricted mean with both ends of every instant. Whole ms. */
export interface Side {
  readonly n: number;
  readonly events: number;
  readonly meanMs: number;
  readonly ends: Interval;
}

/** Two times, and what can be said about their difference. Everything is of b − a: above 0, a is sooner. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly kind: ComparisonKind;
  /** The whole of it in one line. */
  readonly says: string;
  readonly sideA?: Side;
  readonly sideB?: Side;
  readonly differenceMs?: number;
  /** 95 %, from the lower ends' interval to the upper ends'; absent below six on a side. */
  readonly interval?: Bounds;
  /** Half of how far the difference moves between the ends of the instants. */
  readonly resolutionMs?: number;
  /** The greatest p of the lower ends, the middles and the upper ends; and after Holm over all that was asked together. */
  readonly p?: number;
  readonly pAdjusted?: number;
  readonly minimumEffectMs?: number;
  /**
   * Blocks that would show the minimum effect four times out of five; only where nothing was shown and there are at least three
   * to tell the scatter from. 1000 stands for more.
   */
  readonly blocksNeeded?: number;
  /** Fewest with which anything can be shown, where there are fewer than six. */
  readonly leastBlocks?: number;
}

/** What is compared: times of the same blocks (in the same order), or of two runs. */
export interface Question {
  readonly a: string;
  readonly b: string;
  readonly design: 'paired' | 'two-sample';
  readonly timesA: readonly ObservedTime[];
  readonly timesB: readonly ObservedTime[];
}

export interface Asked {
  readonly horizonMs: number;
  readonly seed: number;
  /** True when the environments differ: then there are numbers and no verdict. */
  readonly refused: boolean;
  /** Intervals only where p is below this, and a difference can be shown at all; always where absent. */
  readonly intervalsBelow?: number;
  /** Words for the sentences: `is back sooner than`, and what a pair is counted in. */
  readonly sooner: string;
  readonly unit: string;
}

/**
 * Answers questions that were asked together: each by itself first, then all p-values by Holm. Pure; the same for every order of
 * pairs, and mirrored when a and b change places.
 */
export function compare(questions: readonly Question[], asked: Asked): readonly Comparison[] {
  const measured = questions.map((question) => measure(question, asked));
  const adjusted = holm(measured.map((m) => m.p ?? 1));
  return measured.map((m, i) => answer(m, adjusted[i] ?? 1, questions.length, asked));
}

interface Measured {
  readonly question: Question;
  readonly n: number;
  readonly ends: { readonly lo: number; readonly mid: number; readonly hi: number };
  readonly scatter: number;
  readonly p?: number;
  readonly interval?: Bounds;
}

function measure(question: Question, asked: Asked): Measured {
  const { timesA, timesB, design } = question;
  const n = Math.min(timesA.length, timesB.length);
  if (n === 0) return { question, n, ends: { lo: 0, mid: 0, hi: 0 }, scatter: 0 };
  // b at one end against a at the other: the least and the greatest that the difference can be.
  const cases = [
    [timesA.map((t) => t.hi), timesB.map((t) => t.lo)],
    [timesA.map((t) => t.time), timesB.map((t) => t.time)],
    [timesA.map((t) => t.lo), timesB.map((t) => t.hi)],
  ] as const;
  const [lo, mid, hi] = cases.map(([a, b]) => mean(b) - mean(a));
  const scatter = n < 2 ? 0 : scatterOf(cases[1], design);
  const base = { question, n, ends: { lo: lo ?? 0, mid: mid ?? 0, hi: hi ?? 0 }, scatter };
  if (n < leastPairs(1) || asked.refused) return base;
  const p = Math.max(
    ...cases.map(([a, b]) =>
      design === 'paired' ? signFlip(differences(a, b), asked.seed) : twoSample(a, b, asked.seed),
    ),
  );
  if (p >= (asked.intervalsBelow ?? 2)) return { ...base, p };
  // From the lower ends' to the upper ends': the middles' lies between.
  const bounds = [cases[0], cases[2]].map(([a, b]) =>
    design === 'paired'
      ? signFlipInterval(differences(a, b), asked.seed)
      : twoSampleBootstrap(a.map(alone), b.map(alone), asked.seed, leastPairs(1)),
  );
  const [first, last] = bounds;
  return {
    ...base,
    p,
    ...(first === undefined || last === undefined ? {} : { interval: { lo: first.lo, hi: last.hi } }),
  };
}

const alone = (value: number): readonly number[] => [value];
const differences = (a: readonly number[], b: readonly number[]): readonly number[] =>
  b.map((value, i) => value - (a[i] ?? 0));

/** Of the differences, or within the two runs. */
function scatterOf([a, b]: readonly [readonly number[], readonly number[]], design: Question['design']): number {
  if (design === 'paired') return sampleStandardDeviation([...differences(a, b)]);
  const squares = (values: readonly number[]): number => {
    const middle = mean([...values]);
    return values.reduce((sum, v) => sum + (v - middle) ** 2, 0);
  };
  return Math.sqrt((squares(a) + squares(b)) / (a.length + b.length - 2));
}

function answer(m: Measured, adjusted: number, comparisons: number, asked: Asked): Comparison {
  const { question, ends, n } = m;
  const { a, b } = question;
  if (n === 0) return { a, b, kind: 'no-data', says: `${a} and ${b}: no ${asked.unit} in which both were valid` };
  const [sideA, sideB] = [sideOf(question.timesA), sideOf(question.timesB)];
  const resolutionMs = whole((ends.hi - ends.lo) / 2);
  const minimumEffectMs = whole(
    Math.max(leastEffectMs, leastShare * Math.max(sideA.meanMs, sideB.meanMs), 2 * resolutionMs),
  );
  const needed = blocksNeeded(m.scatter, minimumEffectMs, comparisons, question.design);
  const kind = kindOf(m, adjusted, minimumEffectMs, sideA.events + sideB.events, asked);
  const numbers = {
    sideA,
    sideB,
    differenceMs: whole(ends.mid),
    resolutionMs,
    minimumEffectMs,
    ...(m.interval === undefined ? {} : { interval: { lo: whole(m.interval.lo), hi: whole(m.interval.hi) } }),
    ...(m.p === undefined ? {} : { p: fourDigits(m.p), pAdjusted: fourDigits(adjusted) }),
    ...((kind === 'not-shown' || kind === 'too-few') && n >= 3 ? { blocksNeeded: needed } : {}),
    ...(kind === 'too-few' ? { leastBlocks: leastPairs(comparisons) } : {}),
  };
  const says = sentence({ a, b, kind, says: '', ...numbers }, n, comparisons, asked);
  return { a, b, kind, says, ...numbers };
}

function kindOf(m: Measured, adjusted: number, minimum: number, events: number, asked: Asked): ComparisonKind {
  if (asked.refused) return 'refused';
  if (events === 0) return 'neither';
  if (m.p === undefined) return 'too-few';
  // Where the instants' own width is the minimum effect, no number of blocks would help.
  const blurred = minimum <= m.ends.hi - m.ends.lo + 1;
  if (blurred && m.ends.lo < 0 && m.ends.hi > 0) return 'not-resolvable';
  const without0 = m.interval !== undefined && (m.interval.lo > 0 || m.interval.hi < 0);
  if (adjusted >= 0.05 || !without0) return 'not-shown';
  if (Math.abs(m.ends.mid) < minimum) return 'below-minimum';
  return m.ends.mid > 0 ? 'faster' : 'slower';
}

function sideOf(times: readonly ObservedTime[]): Side {
  return {
    n: times.length,
    events: times.filter((t) => t.event).length,
    meanMs: whole(mean(times.map((t) => t.time))),
    ends: { lo: whole(mean(times.map((t) => t.lo))), hi: whole(mean(times.map((t) => t.hi))) },
  };
}

function sentence(c: Comparison, n: number, comparisons: number, asked: Asked): string {
  const { a, b, differenceMs = 0, interval, minimumEffectMs = 0 } = c;
  const forward = differenceMs >= 0;
  const [first, second] = forward ? [a, b] : [b, a];
  const by = humanDuration(Math.abs(differenceMs));
  const bounds =
    interval === undefined
      ? ''
      : `95 %: ${signed(forward ? interval.lo : -interval.hi)} to ${signed(forward ? interval.hi : -interval.lo)}; `;
  const sure = `${bounds}p ${pText(c.pAdjusted ?? 1)}${comparisons > 1 ? ` after Holm over ${String(comparisons)}` : ''}`;
  const seen = differenceMs === 0 ? 'seen: no difference' : `seen: ${first} ${asked.sooner} ${second} by ${by}`;
  switch (c.kind) {
    case 'faster':
    case 'slower':
      return `${first} ${asked.sooner} ${second} by ${by} (${sure})`;
    case 'below-minimum':
      return `${first} ${asked.sooner} ${second} by ${by}, less than the ${humanDuration(minimumEffectMs)} that would matter (${sure})`;
    case 'not-shown':
      return `no difference shown between ${a} and ${b} (${seen}; ${sure}); ${neededText(c.blocksNeeded ?? 0, asked.unit)} would be needed to show the minimum effect of ${humanDuration(minimumEffectMs)}`;
    case 'not-resolvable':
      return `${a} and ${b} are not resolvable: instants are only known to ± ${humanDuration(c.resolutionMs ?? 0)}, and which is sooner depends on which end is taken; more ${asked.unit}s do not help`;
    case 'neither':
      return `${a} and ${b}: neither within ${humanDuration(asked.horizonMs)}`;
    case 'too-few':
      return `${a} and ${b}: ${count(n, asked.unit)} can show nothing, at least ${String(leastPairs(comparisons))} are needed${comparisons > 1 ? ` for ${String(comparisons)} comparisons` : ''} (${seen})${c.blocksNeeded === undefined ? '' : `; ${neededText(c.blocksNeeded, asked.unit)} would show the minimum effect of ${humanDuration(minimumEffectMs)}`}`;
    case 'refused':
      return `${a} and ${b}: no verdict, the environments differ`;
    case 'no-data':
      return `${a} and ${b}: nothing to compare`;
  }
}

/** `−1.2 s`: a difference with its sign. */
export const signed = (ms: number): string => `${ms < 0 ? '−' : ''}${humanDuration(Math.abs(ms))}`;

/** `0.012`; `below 0.001`. */
export const pText = (p: number): string => (p < 0.001 ? 'below 0.001' : String(Number(p.toPrecision(2))));

function neededText(blocks: number, unit: string): string {
  return blocks >= mostBlocks ? `more than ${String(mostBlocks)} ${unit}s` : `about ${count(blocks, unit)}`;
}

const count = (n: number, one: string): string => `${String(n)} ${n === 1 ? one : `${one}s`}`;
const fourDigits = (p: number): number => Number(p.toPrecision(4));

import type { Side, TimeComparison } from '../analysis/comparison.ts';
import type { RunComparison } from '../analysis/comparison-runs.ts';
import { humanDuration } from '../model/units.ts';
import { pText, sidesOf, signed, timeNames } from '../analysis/words.ts';

/** A comparison as a row of text, the same for the terminal and for Markdown. Of runbooks each cell has both times: downtime / TTR. */
export interface ComparisonRow {
  readonly name: string;
  readonly a: string;
  readonly b: string;
  readonly difference: string;
  readonly interval: string;
  readonly p: string;
  readonly verdict: string;
  /** Whether a difference is shown. */
  readonly shown: boolean;
}

type One = RunComparison['comparisons'][number];

/** Heads of the columns, in the words of what is compared. */
export function comparisonHeads(
  comparison: RunComparison,
): Readonly<Record<Exclude<keyof ComparisonRow, 'shown'>, string>> {
  const within = comparison.design === 'paired';
  const runbooks = comparison.what === 'runbooks';
  const times = runbooks ? 'downtime / TTR' : 'TTD';
  const [first = {}, second = {}] = comparison.runs;
  const [a, b] = within ? ['A', 'B'] : sidesOf(first, second, '');
  return {
    name: within ? `A and B` : runbooks ? 'runbook' : 'alert',
    a: `${a}: ${times}`,
    b: `${b}: ${times}`,
    difference: within ? 'B − A' : b === 'second run' ? 'second − first' : `${b} − ${a}`,
    interval: '95 %',
    p: 'p',
    verdict: 'verdict',
  };
}

/** One row for each comparison, in its order; pairs of which neither ever recovered are one line below instead (`neverText`). */
export function comparisonRows(comparison: RunComparison): readonly ComparisonRow[] {
  const some = comparison.comparisons.some((c) => c.exploratory !== true);
  return comparison.comparisons
    .filter((c) => !isIdle(c))
    .map((c) => ({
      name: c.name ?? `${c.a}, ${c.b}`,
      a: sideCell(c, 'sideA'),
      b: sideCell(c, 'sideB'),
      difference: cell(c, ({ differenceMs }) => (differenceMs === undefined ? undefined : signed(differenceMs))),
      interval: cell(c, ({ interval }) =>
        interval === undefined ? undefined : `${signed(interval.lo)} to ${signed(interval.hi)}`,
      ),
      p: cell(c, ({ pAdjusted }) => (pAdjusted === undefined ? undefined : pText(pAdjusted))),
      verdict: `${verdictText(c)}${some && c.exploratory === true ? ' (exploratory)' : ''}`,
      shown: c.kind === 'faster' || c.kind === 'slower' || c.kind === 'mixed',
    }));
}

const isIdle = (c: One): boolean => c.kind === 'neither' && c.name === undefined;

/** What is known of each of the times; nothing where it is of none. */
function cell({ times, kind }: One, of: (time: TimeComparison) => string | undefined): string {
  const texts = kind === 'neither' ? [] : times.map(of);
  return texts.every((text) => text === undefined) ? '' : texts.map((text) => text ?? '–').join(' / ');
}

/** What pairs without a row have in common; undefined when every pair has one. */
export function neverText({ comparisons, horizonMs, what }: RunComparison): string | undefined {
  const names = [...new Set(comparisons.filter(isIdle).flatMap((c) => [c.a, c.b]))];
  if (names.length === 0) return undefined;
  return `None of these ${what === 'runbooks' ? 'recovered' : 'detected it'} within ${humanDuration(horizonMs)}, so they cannot be compared: ${names.join(', ')}.`;
}

/** `35 s / 46 s (8 of 10)`; `4 min / never (0 of 10)` where none recovered. */
function sideCell({ times }: One, which: 'sideA' | 'sideB'): string {
  const sides = times.flatMap((t) => (t[which] === undefined ? [] : [{ time: t.time, side: t[which] }]));
  const last = sides.at(-1)?.side;
  if (last === undefined) return 'no data';
  return `${sides.map(({ time, side }) => meanText(time, side)).join(' / ')} (${last.events} of ${last.n})`;
}

function meanText(time: TimeComparison['time'], { meanMs, restrictedMs }: Side): string {
  if (meanMs !== undefined) return humanDuration(meanMs);
  return time === 'downtime' ? humanDuration(restrictedMs) : 'never';
}

function verdictText(c: One): string {
  const better = (x: string): string => (c.times[0]?.time === 'ttd' ? `${x} earlier` : `${x} better`);
  const [first] = c.times;
  const needed = neededText(first);
  switch (c.kind) {
    case 'faster':
      return better(c.a);
    case 'slower':
      return better(c.b);
    case 'mixed':
      return 'each faster in one time';
    case 'below-minimum':
      return `below the relevant ${humanDuration(first?.minimumEffectMs ?? 0)}`;
    case 'not-shown':
      return `not significant${needed}`;
    case 'not-resolvable':
      return `not resolvable (± ${humanDuration(c.times.at(-1)?.resolutionMs ?? 0)})`;
    case 'neither':
      return 'neither';
    case 'too-few':
      return `too few, ${first?.leastBlocks ?? 0} at least${needed}`;
    case 'refused':
      return 'no verdict';
    case 'no-data':
      return 'no data';
  }
}

function neededText(time: TimeComparison | undefined): string {
  if (time?.blocksNeeded === undefined) return '';
  const blocks = time.blocksNeeded >= 1000 ? 'over 1000' : `~${time.blocksNeeded}`;
  return `; ${blocks} for ${humanDuration(time.minimumEffectMs ?? 0)} of ${timeNames[time.time]}`;
}

/** What was not decided before the first trial, and what was given up on the way; one line each. */
export function standingLines({ what, exploratory, dropped, level, comparisons }: RunComparison): readonly string[] {
  const lines: string[] = [];
  if (exploratory) {
    const all = comparisons.every((c) => c.exploratory === true);
    lines.push(`exploratory: ${all ? '' : 'what is marked so was '}chosen after the trials had run`);
  }
  if (what === 'runbooks' && level !== 0.05) {
    lines.push(
      level === 0
        ? 'before the first declared look: nothing can be significant yet'
        : `significant at this look: p of ${level} or less`,
    );
  }
  for (const { arm, afterBlock, why } of dropped) {
    lines.push(`${arm}: dropped after block ${afterBlock} (${why}); its times are not compared`);
  }
  return lines;
}

/** What the columns mean, and what `n` is counted in. */
export function comparisonLegend(comparison: RunComparison): readonly string[] {
  const { what, design, horizonMs, comparisons } = comparison;
  const unit = design === 'paired' && what === 'runbooks' ? 'blocks' : 'trials';
  const lines = [
    what === 'runbooks'
      ? `Means of those that recovered within ${humanDuration(horizonMs)}; in brackets, of how many ${unit}.`
      : `Mean of those that detected within ${humanDuration(horizonMs)}; in brackets, of how many ${unit}.`,
  ];
  const times = comparisons.filter((c) => !isIdle(c)).flatMap((c) => c.times);
  if (times.some((t) => t.p !== undefined)) lines.push(testText(comparison));
  if (times.some((t) => t.blocksNeeded !== undefined)) {
    lines.push(`"~n for m": n ${unit} would make a difference of m significant four times out of five.`);
  }
  return lines;
}

function testText({ what, design }: RunComparison): string {
  const ends = 'at the less favourable end of every measured time';
  if (design === 'two-sample') {
    return `p: permutation test of two samples, ${ends}, after Holm over all ${what === 'runbooks' ? 'runbooks and both times' : 'alerts'}.`;
  }
  const over =
    what === 'runbooks' ? 'all pairs by closed testing and over both times by Holm' : 'all pairs by closed testing';
  return `p: exact sign-flip permutation test of the differences, ${ends}, adjusted over ${over}.`;
}

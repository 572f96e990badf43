import { pText, signed } from '../analysis/comparison.ts';
import type { RunComparison } from '../analysis/comparison-runs.ts';
import { humanDuration } from '../model/units.ts';

/** A comparison as a row of text, the same for the terminal and for Markdown. */
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
  const thing = comparison.what === 'runbooks' ? 'runbook' : 'alarm';
  return {
    name: within ? `A and B` : thing,
    a: within ? 'A after' : 'first run',
    b: within ? 'B after' : 'second run',
    difference: within ? 'B − A' : 'second − first',
    interval: '95 %',
    p: 'p (Holm)',
    verdict: 'verdict',
  };
}

/** One row for each comparison, in its order; pairs of which neither ever came back are one line below instead (`neverText`). */
export function comparisonRows(comparison: RunComparison): readonly ComparisonRow[] {
  return comparison.comparisons
    .filter((c) => !isIdle(c))
    .map((c) => ({
      name: c.name ?? `${c.a}, ${c.b}`,
      a: sideText(c.sideA, comparison.horizonMs),
      b: sideText(c.sideB, comparison.horizonMs),
      difference: c.differenceMs === undefined || c.kind === 'neither' ? '' : signed(c.differenceMs),
      interval:
        c.interval === undefined || c.kind === 'neither' ? '' : `${signed(c.interval.lo)} to ${signed(c.interval.hi)}`,
      p: c.pAdjusted === undefined || c.kind === 'neither' ? '' : pText(c.pAdjusted),
      verdict: verdictText(c),
      shown: c.kind === 'faster' || c.kind === 'slower',
    }));
}

const isIdle = (c: One): boolean => c.kind === 'neither' && c.name === undefined;

/** What pairs without a row have in common; undefined when every pair has one. */
export function neverText({ comparisons, horizonMs, what }: RunComparison): string | undefined {
  const names = [...new Set(comparisons.filter(isIdle).flatMap((c) => [c.a, c.b]))];
  if (names.length === 0) return undefined;
  return `Never ${what === 'runbooks' ? 'back' : 'noticed'} within ${humanDuration(horizonMs)}, so not told apart: ${names.join(', ')}.`;
}

/** `46 s (10)`; `at least 2 min (10)` when some never did; `never (10)` when none did. */
function sideText(side: One['sideA'], horizonMs: number): string {
  if (side === undefined) return 'no data';
  const n = ` (${String(side.n)})`;
  if (side.events === 0) return `not in ${humanDuration(horizonMs)}${n}`;
  return `${side.events < side.n ? 'at least ' : ''}${humanDuration(side.meanMs)}${n}`;
}

function verdictText(c: One): string {
  const sooner = (x: string): string => (c.name === undefined ? `${x} faster` : `${x} is faster`);
  const needed =
    c.blocksNeeded === undefined ? '' : c.blocksNeeded >= 1000 ? 'over 1000' : `~${String(c.blocksNeeded)}`;
  switch (c.kind) {
    case 'faster':
      return sooner(c.a);
    case 'slower':
      return sooner(c.b);
    case 'below-minimum':
      return `less than the ${humanDuration(c.minimumEffectMs ?? 0)} that would matter`;
    case 'not-shown':
      return `not shown; ${needed} for ${humanDuration(c.minimumEffectMs ?? 0)}`;
    case 'not-resolvable':
      return `not resolvable (± ${humanDuration(c.resolutionMs ?? 0)})`;
    case 'neither':
      return 'neither';
    case 'too-few':
      return `too few, ${String(c.leastBlocks ?? 0)} at least${needed === '' ? '' : `; ${needed} for ${humanDuration(c.minimumEffectMs ?? 0)}`}`;
    case 'refused':
      return 'no verdict';
    case 'no-data':
      return 'no data';
  }
}

/** What the columns mean, and what `n` is counted in. */
export function comparisonLegend(comparison: RunComparison): readonly string[] {
  const { what, design, horizonMs, comparisons } = comparison;
  const measured = what === 'runbooks' ? 'back after' : 'noticed after';
  const unit = design === 'paired' && what === 'runbooks' ? 'blocks' : 'trials';
  const lines = [`Mean of min(${measured}, ${humanDuration(horizonMs)}); in brackets, how many ${unit}.`];
  if (comparisons.some((c) => c.p !== undefined)) {
    const test =
      design === 'paired' ? 'exact sign-flip permutation test on the differences' : 'permutation test of two samples';
    lines.push(`p: ${test}, the worst of both ends of every instant, after Holm.`);
  }
  if (comparisons.some((c) => c.blocksNeeded !== undefined)) {
    lines.push(`"~n for m": so many ${unit} would show a difference of m four times out of five.`);
  }
  return lines;
}

import type { RunComparison } from '../analysis/comparison-runs.ts';
import { comparisonHeads, comparisonLegend, comparisonRows, neverText, standingLines } from './comparison-rows.ts';
import * as f from './format.ts';
import { painter, table, wrap, type Column, type TerminalOptions } from './table.ts';
import { countOf } from '../model/units.ts';

/** A comparison on stdout: the headline, what differs, the table, what each verdict says in full. */
export function comparisonTerminal(comparison: RunComparison, options: TerminalOptions): string {
  const paint = painter(options.colour);
  const width = Math.max(40, options.width);
  const heads = comparisonHeads(comparison);
  const rows = comparisonRows(comparison);
  const column = (key: keyof typeof heads, dropOrder: number, right = true): Column => ({
    head: heads[key],
    cells: rows.map((r) => r[key]),
    dropOrder,
    right,
  });
  const columns = [
    column('name', 0, false),
    column('a', 1),
    column('b', 1),
    column('difference', 3),
    column('interval', 4),
    column('p', 2),
    column('verdict', 0, false),
  ].filter((c) => c.cells.some((cell) => cell !== ''));
  const never = neverText(comparison);
  const { regressions, differences } = comparison;
  const tone = differences.length > 0 || regressions.length > 0 ? paint.warn : paint.good;
  const lines = [
    '',
    ...wrap(comparison.headline, width).map((l) => paint.bold(tone(l))),
    ...[...runLines(comparison), ...standingLines(comparison)].flatMap((l) => wrap(l, width, '  ')).map(paint.dim),
    ...differences.flatMap((d) => wrap(`! ${differenceText(d)}`, width, '  ').map(paint.warn)),
    ...regressions.flatMap((r) => wrap(`! regression: ${r}`, width, '  ').map(paint.warn)),
    '',
    ...table(columns, rows.length, width, paint, (row) => rows[row]?.shown === true),
    '',
    // More than a few would only say the table again; Markdown and JSON have them all.
    ...comparison.comparisons
      .filter((c, _, all) => all.length <= 3 && (c.kind === 'faster' || c.kind === 'slower' || c.kind === 'mixed'))
      .flatMap((c) => wrap(`${c.name === undefined ? '' : `${c.name}: `}${c.says}`, width, '  ')),
    ...(never === undefined ? [] : wrap(never, width, '  ')),
    ...comparison.notes.flatMap((n) => wrap(n, width, '  ')),
    ...comparisonLegend(comparison).flatMap((l) => wrap(l, width, '  ').map(paint.dim)),
    '',
  ];
  return lines.join('\n');
}

/** `kernel: 6.1 | 6.2`; within a run, where it was not one environment throughout, only once. */
export function differenceText({ fact, a, b }: RunComparison['differences'][number]): string {
  return `${fact}: ${f.plain(a)}${a === b ? '' : ` | ${f.plain(b)}`}`;
}

/** Which runs these are. */
export function runLines(comparison: RunComparison): readonly string[] {
  const place = comparison.runs.length === 1 ? ['run'] : ['first run', 'second run'];
  return comparison.runs.map(
    (r, i) =>
      `${place[i] ?? ''}: ${comparison.scenario}${f.onWhat(r)} ${r.runId}, profile ${r.profile}, ${f.utc(r.createdEpochMs)}; ${r.valid} of ${countOf(r.planned, 'trial')} valid`,
  );
}

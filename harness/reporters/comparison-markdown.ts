import type { RunComparison } from '../analysis/comparison-runs.ts';
import { comparedNames } from '../analysis/words.ts';
import { comparisonHeads, comparisonLegend, comparisonRows, neverText, standingLines } from './comparison-rows.ts';
import { differenceText, runLines } from './comparison-terminal.ts';
import { markdownTable, md } from './markdown-text.ts';

/** A comparison as Markdown, for a job summary or an issue. */
export function comparisonMarkdown(comparison: RunComparison): string {
  const heads = comparisonHeads(comparison);
  const keys = ['name', 'a', 'b', 'difference', 'interval', 'p', 'verdict'] as const;
  const list = (items: readonly string[], mark = ''): string => items.map((i) => `- ${mark}${md(i)}`).join('\n');
  const blocks = [
    `# ${md(`${comparison.scenario}: ${comparedNames[comparison.what]} compared`)}`,
    `**${md(comparison.headline)}.**`,
    list([...runLines(comparison), ...standingLines(comparison)]),
    list(comparison.differences.map(differenceText), '⚠ '),
    list(
      comparison.regressions.map((r) => `regression: ${r}`),
      '⚠ ',
    ),
    markdownTable(
      keys.map((key) => md(heads[key])),
      comparisonRows(comparison).map((row) =>
        keys.map((key) => (row.shown && key === 'verdict' ? `**${md(row[key])}**` : md(row[key]))),
      ),
    ),
    list(
      comparison.comparisons
        .filter((c) => c.kind !== 'neither')
        .map((c) => `${c.name === undefined ? '' : `${c.name}: `}${c.says}`),
    ),
    md(neverText(comparison) ?? ''),
    list(comparison.notes),
    comparisonLegend(comparison).map(md).join(' '),
  ];
  return `${blocks.filter((b) => b !== '').join('\n\n')}\n`;
}

import type { JudgedTime } from '../analysis/nightly/judged.ts';
import type { ScenarioVerdict } from '../analysis/nightly/verdict.ts';
import { timeNames } from '../analysis/words.ts';
import { countOf, humanDuration } from '../model/units.ts';
import { sortedJson } from './json.ts';
import { markdownTable, md } from './markdown-text.ts';
import { painter, table, wrap, type Column, type Paint, type TerminalOptions } from './table.ts';

const words = { green: 'green', red: 'red', 'no-data': 'no data' } as const;

/** What a whole night comes to, in one line. */
export function nightHeadline(verdicts: readonly ScenarioVerdict[]): string {
  const of = (verdict: ScenarioVerdict['verdict']) => verdicts.filter((v) => v.verdict === verdict).length;
  const parts = (['red', 'green', 'no-data'] as const).filter((v) => of(v) > 0).map((v) => `${of(v)} ${words[v]}`);
  return `${countOf(verdicts.length, 'scenario')}: ${parts.join(', ')}`;
}

const baselineText = ({ baseline }: ScenarioVerdict): string =>
  baseline === undefined
    ? 'none'
    : `${new Date(baseline.epochMs).toISOString().slice(0, 10)}, ${countOf(baseline.blocks, 'block')}`;

/** The night as Markdown, for a job summary: red first. */
export function nightlyMarkdown(verdicts: readonly ScenarioVerdict[], pinned: readonly string[]): string {
  const blocks = [
    `# Nightly run: ${md(nightHeadline(verdicts))}`,
    markdownTable(
      ['scenario', '', 'why', 'trials valid', 'nights', 'baseline'],
      redFirst(verdicts).map((v) => [
        `\`${v.scenario}\``,
        v.verdict === 'red' ? `**${words.red}**` : words[v.verdict],
        md(v.reason),
        `${v.trials.valid} of ${v.trials.planned}`,
        String(v.nights),
        md(baselineText(v)),
      ]),
    ),
    ...redFirst(verdicts).flatMap((v) => {
      const { heads, rows } = timesTable(v);
      if (v.also.length === 0 && rows.length === 0) return [];
      const also = v.also.map((line) => `- ${md(line)}`).join('\n');
      const bold = ({ text, longer }: Cell): string => (longer ? `**${md(text)}**` : md(text));
      const times =
        rows.length === 0
          ? ''
          : markdownTable(
              ['', ...heads],
              rows.map(({ id, cells }) => [`\`${id}\``, ...cells.map(bold)]),
            );
      return [[`\`${v.scenario}\`:`, also, times].filter((part) => part !== '').join('\n\n')];
    }),
    pinned.map((line) => `- ${md(line)}`).join('\n'),
    legend,
  ];
  return `${blocks.filter((b) => b !== '').join('\n\n')}\n`;
}

/** The night on stdout. */
export function nightlyTerminal(
  verdicts: readonly ScenarioVerdict[],
  pinned: readonly string[],
  options: TerminalOptions,
): string {
  const paint = painter(options.colour);
  const width = Math.max(40, options.width);
  const rows = redFirst(verdicts);
  const column = (head: string, cell: (v: ScenarioVerdict) => string, dropOrder: number): Column => ({
    head,
    cells: rows.map(cell),
    dropOrder,
    right: false,
  });
  const headline = nightHeadline(verdicts);
  const tone = rows.some((v) => v.verdict === 'red') ? paint.warn : paint.good;
  return [
    '',
    ...wrap(headline, width).map((line) => paint.bold(tone(line))),
    '',
    ...table(
      [
        column('scenario', (v) => v.scenario, 0),
        column('', (v) => words[v.verdict], 0),
        column('trials valid', (v) => `${v.trials.valid} of ${v.trials.planned}`, 1),
        column('nights', (v) => String(v.nights), 2),
        column('baseline', baselineText, 3),
      ],
      rows.length,
      width,
      paint,
      (row) => rows[row]?.verdict === 'red',
    ),
    '',
    ...rows.flatMap((v) => [
      ...[`${v.scenario}: ${v.reason}`, ...v.also].flatMap((line, i) => wrap(line, width, i === 0 ? '  ' : '    ')),
      ...(v.verdict === 'red' ? timesOf(v, width, paint) : []),
    ]),
    ...pinned.flatMap((line) => wrap(line, width, '  ')),
    '',
    ...wrap(legend, width, '  ').map(paint.dim),
    '',
  ].join('\n');
}

/** A scenario's times on stdout: nothing where none were compared. */
function timesOf(verdict: ScenarioVerdict, width: number, paint: Paint): readonly string[] {
  const { heads, rows } = timesTable(verdict);
  if (rows.length === 0) return [];
  const columns = [
    { head: '', cells: rows.map((r) => r.id), dropOrder: 0, right: false },
    ...heads.map((head, i) => ({ head, cells: rows.map((r) => r.cells[i]?.text ?? ''), dropOrder: 0, right: false })),
  ];
  return [
    '',
    ...table(columns, rows.length, width, paint, (row) => rows[row]?.cells.some((c) => c.longer) === true),
    '',
  ];
}

interface Cell {
  readonly text: string;
  readonly longer: boolean;
}

/** Both times of each arm and the alarms' time to detect, in the baseline and in the nights pooled; only those times that there are. */
function timesTable({ timing }: ScenarioVerdict): {
  readonly heads: readonly string[];
  readonly rows: readonly { readonly id: string; readonly cells: readonly Cell[] }[];
} {
  const judged = (timing?.rows ?? []).filter((r) => r.times.length > 0);
  const whats = (['downtime', 'ttr', 'ttd'] as const).filter((w) =>
    judged.some((r) => r.times.some((t) => t.what === w)),
  );
  const cell = (time: JudgedTime | undefined): Cell =>
    time === undefined
      ? { text: '', longer: false }
      : { text: `${humanDuration(time.thenMs)} → ${humanDuration(time.nowMs)}`, longer: time.longer };
  return {
    heads: whats.map((w) => `${timeNames[w]}: baseline → now`),
    rows: judged.map(({ id, times }) => ({ id, cells: whats.map((w) => cell(times.find((t) => t.what === w))) })),
  };
}

/** The night as JSON, keys sorted. The same inputs give the same bytes. */
export function nightlyJson(verdicts: readonly ScenarioVerdict[], pinned: readonly string[]): string {
  return sortedJson({ schemaVersion: 1, headline: nightHeadline(verdicts), verdicts, pinned });
}

const legend =
  'Red: a hard gate, or a time significantly longer than in the baseline. No data: this night could not have shown it, which is never a regression.';

function redFirst(verdicts: readonly ScenarioVerdict[]): readonly ScenarioVerdict[] {
  const rank = { red: 0, 'no-data': 1, green: 2 } as const;
  return [...verdicts].sort((a, b) => rank[a.verdict] - rank[b.verdict] || (a.scenario < b.scenario ? -1 : 1));
}

import * as f from './format.ts';

/** A table; nothing without rows. Cells are Markdown already. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Escapes what Markdown or the HTML in it would take for markup. */
export function md(text: string): string {
  return f
    .plain(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|#!~]/g, (c) => `\\${c}`)
    .replace(/@(?=\w)/g, '@\u2060');
}

/** A name as code: nothing in it is markup, so only what would end the code or the cell is taken out. */
export function code(text: string): string {
  return `\`${f.plain(text).replace(/[`|]/g, '')}\``;
}

/** A table of things by its columns: a head, and what it says of each. */
export const columnsTable = <T>(
  rows: readonly T[],
  columns: readonly (readonly [head: string, cell: (row: T) => string])[],
): string =>
  markdownTable(
    columns.map(([head]) => head),
    rows.map((row) => columns.map(([, cell]) => cell(row))),
  );

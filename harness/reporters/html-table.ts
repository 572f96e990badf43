import { safe, trusted, type Markup, type Value } from './markup.ts';

/** One thing that a table is about: a runbook, an alert, a control. */
export interface Entry {
  readonly id: string;
  readonly title?: string;
  /** Whether it is the one that the verdict names. */
  readonly chosen?: boolean;
  /** One for each column. */
  readonly cells: readonly Value[];
  /** What is too long for a column: term and text. */
  readonly details?: readonly (readonly [term: string, text: Value])[];
}

/** A column that holds words, which may wrap; numbers never do. */
export const prose = (head: string): Column => ({ head, prose: true });

type Column = string | { readonly head: string; readonly prose: true };

const headOf = (column: Column): string => (typeof column === 'string' ? column : column.head);

/**
 * A table whose rows stack on a narrow screen. The name has a row of its own, and so has what is long: each number is left a column in which it
 * does not wrap.
 */
export function entryTable(caption: string, columns: readonly Column[], entries: readonly Entry[]): Markup {
  const width = columns.length;
  return safe`<div class="wide"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => safe`<th scope="col">${headOf(column)}</th>`)}</tr></thead>
${entries.map(
  ({ id, title, chosen, cells, details = [] }) => safe`<tbody${chosen === true && trusted(' class="chosen"')}>
<tr class="name"><th scope="rowgroup" colspan="${width}"><code>${id}</code>${title !== undefined && safe` <span>${title}</span>`}</th></tr>
<tr>${columns.map((column, i) => safe`<td data-label="${headOf(column)}"${typeof column !== 'string' && trusted(' class="prose"')}><div>${cells[i]}</div></td>`)}</tr>
${details.length > 0 && safe`<tr class="details"><td colspan="${width}"><dl>${details.map(([term, text]) => safe`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl></td></tr>`}
</tbody>`,
)}
</table></div>`;
}

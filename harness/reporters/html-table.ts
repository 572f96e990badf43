import { safe, trusted, type Markup, type Value } from './markup.ts';
import { termLink, type Term } from './terms.ts';

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

/** A column of numbers, which never wrap, or of words, which may. */
interface Column {
  readonly head: string;
  /** What its head means. */
  readonly term?: Term | undefined;
  readonly prose?: true;
}

/** A column of numbers. */
export const numbers = (head: string, term?: Term): Column => ({ head, term });

/** A column of words. */
export const prose = (head: string, term?: Term): Column => ({ head, term, prose: true });

const headOf = ({ head, term }: Column): Value => (term === undefined ? head : termLink(term, head));

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
<tr>${columns.map((column, i) => safe`<td${column.prose === true && trusted(' class="prose"')}><span class="label">${headOf(column)}</span><div>${cells[i]}</div></td>`)}</tr>
${details.length > 0 && safe`<tr class="details"><td colspan="${width}"><dl>${details.map(([term, text]) => safe`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl></td></tr>`}
</tbody>`,
)}
</table></div>`;
}

import { humanDuration, midpoint, type Censored, type Interval } from '../../model/units.ts';
import { timeTo } from '../format.ts';
import { safe, type Markup } from '../markup.ts';
import { scale, tickLabel, ticks } from './scale.ts';

export type Mark = 'good' | 'loss' | 'bad' | 'plain';

export interface StripRow {
  readonly name: string;
  /** Stands at the right end of the row. */
  readonly result: string;
  readonly emphasis?: boolean;
  /** A tick for the least value that could ever be. */
  readonly leastMs?: number;
  readonly points: readonly { readonly title: string; readonly mark: Mark; readonly time: Interval | Censored }[];
}

const rowHeight = 48;
const axisHeight = 26;

/**
 * Every trial as a mark on a line per runbook (or alert): whiskers are the interval, an arrow at the right end says "still
 * not when we stopped watching". Mark by mark, for of very many trials there are very many.
 */
export function* stripPlot(rows: readonly StripRow[], toMs: number, label: string): Generator<Markup, void> {
  const x = scale(0, toMs);
  const height = rows.length * rowHeight + axisHeight;
  const bottom = rows.length * rowHeight;
  yield safe`<svg class="plot" role="img" aria-label="${label}" width="100%" height="${height}">
    ${ticks(0, toMs).map(
      (t) =>
        safe`<line class="grid" x1="${x.at(t)}" x2="${x.at(t)}" y1="18" y2="${bottom}" />
          <text class="tick" x="${x.at(t)}" y="${bottom + 18}" text-anchor="${t === 0 ? 'start' : x.percent(t) > 96 ? 'end' : 'middle'}">
            ${tickLabel(t)}
          </text>`,
    )}
    `;
  for (const [i, row] of rows.entries()) yield* stripRow(row, i * rowHeight, x);
  yield safe`
  </svg>`;
}

function* stripRow(row: StripRow, y: number, x: ReturnType<typeof scale>): Generator<Markup, void> {
  const line = y + 32;
  const spread = Math.min(8, 14 / Math.max(1, row.points.length - 1));
  yield safe`<text class="row-name${row.emphasis === true ? ' chosen' : ''}" x="0" y="${y + 14}">${row.name}</text>
    <text class="row-result" x="100%" y="${y + 14}" text-anchor="end">${row.result}</text>
    <line class="track" x1="0" x2="100%" y1="${line}" y2="${line}" />
    ${
      row.leastMs !== undefined &&
      safe`<line class="least" x1="${x.at(row.leastMs)}" x2="${x.at(row.leastMs)}" y1="${line - 8}" y2="${line + 8}">
      <title>minimum TTD: ${humanDuration(row.leastMs)}</title>
    </line>`
    }
    `;
  for (const [i, point] of row.points.entries()) {
    yield mark(point, Math.round((line + (i - (row.points.length - 1) / 2) * spread) * 10) / 10, x);
  }
}

function mark(point: StripRow['points'][number], y: number, x: ReturnType<typeof scale>): Markup {
  const { time } = point;
  const title = safe`<title>${point.title}: ${timeTo(time)}</title>`;
  if ('censored' in time) {
    return safe`<svg x="${x.at(time.at)}" y="${y}" class="mark ${point.mark}"><path class="arrow" d="M-14 0H-3M-8 -5L-2 0L-8 5" />${title}</svg>`;
  }
  return safe`<line class="whisker ${point.mark}" x1="${x.at(time.lo)}" x2="${x.at(time.hi)}" y1="${y}" y2="${y}" /><svg
          x="${x.at(midpoint(time))}"
          y="${y}"
          class="mark ${point.mark}"
          >${shape(point.mark)}${title}</svg>`;
}

/** Shapes differ, too: colours alone would not reach everybody. */
function shape(mark: Mark): Markup {
  if (mark === 'loss') return safe`<path d="M0 -6L6 0L0 6L-6 0Z" />`;
  if (mark === 'bad') return safe`<path class="arrow" d="M-5 -5L5 5M5 -5L-5 5" />`;
  return safe`<circle r="4.5" />`;
}

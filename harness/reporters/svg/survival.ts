import { humanDuration } from '../../model/units.ts';
import type { RunbookSummary } from '../../model/summary.ts';
import { safe, type Markup } from '../markup.ts';
import { round, scale, tickLabel, ticks } from './scale.ts';

const rowHeight = 76;
const curveHeight = 48;
const axisHeight = 26;

/**
 * Kaplan-Meier curves, one below the other: the share of trials not back yet, from all at the fault to what is left at the
 * horizon, with a tick there when some never recovered. The sooner it falls, the better.
 */
export function survivalCurves(
  rows: readonly Pick<RunbookSummary, 'id' | 'n' | 'survival'>[],
  horizonMs: number,
  chosen: string | undefined,
): Markup {
  const x = scale(0, horizonMs);
  const bottom = rows.length * rowHeight;
  return safe`<svg class="plot" role="img" aria-label="Share of trials not yet recovered, by runbook" width="100%" height="${bottom + axisHeight}">
    ${ticks(0, horizonMs).map(
      (t) =>
        safe`<line class="grid" x1="${x.at(t)}" x2="${x.at(t)}" y1="18" y2="${bottom}" />
          <text class="tick" x="${x.at(t)}" y="${bottom + 18}" text-anchor="${t === 0 ? 'start' : x.percent(t) > 96 ? 'end' : 'middle'}">${tickLabel(t)}</text>`,
    )}
    ${rows.map((row, i) => curve(row, i * rowHeight, x, row.id === chosen))}
  </svg>`;
}

function curve(
  { id, n, survival = [] }: Pick<RunbookSummary, 'id' | 'n' | 'survival'>,
  y: number,
  x: ReturnType<typeof scale>,
  chosen: boolean,
): Markup {
  const level = (share: number): number => round((1 - share) * curveHeight);
  const steps = survival.map((s) => `H${round(x.percent(s.timeMs) * 10)}V${level(s.share)}`).join('');
  const left = survival.at(-1)?.share ?? 1;
  const last = survival.at(-1);
  const result =
    last?.share === 0 ? `all recovered after ${humanDuration(last.timeMs)}` : `${Math.round(left * 100)} % never`;
  return safe`<text class="row-name${chosen && ' chosen'}" x="0" y="${y + 14}">${id}</text>
    <text class="row-result" x="100%" y="${y + 14}" text-anchor="end">${result}</text>
    <svg x="0" y="${y + 20}" width="100%" height="${curveHeight}" viewBox="0 0 1000 ${curveHeight}" preserveAspectRatio="none"><title>${id}, ${n} trials: ${result}</title>
      <path class="survival-area" d="M0 ${curveHeight}V0${steps}H1000V${curveHeight}z" />
      <path class="survival" d="M0 0${steps}H1000" />${left > 0 && safe`<path class="survival" d="M1000 ${round(level(left) - 5)}V${round(level(left) + 5)}" />`}
    </svg>`;
}

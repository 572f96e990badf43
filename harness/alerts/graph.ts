import { midpoint } from '../model/units.ts';
import { safe, type Markup } from '../reporters/markup.ts';
import { round, scale, tickLabel, ticks } from '../reporters/svg/scale.ts';
import type { Cell, Drawn } from './result.ts';
import type { Truth } from './truth.ts';

const plotHeight = 120;
const barsHeight = 18;
const axisHeight = 24;
const top = 22;

/** What is drawn of a trial beside the series. */
export type GraphedTruth = Pick<
  Truth,
  'dataFromMs' | 'dataToMs' | 'healthy' | 'onset' | 'firstSymptom' | 'changedMs' | 'stableMs'
>;

/**
 * An alert's expression over a trial: its series, the line that it must cross, when the fault came, when users noticed, when the runbook first changed
 * something and when service was back; below it, pending and firing. The axis counts from the onset.
 */
export function graph({ drawn, spans }: Pick<Cell, 'drawn' | 'spans'>, truth: GraphedTruth): Markup {
  const zero = truth.onset === undefined ? truth.dataFromMs : midpoint(truth.onset);
  const [from, to] = [truth.dataFromMs - zero, truth.dataToMs - zero];
  const x = scale(from, to);
  const values = drawn === undefined ? { low: 0, high: 1 } : rangeOf(drawn);
  const y = (value: number): number =>
    round(top + plotHeight * (1 - (value - values.low) / (values.high - values.low)));
  const bottom = top + plotHeight;
  const mark = (ms: number | undefined, kind: string, label: string): Markup | undefined =>
    ms === undefined
      ? undefined
      : safe`<line class="rule ${kind}" x1="${x.at(ms - zero)}" x2="${x.at(ms - zero)}" y1="${top - 4}" y2="${bottom + barsHeight}"><title>${label}</title></line>`;
  return safe`<svg class="plot" role="img" aria-label="The expression over the trial" width="100%" height="${bottom + barsHeight + axisHeight}">
${ticks(from, to).map(
  (t) =>
    safe`<line class="grid" x1="${x.at(t)}" x2="${x.at(t)}" y1="${top}" y2="${bottom}"/><text class="tick" x="${x.at(t)}" y="${bottom + barsHeight + 18}" text-anchor="${x.percent(t) < 4 ? 'start' : x.percent(t) > 96 ? 'end' : 'middle'}">${tickLabel(t)}</text>`,
)}
<text class="tick" x="0" y="${top - 8}">${number(values.high)}</text><text class="tick" x="0" y="${bottom - 3}">${number(values.low)}</text>
${truth.healthy.map(({ fromMs, toMs }) => safe`<rect class="healthy" x="${x.at(fromMs - zero)}" width="${round(x.percent(toMs - zero) - x.percent(fromMs - zero))}%" y="${top}" height="${plotHeight}"><title>nothing is wrong yet</title></rect>`)}
<svg x="0" y="${top}" width="100%" height="${plotHeight}" viewBox="0 0 1000 ${plotHeight}" preserveAspectRatio="none">
${(drawn?.series ?? []).map(
  ({ points, name }, i) =>
    safe`<path class="series s${i}" d="${pathOf(
      points,
      zero,
      (ms) => x.percent(ms),
      (v) => round(y(v) - top),
    )}"><title>${name}</title></path>`,
)}
${drawn?.threshold !== undefined && safe`<line class="threshold" x1="0" x2="1000" y1="${round(y(drawn.threshold) - top)}" y2="${round(y(drawn.threshold) - top)}"/>`}
</svg>
${spans.map(({ activeMs, firedMs, endedMs = truth.dataToMs }) => {
  const bar = (a: number, b: number, kind: string): Markup =>
    safe`<rect class="${kind}" x="${x.at(a - zero)}" width="${round(Math.max(0.3, x.percent(b - zero) - x.percent(a - zero)))}%" y="${bottom + 6}" height="10"><title>${kind}</title></rect>`;
  return [
    (firedMs ?? endedMs) > activeMs && bar(activeMs, firedMs ?? endedMs, 'pending'),
    firedMs !== undefined && bar(firedMs, endedMs, 'firing'),
  ];
})}
${mark(truth.onset === undefined ? undefined : zero, 'fault', 'the fault is in effect')}
${mark(truth.firstSymptom === undefined ? undefined : midpoint(truth.firstSymptom.interval), 'users', 'users notice')}
${mark(truth.changedMs, 'changed', 'the runbook begins to change things')}
${mark(truth.stableMs, 'restored', 'service is stable')}
</svg>`;
}

/** Between which values it is drawn: all that it shows, and the threshold. */
function rangeOf({ series, threshold }: Drawn): { readonly low: number; readonly high: number } {
  let [low, high] = [threshold ?? Infinity, threshold ?? -Infinity];
  for (const { points } of series) {
    for (const [, value] of points) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return { low: 0, high: 1 };
  if (low === high)
    return { low: low - (low === 0 ? 1 : Math.abs(low) / 2), high: high + (high === 0 ? 1 : Math.abs(high) / 2) };
  const room = (high - low) * 0.05;
  return { low: low - room, high: high + room };
}

/** Steps, for a value holds until the next evaluation; a gap where there is none. */
function pathOf(
  points: readonly (readonly [number, number])[],
  zero: number,
  percent: (ms: number) => number,
  y: (value: number) => number,
): string {
  const step = Math.min(...points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at)), Infinity);
  let path = '';
  points.forEach(([at, value], i) => {
    const px = round(percent(at - zero) * 10);
    const before = points[i - 1];
    const joined = before !== undefined && at - before[0] <= step * 1.5;
    path += joined ? `H${px}V${y(value)}` : `M${px} ${y(value)}h.1`;
  });
  return path;
}

/** Short: `1.2k`, `0.5`. */
function number(value: number): string {
  const size = Math.abs(value);
  const prefix = (
    [
      [1e9, 'G'],
      [1e6, 'M'],
      [1e3, 'k'],
    ] as const
  ).find(([at]) => size >= at);
  return prefix === undefined
    ? String(Number(value.toPrecision(3)))
    : `${Number((value / prefix[0]).toPrecision(3))}${prefix[1]}`;
}

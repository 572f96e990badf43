/** Positions in per cent of the drawing's width: drawings stretch to any screen while their text keeps its size. */
export interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  /** `41.27%`, clamped to the drawing. */
  at(ms: number): string;
  /** The same as a number from 0 to 100. */
  percent(ms: number): number;
}

export function scale(fromMs: number, toMs: number): Scale {
  const length = Math.max(1, toMs - fromMs);
  const percent = (ms: number): number => round(Math.min(100, Math.max(0, ((ms - fromMs) / length) * 100)));
  return { fromMs, toMs, percent, at: (ms) => `${percent(ms)}%` };
}

/** Two decimals: less than a pixel on any screen. */
export const round = (x: number): number => Math.round(x * 100) / 100 + 0;

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400].map(
  (s) => s * 1000,
);

/** Round instants between `fromMs` and `toMs`, at most `most` of them, always with 0 when it lies within. */
export function ticks(fromMs: number, toMs: number, most = 6): readonly number[] {
  const step =
    steps.find((s) => (toMs - fromMs) / s <= most - 1) ?? Math.ceil((toMs - fromMs) / most / 86_400_000) * 86_400_000;
  const out: number[] = [];
  for (let t = Math.ceil(fromMs / step) * step; t <= toMs; t += step) out.push(t + 0);
  return out;
}

/** `0`, `30 s`, `2 min`, `1:30`: as short as it can be read. */
export function tickLabel(ms: number): string {
  const sign = ms < 0 ? '−' : '';
  const s = Math.abs(Math.round(ms / 1000));
  if (s === 0) return '0';
  if (s < 60) return `${sign}${s} s`;
  if (s % 60 === 0) return s >= 7200 && s % 3600 === 0 ? `${sign}${s / 3600} h` : `${sign}${s / 60} min`;
  return `${sign}${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

import { millis, type Millis } from '../model/units.ts';

/** Prometheus' units, the longest first. A day has 24 hours and a year 365 days. Source: Prometheus, Querying, "Float literals and time durations". */
const units = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

const whole = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** `1h30m` as milliseconds; undefined for what is no duration of Prometheus'. A bare `0` is one. */
export function parseDuration(text: string): Millis | undefined {
  if (text === '0') return millis(0);
  const found = whole.exec(text);
  if (found === null || text === '') return undefined;
  return millis(units.reduce((sum, [, ms], i) => sum + Number(found[i + 1] ?? 0) * ms, 0));
}

/** Milliseconds as Prometheus writes them: `1m40s`; weeks and years as days. Rounded to a millisecond, and never 0 for what is longer. */
export function formatDuration(ms: number): string {
  let left = ms > 0 ? Math.max(1, Math.round(ms)) : 0;
  if (left === 0) return '0s';
  let out = '';
  for (const [unit, size] of units.slice(2)) {
    const n = Math.floor(left / size);
    if (n > 0) out += `${n}${unit}`;
    left -= n * size;
  }
  return out;
}

import type { Interval } from '../model/units.ts';

/** Removes what floating-point subtraction leaves behind (below a microsecond), so that equal durations stay equal. */
const clean = (x: number): number => Math.round(x * 1000) / 1000;

/** Whole milliseconds, never -0. Records hold whole milliseconds: sums of them are exact. */
export const whole = (x: number): number => Math.round(clean(x)) + 0;

/** Whole milliseconds, rounded outwards so that an interval never gets narrower than what was known; never below `least`. */
export function outward(lo: number, hi: number, least = Number.NEGATIVE_INFINITY): Interval {
  const low = Math.max(least, Math.floor(clean(lo))) + 0;
  return { lo: low, hi: Math.max(low, Math.ceil(clean(hi))) + 0 };
}

/** A duration between two instants that are only known as intervals; clamped at 0. */
export function elapsed(from: Interval, to: Interval): Interval {
  return outward(to.lo - from.hi, to.hi - from.lo, 0);
}

/**
 * The interval of the last of several instants: the maximum lies between the greatest lower and the greatest upper end.
 * Undefined for none.
 */
export function latest(intervals: readonly Interval[]): Interval | undefined {
  if (intervals.length === 0) return undefined;
  return { lo: Math.max(...intervals.map((i) => i.lo)), hi: Math.max(...intervals.map((i) => i.hi)) };
}

export const clamp = (x: number, lo: number, hi: number): number => Math.min(Math.max(x, lo), hi);

/** Index of the first element of a sorted list whose key is not below `value`. */
export function lowerBound<T>(sorted: readonly T[], value: number, key: (item: T) => number): number {
  let lo = 0;
  let hi = sorted.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    const item = sorted[mid];
    if (item !== undefined && key(item) < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

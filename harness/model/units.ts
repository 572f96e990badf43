import { z } from 'zod';
import { ms, type TypeOf } from './schema.ts';

/**
 * Time in firedrill. Two branded numbers keep a duration from being used as a point in time:
 * `Millis` is a length in milliseconds, `Instant` is milliseconds since the trial's own zero on the harness' monotonic
 * clock. Names of stored fields end in `Ms`, whichever of the two they hold.
 */
declare const brand: unique symbol;

/** A duration in milliseconds. */
export type Millis = number & { readonly [brand]: 'Millis' };

/** A point in time: milliseconds since the trial's start, on one monotonic clock. */
export type Instant = number & { readonly [brand]: 'Instant' };

/**
 * When something happened, as well as it can be known. A probe that failed at its last sample and passed at the next
 * recovered somewhere between: `lo` and `hi` are those two instants, and every number derived keeps both ends.
 */
export const intervalSchema = z
  .object({ lo: z.number(), hi: z.number() })
  .describe('What is only known to lie between two instants');
export type Interval = TypeOf<typeof intervalSchema>;

/** A duration that was still running when the observation ended at `at` milliseconds (right-censored). */
const censoredSchema = z
  .object({ censored: z.literal(true), at: ms })
  .describe('Had not happened when the watch ended, `at` ms after the onset');
export type Censored = TypeOf<typeof censoredSchema>;

/** How long it took until something happened, or was waited for in vain. */
export const timeToSchema = z.union([intervalSchema, censoredSchema], {
  error: 'must be { lo, hi }, or { censored: true, at }, in ms',
});

/** The time of what happened while it was watched; undefined for what did not, and for what there is no time of. */
export const uncensored = (time: Interval | Censored | undefined): Interval | undefined =>
  time === undefined || 'censored' in time ? undefined : time;

export const millis = (n: number): Millis => n as Millis;
export const seconds = (n: number): Millis => millis(n * 1000);
export const minutes = (n: number): Millis => seconds(n * 60);
export const instant = (n: number): Instant => n as Instant;

/** The middle of an interval, which is what reports print beside its half width. */
export const midpoint = (i: Interval): number => (i.lo + i.hi) / 2;

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `1.5m`, `2h`; undefined for what is no length of time. A bare number is none: half of those who type it mean minutes. */
export function durationOf(text: string): Millis | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (unitMs[unit] ?? Number.NaN));
  return ms > 0 ? millis(ms) : undefined;
}

/** `83 s`, `4 min 20 s`, `820 ms`: a duration as people say it. */
export function humanDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  const m = Math.floor(whole / 60);
  if (m < 120) return whole % 60 === 0 ? `${m} min` : `${m} min ${whole % 60} s`;
  return m % 60 === 0 ? `${Math.floor(m / 60)} h` : `${Math.floor(m / 60)} h ${m % 60} min`;
}

/** `6.0 GB`: disk, as `df -H` counts. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** `2.0 GiB`: memory. */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** `1 trial`, `8 trials`. */
export const countOf = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

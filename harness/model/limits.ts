import { gibibytes, gigabytes, humanDuration } from './units.ts';

/** What this machine has left, as far as it can be told. */
export interface HostReading {
  /** Memory that can be had without swapping, in bytes. */
  readonly memory?: number | undefined;
  /** Free bytes of the fullest file system that a trial writes to. */
  readonly disk?: number | undefined;
  /** Load average of the last minute, for each CPU. */
  readonly load?: number | undefined;
}

/** What an abort condition is about. */
export const limitNames = ['memory', 'disk', 'load', 'time'] as const;
export type LimitName = (typeof limitNames)[number];

/**
 * Abort conditions: bounds beyond which a trial is stopped, for this machine's sake. Memory and disk in bytes and at least, load for each
 * CPU and at most, time of one trial in ms and at most. Absent: not watched.
 */
export type Limits = Readonly<Partial<Record<LimitName, number>>>;

/**
 * What holds unless somebody says otherwise: far from what trials reach, and before a kernel without swap begins to kill what is not
 * firedrill's. A trial's time is bounded by its own phases.
 */
export const defaultLimits: Limits = { memory: 256 * 2 ** 20, disk: 1e9, load: 40 };

/** `memory`, `disk` and `load` must be beyond their bound at so many looks in a row: one bad second is no danger. */
export const looksInARow = 3;

interface Meaning {
  /** On which side of its bound it is a danger. */
  readonly danger: '<' | '>';
  /** A value as it is printed, and typed. */
  readonly show: (value: number) => string;
  /** What it is called in a sentence. */
  readonly title: string;
  /** What to do about it. */
  readonly hint: string;
}

const meanings: Readonly<Record<LimitName, Meaning>> = {
  memory: {
    danger: '<',
    show: (bytes) => (bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MiB` : gibibytes(bytes)),
    title: 'available memory',
    hint: 'stop other programs, or use a smaller --parallel; `npm run firedrill -- doctor` shows what each outage needs',
  },
  disk: {
    danger: '<',
    show: gigabytes,
    title: 'free disk',
    hint: 'free some space: `docker system df` shows what Docker uses, `npm run firedrill -- clean --snapshots` removes snapshots',
  },
  load: {
    danger: '>',
    show: (load) => String(Math.round(load * 10) / 10),
    title: 'load for each CPU',
    hint: 'stop other programs, or use a smaller --parallel',
  },
  time: {
    danger: '>',
    show: humanDuration,
    title: 'time of this trial',
    hint: 'allow it more: --abort-if "time>2h"',
  },
};

/** An abort condition that holds. */
export interface Exceeded {
  readonly name: LimitName;
  readonly limit: number;
  readonly measured: number;
}

export const dangerOf = (name: LimitName): '<' | '>' => meanings[name].danger;
export const hintOf = (name: LimitName): string => meanings[name].hint;

/** `available memory 120 MiB, limit 256 MiB`. */
export const exceededText = ({ name, limit, measured }: Exceeded): string => {
  const { title, show } = meanings[name];
  return `${title} ${show(measured)}, limit ${show(limit)}`;
};

/** Every limit that a reading is beyond; what cannot be told is not. */
export function exceededBy(reading: HostReading & { readonly time?: number }, limits: Limits): readonly Exceeded[] {
  return limitNames.flatMap((name) => {
    const [measured, limit] = [reading[name], limits[name]];
    if (measured === undefined || limit === undefined) return [];
    const beyond = meanings[name].danger === '<' ? measured < limit : measured > limit;
    return beyond ? [{ name, limit, measured }] : [];
  });
}

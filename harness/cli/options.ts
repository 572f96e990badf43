import { parseDuration } from '../alerts/durations.ts';
import type { Pin } from '../analysis/nightly/baseline.ts';
import { controlWords, type ControlWord } from '../engine/controls.ts';
import { FiredrillError } from '../model/errors.ts';
import type { Trigger } from '../model/plan.ts';
import type { ProfileName } from '../model/profile.ts';
import { durationOf, millis, minutes, seconds, type Millis } from '../model/units.ts';
import type { ReportFormat } from '../reporters/all.ts';
import { didYouMean } from './suggest.ts';

/** A flag's value that makes no sense: one line that says which flag, what it was given and what it takes. */
function bad(flag: string, value: string, takes: string, example: string): FiredrillError {
  return new FiredrillError('usage', `${flag} ${JSON.stringify(value)}: ${takes}`, {
    hint: `for example: ${flag} ${example}`,
  });
}

/** A whole number in a range, given as plain digits (`5e0`, `0x5` and ` 5` are typing mistakes). */
export function wholeNumber(flag: string, value: string, least: number, most: number): number {
  const n = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(n >= least && n <= most)) {
    throw bad(
      flag,
      value,
      `must be a whole number from ${least} to ${most}`,
      String(Math.max(least, Math.min(5, most))),
    );
  }
  return n;
}

/** One of a fixed set of words. */
export function oneOf<T extends string>(flag: string, value: string, words: readonly [T, ...T[]]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) {
    throw bad(flag, value, `must be one of ${words.join(', ')}${didYouMean(value, words)}`, words[0]);
  }
  return found;
}

/** `90s`, `45m`, `2h` as milliseconds. */
export function duration(flag: string, value: string): Millis {
  const ms = durationOf(value);
  if (ms === undefined || ms < seconds(1) || ms > minutes(7 * 24 * 60))
    throw bad(flag, value, 'must be a duration with a unit, from 1s to 168h', '45m');
  return ms;
}

/** A time as rule files have it: `5m`, `1h30m`, `0`. As milliseconds. */
export function ruleTime(flag: string, value: string): Millis {
  const ms = parseDuration(value);
  if (ms === undefined || (ms === 0 && flag !== '--for'))
    throw bad(flag, value, 'must be a duration as in rule files', '2m');
  return ms;
}

/** A length of time, or `never`, which is 0. */
export function confirm(flag: string, value: string): Millis {
  return value === 'never' ? millis(0) : duration(flag, value);
}

/** `oracle` or `detector:<id>`; whether the scenario has that detector is the caller's question. */
export function trigger(flag: string, value: string): Trigger {
  if (value === 'oracle') return { kind: 'oracle' };
  const id = /^detector:([A-Za-z0-9_][\w-]*)$/.exec(value)?.[1];
  if (id === undefined) throw bad(flag, value, 'must be oracle or detector:<id>', 'detector:node-not-ready');
  return { kind: 'detector', id };
}

/** `--rules stock --rules ./our-rules`; `none` takes back what was said before it. */
export const rules = (value: string, before: readonly string[] = []): readonly string[] =>
  value === 'none' ? [] : [...new Set([...before, value])];

/** `--runbook a --runbook b,c` as a list without repetitions. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  const words = value.split(',').map((word) => word.trim());
  return [...new Set([...before, ...words.filter((word) => word !== '')])];
}

/** `--controls` alone: every kind; with words, those. */
export function controls(flag: string, value: string): readonly ControlWord[] {
  return collect(value).map((word) => oneOf(flag, word, controlWords));
}

export const profileWords: readonly [ProfileName, ProfileName] = ['fast', 'stock'];
export const keepWords = ['never', 'on-failure', 'always'] as const;
export const pinWords = ['now', 'missing'] as const satisfies readonly Pin[];
export const compareWords = ['table', 'md', 'json'] as const;
export const reportWords: readonly [ReportFormat, ...ReportFormat[]] = ['json', 'md', 'html', 'junit', 'openmetrics'];
/** Scripted responders that come along, to measure others against: files of harness/desk/baselines/. */
export const baselines = ['reflex', 'look-first'] as const;

export const reporterWords = ['live', 'plain', 'jsonl', 'silent'] as const;

export type ReporterName = (typeof reporterWords)[number];

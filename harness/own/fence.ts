import type { NodeSelector, Place } from '../model/step.ts';

/** What may stand after a fence's language: read by `markdown-runbook.ts`, written by `runbook-markdown.ts`. */

/** Languages of blocks that are run; any other block is prose. */
export const shells: readonly string[] = ['sh', 'shell', 'bash'];

/** Parts of a runbook besides its steps: what a prevention does before anything breaks, and how it makes the change. */
export const parts = ['before', 'instead', 'steps'] as const;
export type Part = (typeof parts)[number];

/** Every word, and whether it takes a value. */
export const words: Readonly<Record<string, 'value' | 'alone'>> = {
  on: 'value',
  timeout: 'value',
  look: 'alone',
  until: 'alone',
  optional: 'alone',
  finding: 'alone',
  destroys: 'value',
  'stands-for': 'value',
  reboot: 'alone',
  'power-off': 'alone',
  'on-panic': 'value',
  before: 'alone',
  instead: 'alone',
};

/** A quoted value's text: JSON in double quotes, as it stands in single ones. */
const unquoted = (raw: string): string => (raw.startsWith('"') ? (JSON.parse(raw) as string) : raw.slice(1, -1));

/** The words of an info string: `key`, `key=value`, `key="a value"` or `key='one with "quotes"'`. */
export function phrases(
  meta: string,
): readonly { readonly key: string; readonly value: string | undefined; readonly text: string }[] {
  return [...meta.matchAll(/([^\s=]+)(?:=("(?:[^"\\]|\\.)*"|'[^']*'|\S*))?/g)].map(([text, key = '', raw]) => ({
    text,
    key,
    value: raw !== undefined && /^(".*"|'.*')$/.test(raw) ? unquoted(raw) : raw,
  }));
}

/** A value as an info string holds it. Markdown takes backslashes away: single quotes need none. */
export const quoted = (value: string): string =>
  /^[\w.:/-]+$/.test(value)
    ? value
    : /["\\]/.test(value) && !value.includes("'")
      ? `'${value}'`
      : JSON.stringify(value);

/** A place by its word; undefined for what is none. */
export function placeOf(word: string): Place | undefined {
  const places = ['workstation', 'control-plane', 'workers', 'nodes'] as const;
  const worker = /^worker-([1-9]\d?)$/.exec(word)?.[1];
  return places.find((place) => place === word) ?? (worker === undefined ? undefined : { worker: Number(worker) });
}

/** The word for a place. */
export const wordOf = (place: Place): string => (typeof place === 'string' ? place : `worker-${place.worker}`);

export const isNodes = (place: Place): place is NodeSelector => place !== 'workstation';

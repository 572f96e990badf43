import { plain } from './format.ts';
import { style } from './style.ts';

/** Markup that needs no escaping any more; only `safe` makes it. */
export interface Markup {
  readonly markup: string;
}

/** What may be put into a template. */
export type Value = Markup | readonly Value[] | string | number | undefined | false;

/**
 * Tagged template for HTML and SVG: everything put in is escaped, except what `safe` itself made. Whatever an event says
 * (a command's output, a pod's name) can therefore never become markup.
 */
export function safe(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let markup = strings[0] ?? '';
  values.forEach((value, i) => {
    markup += render(value) + (strings[i + 1] ?? '');
  });
  return { markup };
}

/** Text of our own source (the style sheet), put in as it is. */
export const trusted = (markup: string): Markup => ({ markup });

function render(value: Value): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError('a report must not contain NaN or infinity');
    return String(value);
  }
  return 'markup' in value ? value.markup : value.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What an escaped text said. */
export function unescape(markup: string): string {
  return Object.entries(entities).reduceRight((text, [c, entity]) => text.replaceAll(entity, c), markup);
}

function escape(text: string): string {
  return plain(text, true).replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

/** The beginning of a page up to its body: one file, offline, without JavaScript. */
export const head = (title: string): Markup => safe`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
`;

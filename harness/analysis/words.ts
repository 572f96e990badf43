import { countOf, humanDuration } from '../model/units.ts';
import type { Time } from './comparison.ts';

/** `69 %` */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** As humanDuration, but long times in days: `2 days 6 h`. */
export function span(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours < 48) return humanDuration(ms);
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} days` : `${days} days ${hours % 24} h`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** The loss in words. */
export const rowsLost = (lost: number): string => `${countOf(lost, 'row')} lost or damaged`;

/** `−1.2 s`: a difference with its sign. */
export const signed = (ms: number): string => `${ms < 0 ? '−' : ''}${humanDuration(Math.abs(ms))}`;

/** `0.012`; `below 0.001`. */
export const pText = (p: number): string => (p < 0.001 ? 'below 0.001' : String(Number(p.toPrecision(2))));

/** What a run's nodes ran, where that was not kubeadm. */
export interface Ran {
  readonly distribution?: string;
}

/** What two compared runs are called: by what their nodes ran, where that is what differs; else by their order, after this word. */
export function sidesOf(a: Ran, b: Ran, word: '' | 'the '): readonly [string, string] {
  const [one, other] = [a.distribution ?? 'kubeadm', b.distribution ?? 'kubeadm'];
  return one === other ? [`${word}first run`, `${word}second run`] : [one, other];
}

/** What each measured time is called. */
export const timeNames: Readonly<Record<Time, string>> = { downtime: 'downtime', ttr: 'TTR', ttd: 'TTD' };

/** What a comparison is of, in words. */
export const comparedNames: Readonly<Record<'runbooks' | 'alarms', string>> = {
  runbooks: 'runbooks',
  alarms: 'alerts',
};

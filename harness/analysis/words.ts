import { humanDuration } from '../model/units.ts';

/** `69 %` */
export const percent = (share: number): string => `${String(Math.round(share * 100))} %`;

/** As humanDuration, but long times in days: `2 days 6 h`. */
export function span(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours < 48) return humanDuration(ms);
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${String(days)} days` : `${String(days)} days ${String(hours % 24)} h`;
}

/** `1 trial`, `8 trials`. */
export const countOf = (n: number, one: string): string => `${String(n)} ${n === 1 ? one : `${one}s`}`;

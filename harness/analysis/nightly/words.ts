import { humanDuration } from '../../model/units.ts';
import type { Judged, JudgedTime } from './judged.ts';
import type { Timed } from './pooled.ts';
import { pText, signed, timeNames } from '../words.ts';

/** `downtime 12 s longer`; `detects 3.0 s sooner`. */
export function changed(what: Timed['what'], byMs: number): string {
  const by = humanDuration(Math.abs(byMs));
  if (what === 'ttd') return `detects ${by} ${byMs > 0 ? 'later' : 'earlier'}`;
  return `${timeNames[what]} ${by} ${byMs > 0 ? 'longer' : 'shorter'}`;
}

/**
 * The times of one arm or alert in one line: first what is shown, then what is not.
 * @param nights how many are pooled
 * @param together over how many times p is adjusted
 */
export function timesInWords({ id, times }: Judged, nights: number, together: number): string {
  const isShown = (t: JudgedTime): boolean => t.longer || t.shorter;
  const parts = [
    ...times.filter(isShown).map((t, i) => {
      const than = i === 0 ? ` in the last ${nights} nights than in the baseline` : '';
      const over = together > 1 ? ` adjusted over ${together}` : '';
      const sure = `${interval(t, '; 95 %: ')}; p ${pText(t.pAdjusted ?? 1)}${over}`;
      return `${changed(t.what, t.differenceMs)}${than} (${thenAndNow(t)}${sure})`;
    }),
    ...times
      .filter((t) => !isShown(t))
      .map((t) => `${timeNames[t.what]} not significantly different (${thenAndNow(t)})`),
  ];
  return `${id}: ${parts.length === 0 ? 'nothing to compare' : parts.join('; ')}`;
}

const thenAndNow = ({ thenMs, nowMs }: JudgedTime): string =>
  `${humanDuration(thenMs)} then, ${humanDuration(nowMs)} now`;

/** `8.0 s to 14 s` after the text before it; nothing where there is none. */
export const interval = (time: JudgedTime, before: string): string =>
  time.interval === undefined ? '' : `${before}${signed(time.interval.lo)} to ${signed(time.interval.hi)}`;

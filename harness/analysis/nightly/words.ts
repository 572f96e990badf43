import { humanDuration } from '../../model/units.ts';
import { pText, signed } from '../comparison.ts';
import type { JudgedTime } from './judged.ts';
import type { Timed } from './pooled.ts';

/** What each time is called. */
export const timeNames: Readonly<Record<Timed['what'], string>> = { downtime: 'downtime', ttr: 'TTR', ttd: 'TTD' };

/** `downtime 12 s longer`; `detects 3.0 s sooner`. */
export function changed(what: Timed['what'], byMs: number): string {
  const by = humanDuration(Math.abs(byMs));
  if (what === 'ttd') return `detects ${by} ${byMs > 0 ? 'later' : 'sooner'}`;
  return `${timeNames[what]} ${by} ${byMs > 0 ? 'longer' : 'shorter'}`;
}

/** The night's times of one arm or alarm in one line: first what is shown, then what is not. Undefined where there is nothing to compare. */
export function timesInWords(id: string, times: readonly JudgedTime[], nights: number, together: number): string {
  const shown = times.filter((t) => t.longer || t.shorter);
  const rest = times.filter((t) => !t.longer && !t.shorter);
  const within = nights === 1 ? 'tonight' : `in the last ${String(nights)} nights`;
  const parts = [
    ...shown.map((t, i) => {
      const by = changed(t.what, t.comparison.differenceMs ?? 0);
      return `${by}${i === 0 ? ` ${within} than in the baseline` : ''} (${values(t)}${bounds(t)}${sure(t, together)})`;
    }),
    ...rest.map((t) => `${timeNames[t.what]} not shown to differ (${values(t)}${sure(t, together)})`),
  ];
  return `${id}: ${parts.length === 0 ? 'nothing to compare' : parts.join('; ')}`;
}

const values = ({ comparison: { sideA, sideB } }: JudgedTime): string =>
  `${humanDuration(sideA?.meanMs ?? 0)} then, ${humanDuration(sideB?.meanMs ?? 0)} now`;

const bounds = ({ comparison: { interval } }: JudgedTime): string =>
  interval === undefined ? '' : `; 95 %: ${signed(interval.lo)} to ${signed(interval.hi)}`;

const sure = ({ pAdjusted }: JudgedTime, together: number): string =>
  pAdjusted === undefined
    ? '; too few blocks'
    : `; p ${pText(pAdjusted)}${together > 1 ? ` adjusted over ${String(together)}` : ''}`;

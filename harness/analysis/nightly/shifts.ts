import { mean } from 'simple-statistics';
import { undoRunbook } from '../../model/control.ts';
import { endpoints } from '../../model/plan.ts';
import { humanDuration } from '../../model/units.ts';
import { medianTime } from '../observed.ts';
import { leastEffectMs, leastShare } from '../significance.ts';
import { changePoints, studentTest } from './change-points.ts';
import { weights } from './judged.ts';
import { waitArm, type Night } from './lines.ts';
import { blockTimes, detectingAlarms, floorsIn, meanFloors, recoveringArms, type Timed } from './pooled.ts';
import { changed } from './words.ts';
import { pText } from '../words.ts';

/** So many nights of one environment must there be before a change is looked for, and so many on both sides of one. */
export const leastHistory = 10;
/**
 * Hunter's 0.001 is for a person who looks at what it finds; here it would turn three scenarios in a hundred nights red for nothing (measured with
 * generated histories), a tenth of it less than one. An arm's two times share it by their weights.
 */
const options = { maxP: 0.0001, leastLength: 3 };

/** A lasting change in the nights since the baseline was pinned. Durations in ms. */
export interface Shift {
  readonly what: Timed['what'];
  readonly id: string;
  /** Of the first night after the last change. */
  readonly epochMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly p: number;
  readonly slower: boolean;
  readonly says: string;
}

/**
 * What has changed for good since the first night of the baseline, in either time: the stretch that the last night is in against the first one,
 * where there is a change point between them, they differ at 0.0001 (an arm's two times share it), and by more than the minimum effect. Each night counts once, with the
 * median of its blocks, so that what a whole night has in common is scatter and no proof. None below ten nights. Pure; nothing is drawn.
 */
export function shiftsOf(nights: readonly Night[]): readonly Shift[] {
  if (nights.length < leastHistory) return [];
  const floors = meanFloors(nights, nights);
  const series = seriesNames(nights).map((timed) => {
    const values = nights.flatMap((night) => {
      const times = blockTimes([night], timed, timed.arm === undoRunbook ? {} : floors).map((t) => t.time);
      return times.length === 0 ? [] : [{ night, ms: medianTime(times).time }];
    });
    return { timed, values };
  });
  const long = series.filter(({ values }) => values.length >= leastHistory);
  return long.flatMap(({ timed, values }) => {
    const siblings = long.filter(({ timed: t }) => t.arm === timed.arm && t.what !== 'ttd');
    const share = timed.what === 'ttd' ? 1 : siblings.reduce((s, { timed: t }) => s + weights[t.what], 0);
    return shiftIn(timed, values, (options.maxP * weights[timed.what]) / share) ?? [];
  });
}

/** Both times of arms that recovered at all and of the floor itself, and alerts that fired where nothing was done. */
function seriesNames(nights: readonly Night[]): readonly Timed[] {
  const floor = floorsIn(nights, 'ttr').length > 0 ? [undoRunbook] : [];
  return [
    ...[...recoveringArms(nights), ...floor].flatMap((arm) => endpoints.map((what): Timed => ({ what, arm }))),
    ...detectingAlarms(nights).map((alarm): Timed => ({ what: 'ttd', arm: waitArm, alarm })),
  ];
}

function shiftIn(
  timed: Timed,
  values: readonly { readonly night: Night; readonly ms: number }[],
  maxP: number,
): Shift | undefined {
  const series = values.map((v) => v.ms);
  const points = changePoints(series, { ...options, maxP });
  const [first, last] = [points[0], points.at(-1)];
  const since = values[last?.index ?? 0]?.night;
  if (first === undefined || last === undefined || since === undefined) return undefined;
  const [early, late] = [series.slice(0, first.index), series.slice(last.index)];
  const [beforeMs, afterMs] = [Math.round(mean(early)), Math.round(mean(late))];
  const p = studentTest(early, late);
  const matters = Math.max(leastEffectMs, leastShare * Math.max(beforeMs, afterMs));
  if (p >= maxP || Math.abs(afterMs - beforeMs) < matters) return undefined;
  const id = timed.what === 'ttd' ? timed.alarm : timed.arm;
  const date = new Date(since.epochMs).toISOString().slice(0, 10);
  return {
    what: timed.what,
    id,
    epochMs: since.epochMs,
    beforeMs,
    afterMs,
    p,
    slower: afterMs > beforeMs,
    says: `${id}: ${changed(timed.what, afterMs - beforeMs)} since ${date} (${humanDuration(beforeMs)} then, ${humanDuration(afterMs)} now; change point over ${values.length} nights, p ${pText(p)})`,
  };
}

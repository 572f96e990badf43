import { mean } from 'simple-statistics';
import { undoRunbook } from '../../model/control.ts';
import { humanDuration } from '../../model/units.ts';
import { leastEffectMs, leastShare, pText } from '../comparison.ts';
import { medianTime } from '../observed.ts';
import { changePoints, studentTest } from './change-points.ts';
import { waitArm, type Night } from './lines.ts';
import { blockTimes, meanFloor, type Timed } from './pooled.ts';

/** So many nights of one environment must there be before a change is looked for, and so many on both sides of one. */
export const leastHistory = 10;
/**
 * Hunter's 0.001 is for a person who looks at what it finds; here it would turn three scenarios in a hundred nights red for nothing (measured with
 * generated histories), a tenth of it less than one.
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
 * What has changed for good since the first night of the baseline: the stretch that the last night is in against the first one, where there is
 * a change point between them, they differ at 0.0001, and by more than the minimum effect. Each night counts once, with the median of its blocks,
 * so that what a whole night has in common is scatter and no proof. None below ten nights. Pure; nothing is drawn.
 */
export function shiftsOf(nights: readonly Night[]): readonly Shift[] {
  if (nights.length < leastHistory) return [];
  const floorMs = meanFloor(nights, nights);
  return seriesNames(nights).flatMap((timed) => {
    const values = nights.flatMap((night) => {
      const times = blockTimes([night], timed, timed.arm === undoRunbook ? undefined : floorMs).map((t) => t.time);
      return times.length === 0 ? [] : [{ night, ms: medianTime(times).time }];
    });
    return shiftIn(timed, values) ?? [];
  });
}

/** Arms that recovered at all, the floor itself, and alarms that fired where nothing was done. */
function seriesNames(nights: readonly Night[]): readonly Timed[] {
  const lines = nights.flatMap((n) => [...n.arms.values()]);
  const arms = lines.flatMap((l) =>
    (l.kind === undefined || l.kind === 'harness-undo') &&
    (l.outcomes['prevented'] ?? 0) === 0 &&
    l.blocks.some((b) => b.ttr.event)
      ? [l.arm]
      : [],
  );
  const alarms = lines.flatMap((l) =>
    l.blocks.flatMap((b) => Object.entries(b.ttd ?? {}).flatMap(([id, time]) => (time.event ? [id] : []))),
  );
  return [
    ...[...new Set(arms)].map((arm): Timed => ({ what: 'recovery', arm })),
    ...[...new Set(alarms)].sort().map((alarm): Timed => ({ what: 'detection', arm: waitArm, alarm })),
  ];
}

function shiftIn(timed: Timed, values: readonly { readonly night: Night; readonly ms: number }[]): Shift | undefined {
  if (values.length < leastHistory) return undefined;
  const series = values.map((v) => v.ms);
  const points = changePoints(series, options);
  const [first, last] = [points[0], points.at(-1)];
  const since = values[last?.index ?? 0]?.night;
  if (first === undefined || last === undefined || since === undefined) return undefined;
  const [early, late] = [series.slice(0, first.index), series.slice(last.index)];
  const [beforeMs, afterMs] = [Math.round(mean(early)), Math.round(mean(late))];
  const p = studentTest(early, late);
  const matters = Math.max(leastEffectMs, leastShare * Math.max(beforeMs, afterMs));
  if (p >= options.maxP || Math.abs(afterMs - beforeMs) < matters) return undefined;
  const slower = afterMs > beforeMs;
  const id = timed.what === 'recovery' ? timed.arm : timed.alarm;
  const date = new Date(since.epochMs).toISOString().slice(0, 10);
  const verb = timed.what === 'recovery' ? 'back' : 'detects';
  const by = `${humanDuration(Math.abs(afterMs - beforeMs))} ${slower ? 'later' : 'sooner'}`;
  return {
    what: timed.what,
    id,
    epochMs: since.epochMs,
    beforeMs,
    afterMs,
    p,
    slower,
    says: `${id}: ${verb} ${by} since ${date} (${humanDuration(beforeMs)} then, ${humanDuration(afterMs)} now; change point over ${String(values.length)} nights, p ${pText(p)})`,
  };
}

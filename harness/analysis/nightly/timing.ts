import { mean } from 'simple-statistics';
import { endpoints } from '../../model/plan.ts';
import { canaryIn, type NightCanary } from './canary.ts';
import { judge, type Asked, type Judged } from './judged.ts';
import { waitArm, type Night } from './lines.ts';
import { detectingAlarms, floorsIn, meanFloors, recoveringArms, type Floors } from './pooled.ts';
import { timesInWords } from './words.ts';

/** One arm's downtime and time to recover, or one alarm's time to detect. */
export interface TimingRow extends Judged {
  readonly what: 'recovery' | 'detection';
  /** Any of its times is shown to be longer; what became shorter beside it is said, and does not make up for it. */
  readonly slower: boolean;
  /** Any is shown to be shorter, and none longer. */
  readonly faster: boolean;
  /** The whole of it in one line. */
  readonly says: string;
}

/** What the pooled nights' times say. Pure. */
export interface Timing {
  readonly nights: number;
  readonly rows: readonly TimingRow[];
  /** How much longer the floor's own times were than in the baseline, ms: the machine or the cluster, and no runbook. */
  readonly floorShifts: Floors;
  /** No block of the baseline has a downtime: it was pinned before they were recorded. */
  readonly noDowntime: boolean;
  readonly canary?: NightCanary;
}

/**
 * Holds the pooled nights against the baseline: both times of all arms that recover under one correction, all alerts under another. Then the same
 * again for the canary.
 */
export function timingOf(baseline: readonly Night[], pool: readonly Night[]): Timing {
  const floors = meanFloors(baseline, pool);
  const there = (arm: string): boolean => [baseline, pool].every((nights) => nights.some((n) => n.arms.has(arm)));
  const recoveries = recoveringArms([...baseline, ...pool])
    .filter(there)
    .map((arm): Asked => ({
      id: arm,
      times: endpoints.map((what) => ({ base: { what, arm }, now: { what, arm } })),
    }));
  const detections = detectingAlarms([...baseline, ...pool]).map((alarm): Asked => {
    const timed = { what: 'ttd', arm: waitArm, alarm } as const;
    return { id: alarm, times: [{ base: timed, now: timed }] };
  });
  const arms = judge(recoveries, baseline, pool, floors);
  const canary = canaryIn(baseline, pool, floors, recoveries, arms);
  return {
    nights: pool.length,
    rows: [
      ...rowsOf('recovery', arms, pool.length),
      ...rowsOf('detection', judge(detections, baseline, pool, floors), pool.length),
    ],
    floorShifts: Object.fromEntries(
      endpoints.flatMap((what) => {
        const [then, now] = [floorsIn(baseline, what), floorsIn(pool, what)];
        return then.length === 0 || now.length === 0 ? [] : [[what, Math.round(mean([...now]) - mean([...then]))]];
      }),
    ),
    noDowntime: baseline.every((n) =>
      [...n.arms.values()].every((l) => l.blocks.every((b) => b.downtimeMs === undefined)),
    ),
    ...(canary === undefined ? {} : { canary }),
  };
}

function rowsOf(what: TimingRow['what'], judged: readonly Judged[], nights: number): readonly TimingRow[] {
  const together = judged.flatMap((j) => j.times).length;
  return judged.map((row) => {
    const slower = row.times.some((t) => t.longer);
    const faster = !slower && row.times.some((t) => t.shorter);
    return { what, ...row, slower, faster, says: timesInWords(row, nights, together) };
  });
}

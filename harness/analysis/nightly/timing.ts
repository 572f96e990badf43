import { mean } from 'simple-statistics';
import { canaryDelayMs, undoRunbook } from '../../model/control.ts';
import { humanDuration } from '../../model/units.ts';
import { canaryKind, type Canary } from '../canary.ts';
import { compare, pText, signed, type Comparison, type Question } from '../comparison.ts';
import { waitArm, type Night } from './lines.ts';
import { blockTimes, meanFloor, pairUp, type Pairs, type Timed } from './pooled.ts';

/** Fewer nights than these are never held against a baseline: of three, one that stands out is the minority. */
export const leastNights = 3;

/**
 * p after Holm must be below this. Not 0.05 as elsewhere: a comparison is asked once, and this every night of every scenario, against the same
 * baseline.
 */
const surest = 0.01;

/** One arm's time to recover, or one alarm's time to detect: the baseline (a) against the pooled nights (b). */
export interface TimingRow {
  readonly what: Timed['what'];
  readonly id: string;
  readonly comparison: Comparison;
  /** Shown to be later, whichever of the nights is left out. */
  readonly slower: boolean;
  readonly faster: boolean;
  /** The whole of it in one line. */
  readonly says: string;
}

/** What the pooled nights' times say. Pure. */
export interface Timing {
  readonly nights: number;
  readonly rows: readonly TimingRow[];
  /** How much later the floor itself was than in the baseline, ms: the machine or the cluster, and no runbook. */
  readonly floorShiftMs?: number;
  readonly canary?: Pick<Canary, 'kind' | 'arm' | 'runbook' | 'says'>;
}

/**
 * Holds the pooled nights against the baseline: all arms that recover under one Holm correction, all alarms under another. Then the same again
 * with the delayed arm in its runbook's place: a regression of 30 s that these very nights are known to have had, for the method to find.
 */
export function timingOf(baseline: readonly Night[], pool: readonly Night[]): Timing {
  const floorMs = meanFloor(baseline, pool);
  const rows = [
    ...judge(recoveries(baseline, pool), baseline, pool, floorMs),
    ...judge(detections(baseline, pool), baseline, pool, floorMs),
  ];
  const canary = canaryIn(baseline, pool, floorMs, rows);
  return {
    nights: pool.length,
    rows,
    ...(floorMs === undefined ? {} : { floorShiftMs: Math.round(floorIn(pool) - floorMs) }),
    ...(canary === undefined ? {} : { canary }),
  };
}

/** What is asked: a name, and what is looked up on either side; they differ only for the canary. */
interface Asked {
  readonly id: string;
  readonly base: Timed;
  readonly now: Timed;
}

/** Arms without a control kind that recovered on either side, and were no precautions. */
function recoveries(baseline: readonly Night[], pool: readonly Night[]): readonly Asked[] {
  const arms = [...new Set([...baseline, ...pool].flatMap((n) => [...n.arms.keys()]))];
  const lines = (nights: readonly Night[], arm: string) => nights.flatMap((n) => n.arms.get(arm) ?? []);
  return arms
    .filter((arm) => {
      const all = lines([...baseline, ...pool], arm);
      const comparable = all.every((l) => l.kind === undefined && (l.outcomes['prevented'] ?? 0) === 0);
      const there = lines(baseline, arm).length > 0 && lines(pool, arm).length > 0;
      return comparable && there && all.some((l) => l.blocks.some((b) => b.ttr.event));
    })
    .map((arm) => ({ id: arm, base: { what: 'recovery', arm }, now: { what: 'recovery', arm } }));
}

function detections(baseline: readonly Night[], pool: readonly Night[]): readonly Asked[] {
  const blocks = [...baseline, ...pool].flatMap((n) => n.arms.get(waitArm)?.blocks ?? []);
  const alarms = blocks.flatMap((b) => Object.entries(b.ttd ?? {}).flatMap(([id, time]) => (time.event ? [id] : [])));
  return [...new Set(alarms)].sort().map((alarm) => {
    const timed: Timed = { what: 'detection', arm: waitArm, alarm };
    return { id: alarm, base: timed, now: timed };
  });
}

function judge(
  asked: readonly Asked[],
  baseline: readonly Night[],
  pool: readonly Night[],
  floorMs: number | undefined,
): readonly TimingRow[] {
  const pairsOf = (a: Asked, nights: readonly Night[]): Pairs =>
    pairUp(blockTimes(baseline, a.base, floorMs), blockTimes(nights, a.now, floorMs));
  const horizonMs = Math.min(...[...baseline, ...pool].flatMap((n) => [...n.arms.values()].map((l) => l.horizonMs)));
  const questions = asked.map((a): Question => {
    const pairs = pairsOf(a, pool);
    return {
      a: 'the baseline',
      b: nightsText(pool.length),
      design: 'paired',
      timesA: pairs.map(([x]) => x),
      timesB: pairs.map(([, y]) => y),
    };
  });
  const comparisons = compare(questions, {
    horizonMs,
    seed: 1,
    refused: false,
    intervalsBelow: 0.05,
    sooner: 'is sooner than',
    unit: 'block',
  });
  return comparisons.map((comparison, i) => {
    const a = asked[i] ?? { id: '', base: { what: 'recovery', arm: '' }, now: { what: 'recovery', arm: '' } };
    const { differenceMs = 0, minimumEffectMs = 0, kind } = comparison;
    const direction = Math.sign(differenceMs);
    // One night never decides: without any one of them the difference is still there, and still matters.
    const lasts = (): boolean =>
      pool.length >= leastNights &&
      pool.every((night) => {
        const pairs = pairsOf(
          a,
          pool.filter((other) => other !== night),
        );
        return pairs.length > 0 && direction * mean(pairs.map(([x, y]) => y.time - x.time)) >= minimumEffectMs;
      });
    const sure = (kind === 'faster' || kind === 'slower') && (comparison.pAdjusted ?? 1) < surest;
    const shown = sure && lasts();
    const row = {
      what: a.base.what,
      id: a.id,
      comparison,
      slower: shown && kind === 'faster',
      faster: shown && kind === 'slower',
    };
    return { ...row, says: sentence(row, comparisons.length, pool.length) };
  });
}

function canaryIn(
  baseline: readonly Night[],
  pool: readonly Night[],
  floorMs: number | undefined,
  rows: readonly TimingRow[],
): Timing['canary'] {
  const line = pool.flatMap((n) => [...n.arms.values()]).find((l) => l.kind === 'delayed');
  if (line === undefined) return undefined;
  const { arm, runbook } = line;
  const planted = recoveries(baseline, pool).map((a): Asked =>
    a.id === runbook ? { ...a, now: { what: 'recovery', arm } } : a,
  );
  const row = judge(planted, baseline, pool, floorMs).find((r) => r.id === runbook);
  const c = row?.comparison;
  // A runbook that itself became slower makes its delayed arm slower still: that is no fault of the method.
  const itself = rows.some((r) => r.what === 'recovery' && r.id === runbook && r.slower);
  const kind = row?.slower === true && itself && (c?.differenceMs ?? 0) >= canaryDelayMs ? 'seen' : canaryKind(c);
  const seen = kind === 'seen' && row?.slower !== true ? 'not-seen' : kind;
  const by = c?.differenceMs === undefined ? 'nothing to compare' : `${signed(c.differenceMs)} later than the baseline`;
  const bounds = c?.interval === undefined ? '' : ` (95 %: ${signed(c.interval.lo)} to ${signed(c.interval.hi)})`;
  const words = {
    seen: 'the planted 30 s are seen',
    other: 'a difference is shown, but not the planted 30 s',
    'not-seen': 'the planted 30 s are not seen',
    undecided: 'too few blocks to see the planted 30 s',
  } as const;
  return { kind: seen, arm, runbook, says: `${arm}: ${by}${bounds}: ${words[seen]}` };
}

/** Mean floor of some nights, ms. */
function floorIn(nights: readonly Night[]): number {
  const times = nights.flatMap((n) =>
    (n.arms.get(undoRunbook)?.blocks ?? []).flatMap((b) => (b.ttr.event ? [b.ttr.time] : [])),
  );
  return times.length === 0 ? 0 : mean(times);
}

const nightsText = (n: number): string => (n === 1 ? 'tonight' : `the last ${String(n)} nights`);

function sentence(row: Omit<TimingRow, 'says'>, comparisons: number, nights: number): string {
  const { comparison: c, what, id } = row;
  if (c.sideA === undefined || c.sideB === undefined || c.differenceMs === undefined) return `${id}: ${c.says}`;
  if (!row.slower && !row.faster) return `${id}: ${c.says}`;
  const back = what === 'recovery' ? 'back' : 'detects';
  const later = `${back} ${humanDuration(Math.abs(c.differenceMs))} ${c.differenceMs > 0 ? 'later' : 'sooner'}`;
  const bounds = c.interval === undefined ? '' : `95 %: ${signed(c.interval.lo)} to ${signed(c.interval.hi)}; `;
  const holm = comparisons > 1 ? ` after Holm over ${String(comparisons)}` : '';
  const sure = `${bounds}p ${pText(c.pAdjusted ?? 1)}${holm}`;
  return `${id}: ${later} in ${nightsText(nights)} than in the baseline (${humanDuration(c.sideA.meanMs)} then, ${humanDuration(c.sideB.meanMs)} now; ${sure})`;
}

import { seeded } from '../../harness/model/random.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { Outcome } from '../../harness/model/outcome.ts';
import type { WholeRecord } from '../../harness/model/record.ts';
import { summarise } from '../../harness/analysis/summary.ts';
import { planOf } from './plan.ts';

/** What one trial would come to, were it watched for ever. Times in ms. */
interface Course {
  /** Absent where service is never stable. */
  readonly ttrMs?: number;
  readonly downtimeMs: number;
  /** What gave no data, or did damage; recovered where absent. */
  readonly outcome?: Extract<Outcome, 'invalid' | 'recovered-with-loss' | 'harmed'>;
  /** After it was stable it breaks again so much later, if anybody still looks. */
  readonly againMs?: number;
  readonly whole?: false;
  readonly unread?: true;
}

interface Arm {
  readonly id: string;
  /** How many things its steps destroy; `passive` changes nothing. */
  readonly destroys: number | 'passive';
  readonly trial: (chance: Chance, block: number) => Course;
}

/** Draws of one run. */
interface Chance {
  /** True so often. */
  readonly of: (share: number) => boolean;
  /** About `middle`, scattering by so much. */
  readonly near: (middle: number, sd: number) => number;
  /** Never below `least`, seldom much later: the mean is three `scale` above it, a tenth beyond seven. */
  readonly tailed: (least: number, scale: number) => number;
}

/** Runbooks of which it is known what may be said, for it is known how their trials come about. */
export interface Situation {
  readonly name: string;
  readonly arms: readonly Arm[];
  /** Those that must not be named: another is as good and puts less at stake, or better, or it does not recover every time. */
  readonly wrong: readonly string[];
  /** The one to name, given enough trials; absent where none is. */
  readonly right?: string;
}

const horizonMs = 240_000;
const confirmMs = 180_000;
const usualWatchMs = 12_000;
/** Of the difference of two trials of a block, as it was seen in eight blocks of cni-wipe: 9 s of downtime, 26 s of TTR. */
const [downtimeSd, ttrSd] = [9_000 / Math.SQRT2, 26_000 / Math.SQRT2];

/** Recovers with TTR and downtime about these times. */
const about =
  (ttrMs: number, downtimeMs = ttrMs, rest: (chance: Chance) => Partial<Course> = () => ({})): Arm['trial'] =>
  (chance, block) => ({
    ttrMs: chance.near(ttrMs, ttrSd) + block,
    downtimeMs: chance.near(downtimeMs, downtimeSd) + block / 2,
    ...rest(chance),
  });

/** The same with a chance of so much, and never else. */
const sometimes =
  (share: number, trial: Arm['trial']): Arm['trial'] =>
  (chance, block) =>
    chance.of(share) ? trial(chance, block) : { downtimeMs: horizonMs };

const never: Arm['trial'] = () => ({ downtimeMs: horizonMs });
const slow = about(90_000);
const fast = about(50_000);

const arm = (id: string, destroys: Arm['destroys'], trial: Arm['trial']): Arm => ({ id, destroys, trial });

/** What of a run's verdict is checked against the truth. */
export const situations: readonly Situation[] = [
  {
    name: 'two alike, one is riskier',
    arms: [arm('mild', 0, about(60_000)), arm('hard', 2, about(60_000))],
    wrong: ['hard'],
    right: 'mild',
  },
  {
    name: 'a fix in 65 s, by itself in 150 s',
    arms: [arm('wait', 'passive', about(150_000)), arm('cure', 1, about(65_000))],
    wrong: ['wait'],
    right: 'cure',
  },
  {
    name: 'six that recover three times in ten',
    arms: ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => arm(id, i, sometimes(0.3, about(60_000)))),
    wrong: ['a', 'b', 'c', 'd', 'e', 'f'],
  },
  {
    name: 'the faster loses data in six of ten',
    arms: [
      arm('slow', 1, slow),
      arm(
        'fast',
        0,
        about(50_000, 50_000, (c) => (c.of(0.6) ? { outcome: 'recovered-with-loss' } : {})),
      ),
    ],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'the faster does harm in six of ten',
    arms: [
      arm('slow', 1, slow),
      arm(
        'fast',
        0,
        about(50_000, 50_000, (c) => (c.of(0.6) ? { outcome: 'harmed' } : {})),
      ),
    ],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'the faster has valid trials in one of eight',
    arms: [
      arm('slow', 1, slow),
      arm(
        'fast',
        0,
        about(50_000, 50_000, (c) => (c.of(7 / 8) ? { outcome: 'invalid' } : {})),
      ),
    ],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'the faster is never fully recovered',
    arms: [
      arm('slow', 1, slow),
      arm(
        'fast',
        0,
        about(50_000, 50_000, () => ({ whole: false })),
      ),
    ],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'the data of the faster cannot be read',
    arms: [
      arm('slow', 1, slow),
      arm(
        'fast',
        0,
        about(50_000, 50_000, () => ({ unread: true })),
      ),
    ],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'the faster recovers seven times in ten',
    arms: [arm('slow', 1, slow), arm('fast', 1, sometimes(0.7, fast))],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'two fixes 14 s apart',
    arms: [arm('first', 1, about(60_000)), arm('second', 1, about(74_000))],
    wrong: ['second'],
    right: 'first',
  },
  {
    name: 'recovers as fast by itself',
    arms: [arm('wait', 'passive', about(40_000)), arm('cure', 0, about(40_000))],
    wrong: ['cure'],
    right: 'wait',
  },
  {
    name: 'the faster is undone after 40 s',
    arms: [
      arm('slow', 1, slow),
      arm(
        'fast',
        0,
        about(50_000, 50_000, () => ({ againMs: 40_000 })),
      ),
    ],
    wrong: ['fast'],
    right: 'slow',
  },
  {
    name: 'seven, of which five never recover',
    arms: [
      arm('wait', 'passive', never),
      ...['b', 'c', 'd', 'e'].map((id) => arm(id, 0, never)),
      arm('cure', 1, about(76_000, 56_000)),
      arm('nuclear', 2, about(89_000, 78_000)),
    ],
    wrong: ['wait', 'b', 'c', 'd', 'e', 'nuclear'],
    right: 'cure',
  },
  {
    name: 'two alike that recover nine times in ten',
    arms: [arm('mild', 0, sometimes(0.9, about(60_000))), arm('hard', 2, sometimes(0.9, about(60_000)))],
    wrong: ['hard'],
  },
  {
    name: 'two alike with long tails',
    arms: ['mild', 'hard'].map((id, i) =>
      arm(id, i, (chance) => {
        const ms = chance.tailed(20_000, 15_000);
        return { ttrMs: ms, downtimeMs: Math.max(5_000, ms - 10_000) };
      }),
    ),
    wrong: ['hard'],
    right: 'mild',
  },
  {
    name: 'the riskier one is 30 s faster',
    arms: [arm('mild', 0, about(90_000)), arm('hard', 2, about(60_000))],
    wrong: ['mild'],
    right: 'hard',
  },
  {
    name: 'one has less downtime, the other the shorter TTR',
    arms: [arm('one', 1, about(90_000, 45_000)), arm('other', 1, about(60_000, 60_000))],
    wrong: ['one', 'other'],
  },
];

/** A run of such runbooks in so many blocks: what was planned, and what came of it. The same seed gives the same run. */
export function runOf(
  situation: Situation,
  blocks: number,
  seed: number,
): { readonly plan: Plan; readonly records: readonly WholeRecord[] } {
  const { arms } = situation;
  const chance = chanceOf(seeded(seed));
  const ids = arms.map(({ id }) => id);
  const plan = planOf(0, {
    seed,
    horizonMs,
    runbooks: arms.map(runbookOf),
    trials: Array.from({ length: blocks }, (_, i) =>
      ids.map((id) => ({ id: `${id}-${String(i + 1)}`, block: i + 1, runbook: id, seed: i })),
    ).flat(),
    comparison: {
      arms: ids,
      endpoints: ['downtime', 'ttr'],
      looks: [{ blocks, level: 0.05 }],
      decide: false,
      confirmMs,
    },
  });
  const confirmed = new Set<string>();
  const records: WholeRecord[] = [];
  for (let block = 1; block <= blocks; block++) {
    const common = chance.near(0, 6_000);
    for (const { id, trial } of arms) {
      const course = trial(chance, common);
      // The first of each that is stable is watched for longer.
      const watchedMs = course.ttrMs === undefined || confirmed.has(id) ? usualWatchMs : confirmMs;
      if (course.ttrMs !== undefined && course.outcome !== 'invalid') confirmed.add(id);
      records.push(recordOf(id, block, course, watchedMs));
    }
  }
  return { plan, records };
}

function chanceOf(random: () => number): Chance {
  // The sum of twelve is nearly normal, and needs no logarithm.
  const normal = (): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);
  return {
    of: (share) => random() < share,
    near: (middle, sd) => middle + sd * normal(),
    tailed: (least, scale) => least - scale * 3 * Math.log(1 - random()),
  };
}

function runbookOf({ id, destroys }: Arm): Plan['runbooks'][number] {
  const step = { name: id, on: 'workstation', command: id, changes: true };
  const count = destroys === 'passive' ? 0 : destroys;
  const steps = [step, ...Array.from({ length: count }, (_, i) => ({ ...step, destroys: `thing ${String(i)}` }))];
  return { id, title: id, why: '', says: '', expect: 'unknown', steps: destroys === 'passive' ? [] : steps };
}

const onsetMs = 30_000;

function recordOf(runbook: string, block: number, course: Course, watchedMs: number): WholeRecord {
  const ttrMs = course.ttrMs === undefined ? undefined : Math.max(2_000, Math.round(course.ttrMs));
  const stable = course.outcome !== 'invalid' && ttrMs !== undefined && ttrMs < horizonMs;
  const again = stable && course.againMs !== undefined && course.againMs < watchedMs;
  const outcome = course.outcome ?? (!stable ? 'not-recovered' : again ? 'relapsed' : 'recovered');
  const whole = stable && !again && course.whole !== false;
  const censored = { censored: true as const, at: horizonMs };
  const time = stable ? { lo: ttrMs - 500, hi: ttrMs + 500 } : censored;
  const lost = outcome === 'recovered-with-loss' ? 3 : 0;
  return {
    schemaVersion: 1,
    definitions: 2,
    trialId: `${runbook}-${String(block)}`,
    scenario: 'test-outage',
    runbook,
    profile: 'fast',
    seed: block,
    wallEpochMs: 0,
    outcome,
    reason: '',
    claim: { says: '', expect: 'unknown' },
    onset: { lo: onsetMs, hi: onsetMs },
    witness: [],
    detectors: [],
    ...(outcome === 'invalid' ? {} : { ttr: time, firstGood: time, fullRecovery: whole ? time : censored }),
    ...(stable ? { watchedStableMs: watchedMs } : {}),
    ...(again
      ? { downAgain: { afterMs: course.againMs ?? 0, lastedMs: 30_000, slis: ['dns'], totalMs: 30_000, relapse: true } }
      : {}),
    fullRecoveryMissing: whole ? [] : ['2 pods Pending'],
    badnessMs: Math.round(Math.min(horizonMs, Math.max(1_000, course.downtimeMs + (again ? 30_000 : 0)))),
    slis: [],
    data: course.unread === true || !stable ? 'unknown' : { stores: [], lost },
    collateral: { restarts: 0, deleted: 0, bystanderBadMs: 0, restartsInside: 0, deletedInside: 0 },
    load: { good: 0, bad: 0, dropped: 0 },
    harness: { loopDelayP99Ms: 0, latenessP99Ms: 0, starved: false },
    environment: {},
    phases: [],
    steps: [],
    loadSeries: [],
    endMs: onsetMs + (ttrMs ?? horizonMs) + watchedMs,
  };
}

/** How often, in so many runs of so many blocks, the verdict names what it must not, what it should, and what it should among its candidates. */
export interface Named {
  readonly wrong: number;
  readonly right: number;
  /** Runs in which the right one is the winner or a candidate. */
  readonly listed: number;
  readonly rounds: number;
}

/** Draws runs of a situation and counts what their verdicts name. Seeded. */
export function namedIn(situation: Situation, blocks: number, rounds: number, seed = 1): Named {
  const counts = { wrong: 0, right: 0, listed: 0 };
  for (let round = 0; round < rounds; round++) {
    const { plan, records } = runOf(situation, blocks, seed + round * 7919 + blocks);
    const { kind, runbook, candidates = [] } = summarise(plan, records).verdict;
    const winner = kind === 'use' || kind === 'wait' ? runbook : undefined;
    if (winner !== undefined && situation.wrong.includes(winner)) counts.wrong++;
    if (winner !== undefined && winner === situation.right) counts.right++;
    if (situation.right !== undefined && [winner, ...candidates].includes(situation.right)) counts.listed++;
  }
  return { ...counts, rounds };
}

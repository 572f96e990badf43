/**
 * How often runbooks are found to differ that do not, and how often those that do: `npm run bench false-rates [-- <rounds>]`
 *
 * Simulated runs, judged as `compare` judges them: once at their end, and at the declared looks of a run that ends as soon as it is decided, with arms
 * that are dropped after three blocks without a recovery. The tables of docs/measurement.md.
 */
import { looksFor } from '../harness/analysis/sample-size.ts';
import { simulated, simulatedArm, simulatedHorizonMs, upTo, type Draw } from '../test/support/simulated.ts';
import type { ArmBlocks } from '../harness/analysis/observed.ts';
import { type Pair, testPairs } from '../harness/analysis/significance.ts';
import { keep, say, table } from './support.ts';

const rounds = Number(process.argv[2] ?? 2000);
const { draws, random, normal } = simulated(2);
const idle: Draw = () => 230_000 + 3000 * normal();
const never: Draw = () => undefined;

/** An arm of a simulated run; those of one group do not differ, in the times that are named. */
interface Arm {
  readonly downtime: Draw;
  readonly ttr: Draw;
  readonly group: string;
  /** Groups by time where they are not the same. */
  readonly ttrGroup?: string;
  /** Share of invalid trials. */
  readonly invalid?: number;
}

const of = (draw: Draw, group = 'alike'): Arm => ({ downtime: draw, ttr: draw, group });
const times = (n: number, arm: Arm): readonly Arm[] => Array.from({ length: n }, () => arm);
const later =
  (draw: Draw, byMs: number): Draw =>
  () => {
    const time = draw();
    return time === undefined ? undefined : time + byMs;
  };
/** Comes back with that chance. */
const chance = (share: number, group = 'alike'): Arm => {
  const back: Draw = () => (random() < share ? draws.normal() : undefined);
  return { downtime: () => back() ?? idle(), ttr: back, group };
};

const situations: readonly { readonly name: string; readonly arms: readonly Arm[]; readonly blocks: number }[] = [
  ...[6, 8, 20].map((blocks) => ({ name: '2 alike', arms: times(2, of(draws.normal)), blocks })),
  ...[6, 8, 20].map((blocks) => ({ name: '3 alike', arms: times(3, of(draws.normal)), blocks })),
  { name: '5 alike', arms: times(5, of(draws.normal)), blocks: 8 },
  { name: '3 alike, long tail', arms: times(3, of(draws['long tail'])), blocks: 10 },
  { name: '3 alike, one in five never', arms: times(3, of(draws['one in five never'])), blocks: 10 },
  { name: '5 alike that recover in 3 of 10', arms: times(5, chance(0.3)), blocks: 10 },
  {
    name: '2 alike beside 3 that never recover',
    arms: [...times(2, of(draws.normal)), ...times(3, { downtime: idle, ttr: never, group: 'idle' })],
    blocks: 8,
  },
  {
    name: '2 and 2 alike, 30 s apart',
    arms: [...times(2, of(draws.normal)), ...times(2, of(later(draws.normal, 30_000), 'later'))],
    blocks: 8,
  },
  { name: '3 alike, one trial in ten invalid', arms: times(3, { ...of(draws.normal), invalid: 0.1 }), blocks: 10 },
  {
    name: '2 alike beside one that scatters',
    arms: [...times(2, of(draws.normal)), { ...chance(0.5, 'wild') }],
    blocks: 10,
  },
  {
    name: '3 that differ in downtime only, 2 of them alike',
    arms: [
      ...times(2, of(draws.normal)),
      { downtime: later(draws.normal, 30_000), ttr: draws.normal, group: 'later', ttrGroup: 'alike' },
    ],
    blocks: 10,
  },
];

function drawn(arms: readonly Arm[], blocks: number): readonly ArmBlocks[] {
  return arms.map(({ downtime, ttr, invalid = 0 }, i) => {
    const arm = simulatedArm(`arm-${String(i)}`, blocks, downtime, ttr);
    return invalid === 0 ? arm : { ...arm, blocks: new Map([...arm.blocks].filter(() => random() >= invalid)) };
  });
}

const indexOf = (id: string): number => Number(id.slice(4));
/** Whether a pair without any difference is found to differ; and whether any time without a difference is. */
function wrongs(arms: readonly Arm[], pairs: readonly Pair[], level: number): { pair: boolean; time: boolean } {
  const found = { pair: false, time: false };
  for (const { a, b, times: told } of pairs) {
    const [x, y] = [arms[indexOf(a)], arms[indexOf(b)]];
    if (x === undefined || y === undefined) continue;
    const alikeTtr = (x.ttrGroup ?? x.group) === (y.ttrGroup ?? y.group);
    const downtime = (told.downtime.pAdjusted ?? 1) <= level;
    const ttr = (told.ttr.pAdjusted ?? 1) <= level;
    if (x.group === y.group && (downtime || ttr)) found.pair = true;
    if ((x.group === y.group && downtime) || (alikeTtr && ttr)) found.time = true;
  }
  return found;
}

function once(arms: readonly Arm[], blocks: number) {
  const count = { pair: 0, time: 0 };
  for (let round = 0; round < rounds; round++) {
    const pairs = testPairs(drawn(arms, blocks), { horizonMs: simulatedHorizonMs, seed: 1, level: 0.05 });
    const wrong = wrongs(arms, pairs, 0.05);
    if (wrong.pair) count.pair++;
    if (wrong.time) count.time++;
  }
  return { pair: count.pair / rounds, time: count.time / rounds };
}

/** The declared rule: an arm that did not recover in the first three blocks, in which another one always did. */
function dropped(arms: readonly ArmBlocks[]): ReadonlySet<string> {
  const back = new Map(
    arms.map((arm) => [arm.id, [...upTo(arm, 3).blocks.values()].filter((b) => b.ttr.event).length]),
  );
  const some = [...back.values()].includes(3);
  return new Set(some ? [...back].filter(([, k]) => k === 0).map(([id]) => id) : []);
}

/** A run of twenty blocks at most that ends when the first pair (of arms 0 and 1) is decided. */
function sequential(arms: readonly Arm[], trials: number, runs: number) {
  const found = { wrong: 0, decided: 0, blocks: 0 };
  for (let run = 0; run < runs; run++) {
    const all = drawn(arms, trials);
    const given = dropped(all);
    let wrong = false;
    let decidedAt: number | undefined;
    for (const { blocks, level } of looksFor(trials)) {
      const seen = all.map((arm) => upTo(arm, given.has(arm.id) ? 3 : blocks));
      const pairs = testPairs(seen, { horizonMs: simulatedHorizonMs, seed: 1, level });
      wrong ||= wrongs(arms, pairs, level).pair;
      if (decidedAt === undefined && pairs[0]?.better === 'a') decidedAt = blocks;
      if (decidedAt !== undefined && wrong) break;
    }
    if (wrong) found.wrong++;
    if (decidedAt !== undefined) found.decided++;
    found.blocks += decidedAt ?? trials;
  }
  return { wrong: found.wrong / runs, decided: found.decided / runs, blocks: found.blocks / runs };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const atOnce = situations.map(({ name, arms, blocks }) => {
  say(`${name}, ${String(blocks)} blocks`);
  return { name, blocks, ...once(arms, blocks) };
});
const looked = [2, 3, 5].flatMap((n) =>
  [
    ...Object.entries(draws).map(([name, draw]) => ({ name, arms: times(n, of(draw)) })),
    { name: 'recover in half, some dropped', arms: times(n, chance(0.5)) },
  ].flatMap(({ name, arms }) =>
    [8, 20].map((trials) => {
      say(`looks: ${String(n)} arms, ${name}, ${String(trials)} blocks`);
      return { arms: n, name, trials, ...sequential(arms, trials, n === 5 ? rounds / 4 : rounds) };
    }),
  ),
);
/** Standard deviations of what is compared: the difference of two arms in a block. */
const scatterMs = 15_000 * Math.SQRT2;
const power = [0.5, 1, 1.5, 2.5].map((sd) => {
  say(`power: ${String(sd)} sd`);
  const pair: readonly Arm[] = [
    { downtime: draws.normal, ttr: () => 90_000 + 40_000 * normal(), group: 'a' },
    {
      downtime: later(draws.normal, sd * scatterMs),
      ttr: () => 90_000 + sd * scatterMs + 40_000 * normal(),
      group: 'b',
    },
  ];
  const beside = [...pair, ...times(5, { downtime: idle, ttr: never, group: 'idle' })];
  return {
    sd,
    two: sequential(pair, 20, rounds / 2),
    seven: sequential(beside, 20, rounds / 10),
  };
});

process.stdout.write(
  `${table([
    ['arms', 'blocks', 'pair significantly different', 'time significantly different'],
    ...atOnce.map((r) => [r.name, String(r.blocks), percent(r.pair), percent(r.time)]),
  ])}\n\n${table([
    ['arms', 'times', 'blocks at most', 'significantly different at any look'],
    ...looked.map((r) => [String(r.arms), r.name, String(r.trials), percent(r.wrong)]),
  ])}\n\n${table([
    ['difference', 'two arms: decided', 'after blocks', 'beside five that never recover', 'after blocks'],
    ...power.map((r) => [
      `${String(r.sd)} sd`,
      percent(r.two.decided),
      r.two.blocks.toFixed(1),
      percent(r.seven.decided),
      r.seven.blocks.toFixed(1),
    ]),
  ])}\n`,
);
if (rounds >= 2000) await keep('false-rates', { rounds, atOnce, looked, power });

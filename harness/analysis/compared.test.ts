import { describe, expect, it } from 'vitest';
import { seeded, shuffled } from '../model/random.ts';
import { comparePairs, compareSamples, samplesOf, type Question } from './compared.ts';
import type { Comparison, TimeComparison } from './comparison.ts';
import type { ArmBlock, ArmBlocks, ObservedTime } from './observed.ts';

const question: Question = {
  what: 'runbooks',
  horizonMs: 240_000,
  seed: 1,
  level: 0.05,
  refused: false,
  unit: 'block',
};
const random = seeded(21);
const jitter = (spread: number): number => Math.round((random() - random()) * spread);
/** Known to ± `known`; downtime is 10 s less. */
const at = (time: number, known = 250): ArmBlock => ({
  downtimeMs: time - 10_000,
  ttr: { event: true, lo: time - known, time, hi: time + known },
});
const never: ArmBlock = { downtimeMs: 230_000, ttr: { event: false, lo: 240_000, time: 240_000, hi: 240_000 } };
const around = (n: number, middle: number, spread: number, known = 250): readonly ArmBlock[] =>
  Array.from({ length: n }, () => at(middle + jitter(spread), known));
const nevers = (n: number): readonly ArmBlock[] => Array.from({ length: n }, () => never);
const arm = (id: string, blocks: readonly ArmBlock[]): ArmBlocks => ({
  id,
  blocks: new Map(blocks.map((block, i) => [`block ${String(i)}`, block])),
});

/** Two arms, within a run or of two runs, by the same questions. */
const designs = {
  paired: (a: readonly ArmBlock[], b: readonly ArmBlock[], change: Partial<Question> = {}): Comparison =>
    first(comparePairs([arm('cure', a), arm('nuclear', b)], { ...question, ...change })),
  'two-sample': (a: readonly ArmBlock[], b: readonly ArmBlock[], change: Partial<Question> = {}): Comparison =>
    first(compareSamples([samplesOf('cure', a, b)], { ...question, ...change })),
} as const;
function first<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('no comparison');
  return one;
}
const timesOf = ({ times }: Comparison): readonly [TimeComparison, TimeComparison] => {
  const [downtime, ttr] = times;
  if (downtime === undefined || ttr === undefined) throw new Error('two times');
  return [downtime, ttr];
};
const one = designs.paired;

describe('within a run', () => {
  it('shows a difference in both times, downtime first, with sizes, intervals and p', () => {
    const shown = one(around(10, 40_000, 3000), around(10, 60_000, 3000));
    expect(shown.kind).toBe('faster');
    const [downtime, ttr] = timesOf(shown);
    expect(downtime).toMatchObject({
      time: 'downtime',
      kind: 'faster',
      p: 0.001953,
      pAdjusted: 0.002441,
      resolutionMs: 0,
    });
    expect(ttr).toMatchObject({
      time: 'ttr',
      kind: 'faster',
      resolutionMs: 500,
      both: 10,
      sideA: { n: 10, events: 10 },
    });
    expect(ttr.interval?.lo).toBeGreaterThan(15_000);
    expect(shown.says).toMatch(
      /^cure is better than nuclear: downtime \d\d s less with cure \(95 %: 1\d s to 2\d s; p 0\.0024\); TTR \d\d s sooner with cure \(95 %: 1\d s to 2\d s; p 0\.0024\)$/,
    );
  });

  it('says "not shown" with the blocks it would take', () => {
    const hidden = one(around(10, 40_000, 12_000), around(10, 42_000, 12_000));
    expect(hidden.kind).toBe('not-shown');
    expect(hidden.says).toMatch(
      /^no significant difference between cure and nuclear: downtime not significantly different \(seen: .*; about \d+ blocks would show 5\.0 s\); TTR/,
    );
    expect(timesOf(hidden)[0].blocksNeeded).toBeGreaterThan(10);
  });

  it('does not call a difference that would not matter faster', () => {
    const small = one(around(10, 40_000, 500), around(10, 43_000, 500));
    expect(small.kind).toBe('below-minimum');
    expect(small.says).toContain('below the relevant 5.0 s');
  });

  it('says "not resolvable" when the ends of the instants decide which is sooner', () => {
    const equal = (blocks: readonly ArmBlock[]): readonly ArmBlock[] =>
      blocks.map((b) => ({ ...b, downtimeMs: 30_000 }));
    const [, ttr] = timesOf(one(equal(around(10, 40_000, 10, 8000)), equal(around(10, 52_000, 10, 8000))));
    expect(ttr).toMatchObject({ kind: 'not-resolvable', resolutionMs: 16_000, minimumEffectMs: 32_000 });
    // The same middles, sharply seen, are found to differ.
    const [, sharp] = timesOf(one(equal(around(10, 40_000, 10)), equal(around(10, 52_000, 10))));
    expect(sharp.kind).toBe('faster');
  });

  it('each faster in one time is neither', () => {
    const more = around(10, 60_000, 100).map((b) => ({ ...b, downtimeMs: 20_000 }));
    const less = around(10, 40_000, 100);
    const mixed = one(less, more);
    expect(mixed.kind).toBe('mixed');
    expect(mixed.says).toMatch(
      /^cure and nuclear are each faster in one time: downtime 10 s less with nuclear .* TTR 20 s sooner with cure/,
    );
  });

  it('beside one that never came back says how many did, and gives no difference of times', () => {
    const shown = one(around(8, 40_000, 3000), nevers(8));
    expect(shown.kind).toBe('faster');
    expect(timesOf(shown)[1]).toMatchObject({
      sideA: { events: 8 },
      sideB: { n: 8, events: 0, restrictedMs: 240_000 },
    });
    expect(timesOf(shown)[1].differenceMs).toBeUndefined();
    expect(shown.says).toMatch(/TTR recovered in 8 of 8 with cure, 0 of 8 with nuclear \(p 0\.0098\)$/);
    expect(one(nevers(8), nevers(8))).toMatchObject({
      kind: 'neither',
      says: 'cure and nuclear: neither within 4 min',
    });
  });

  it('beside one that came back now and then gives the difference where both did, and how many did', () => {
    const shown = one(around(10, 40_000, 3000), [...around(6, 60_000, 3000), ...nevers(4)]);
    expect(timesOf(shown)[1]).toMatchObject({ both: 6, sideB: { n: 10, events: 6 } });
    expect(shown.says).toMatch(
      /TTR (19|20|21) s sooner with cure where both recovered; recovered in 10 of 10 with cure, 6 of 10 with nuclear \(95 %/,
    );
  });

  it('gives no p for five blocks, says how many are needed, and what was seen', () => {
    const few = one(around(5, 40_000, 100), around(5, 60_000, 100));
    expect(few.kind).toBe('too-few');
    expect(timesOf(few)[0].p).toBeUndefined();
    expect(few.says).toMatch(
      /^cure and nuclear: 5 blocks are too few, at least 6 are needed: downtime seen: 20 s less with cure; about 6 blocks would show 5\.0 s; /,
    );
    expect(one([], [])).toMatchObject({ kind: 'no-data', says: 'cure and nuclear: no block in which both were valid' });
    expect(one([at(1000)], [at(2000)]).says).toContain('1 block is too few');
    const four = ['a', 'b', 'c', 'd'].map((id, i) => arm(id, around(5, 40_000 + 20_000 * i, 100)));
    expect(timesOf(first(comparePairs(four, question)))[0].leastBlocks).toBe(7);
  });

  it('refuses a verdict when the environments differ, and still has the numbers', () => {
    const refused = one(around(10, 40_000, 100), around(10, 60_000, 100), { refused: true });
    expect(refused).toMatchObject({ kind: 'refused', says: 'cure and nuclear: no verdict, the environments differ' });
    for (const time of refused.times) {
      expect(time.p).toBeUndefined();
      expect(time.interval).toBeUndefined();
    }
    expect(timesOf(refused)[1].sideB?.meanMs).toBeCloseTo(60_000, -2);
  });
});

describe('two runs', () => {
  it('adjusts by Holm over all runbooks and both times, each with its weight', () => {
    const single = samplesOf('cure', around(6, 40_000, 100), around(6, 60_000, 100));
    const other = samplesOf('nuclear', around(6, 40_000, 9000), around(6, 41_000, 9000));
    const [alone] = compareSamples([single], question);
    // 2 of the 924 deals of twelve values.
    expect(alone?.times[0]).toMatchObject({ p: 0.002165, pAdjusted: 0.002706 });
    const [two] = compareSamples([single, other], question);
    expect(two?.times[0]).toMatchObject({ p: 0.002165, pAdjusted: 0.005411 });
    expect(two?.kind).toBe('faster');
  });

  it('is of those that came back, and of how many did', () => {
    const worse = first(
      compareSamples(
        [samplesOf('cure', around(10, 40_000, 3000), [...around(7, 60_000, 3000), ...nevers(3)])],
        question,
      ),
    );
    expect(worse.times[1]).toMatchObject({ kind: 'faster', sideA: { events: 10 }, sideB: { events: 7, n: 10 } });
    expect(worse.times[1]?.differenceMs).toBeCloseTo(20_000, -4);
    expect(worse.times[1]?.restrictedMs).toBeGreaterThan(60_000);
  });
});

describe.each(Object.entries(designs))('properties: %s', (_design, ask) => {
  it('the order of blocks does not matter', () => {
    for (let run = 0; run < 6; run++) {
      const pairs = around(9, 40_000, 9000).map((t, i) => [t, at(45_000 + jitter(9000) + i, 400)] as const);
      const mixed = shuffled(pairs, random);
      const of = (list: typeof pairs): Comparison =>
        ask(
          list.map(([x]) => x),
          list.map(([, y]) => y),
        );
      expect(of([...mixed])).toEqual(of(pairs));
    }
  });

  it('changing places mirrors everything', () => {
    for (let run = 0; run < 6; run++) {
      const [x, y] = [around(9, 40_000, 9000), around(9, 46_000, 9000)];
      const [forth, back] = [ask(x, y), ask(y, x)];
      const mirror: Partial<Record<Comparison['kind'], string>> = { faster: 'slower', slower: 'faster' };
      expect(back.kind).toBe(mirror[forth.kind] ?? forth.kind);
      back.times.forEach((time, i) => {
        const other = forth.times[i];
        expect(time.differenceMs).toBe(0 - (other?.differenceMs ?? 0));
        expect(time.pAdjusted).toBe(other?.pAdjusted);
        expect(time.interval?.lo).toBeCloseTo(-(other?.interval?.hi ?? 0), -1);
        expect(time.minimumEffectMs).toBe(other?.minimumEffectMs);
      });
    }
  });

  it('adding the same to all changes no difference', () => {
    const later = (blocks: readonly ArmBlock[]): readonly ArmBlock[] => blocks.map((b) => at(b.ttr.time + 1000));
    const [x, y] = [around(9, 20_000, 9000), around(9, 26_000, 9000)];
    const [now, then] = [ask(x, y), ask(later(x), later(y))];
    now.times.forEach((time, i) => {
      for (const key of ['differenceMs', 'p', 'kind', 'resolutionMs'] as const)
        expect(then.times[i]?.[key]).toEqual(time[key]);
      expect(then.times[i]?.interval?.lo).toBeCloseTo(time.interval?.lo ?? 0, -1);
    });
  });

  it('is wrong about as seldom as it says', () => {
    let wrong = 0;
    for (let run = 0; run < 300; run++) {
      const { kind } = ask(around(8, 40_000, 30_000), around(8, 40_000, 30_000));
      if (kind === 'faster' || kind === 'slower' || kind === 'mixed') wrong++;
    }
    expect(wrong / 300).toBeLessThan(0.08);
  });
});

it('an instant that is less well known has a greater p and a wider interval', () => {
  const [a, b] = [around(10, 40_000, 8000, 0), around(10, 50_000, 8000, 0)];
  const blurred = (blocks: readonly ArmBlock[]): readonly ArmBlock[] =>
    blocks.map((block): ArmBlock => ({
      ...block,
      ttr: ((t: ObservedTime): ObservedTime => ({ ...t, lo: t.time - 2000, hi: t.time + 2000 }))(block.ttr),
    }));
  const [, clear] = timesOf(one(a, b));
  const [, vague] = timesOf(one(blurred(a), blurred(b)));
  expect(vague.p).toBeGreaterThan(clear.p ?? 1);
  expect(vague.interval?.lo).toBe((clear.interval?.lo ?? 0) - 4000);
  expect(vague.interval?.hi).toBe((clear.interval?.hi ?? 0) + 4000);
});

import { describe, expect, it } from 'vitest';
import { seeded, shuffled } from '../model/random.ts';
import { compare, type Asked, type Comparison, type Question } from './comparison.ts';
import type { ObservedTime } from './observed.ts';

const asked: Asked = { horizonMs: 240_000, seed: 1, refused: false, sooner: 'is faster than', unit: 'block' };
const random = seeded(21);

/** Known to ± `known`. */
const at = (time: number, known = 250): ObservedTime => ({ event: true, lo: time - known, time, hi: time + known });
const never: ObservedTime = { event: false, lo: 240_000, time: 240_000, hi: 240_000 };
const jitter = (spread: number): number => Math.round((random() - random()) * spread);
const around = (n: number, middle: number, spread: number): readonly ObservedTime[] =>
  Array.from({ length: n }, () => at(middle + jitter(spread)));
const ask = (
  timesA: readonly ObservedTime[],
  timesB: readonly ObservedTime[],
  change: Partial<Question> = {},
): Question => ({
  a: 'cure',
  b: 'nuclear',
  design: 'paired',
  timesA,
  timesB,
  ...change,
});
const one = (question: Question, change: Partial<Asked> = {}): Comparison => {
  const [comparison] = compare([question], { ...asked, ...change });
  if (comparison === undefined) throw new Error('no comparison');
  return comparison;
};

describe('compare', () => {
  it('shows a difference with its size, interval and p', () => {
    const shown = one(ask(around(10, 40_000, 3000), around(10, 60_000, 3000)));
    expect(shown).toMatchObject({ kind: 'faster', p: 0.001953, resolutionMs: 500 });
    expect(shown.interval?.lo).toBeGreaterThan(15_000);
    expect(shown.interval?.hi).toBeLessThan(25_000);
    expect(shown.says).toMatch(/^cure is faster than nuclear by (19|20|21) s \(95 %: 1\d s to 2\d s; p 0\.002\)$/);
  });

  it('says "not shown" with the blocks it would take', () => {
    const hidden = one(ask(around(10, 40_000, 12_000), around(10, 42_000, 12_000)));
    expect(hidden.kind).toBe('not-shown');
    expect(hidden.says).toMatch(
      /^no difference shown between cure and nuclear \(seen: .*; p 0\.\d+\); about \d+ blocks would be needed to show the minimum effect of 5\.0 s$/,
    );
    expect(hidden.blocksNeeded).toBeGreaterThan(10);
  });

  it('does not call a difference that would not matter faster', () => {
    const small = one(ask(around(10, 40_000, 500), around(10, 43_000, 500)));
    expect(small).toMatchObject({ kind: 'below-minimum', p: 0.001953 });
    expect(small.says).toContain('less than the 5.0 s that would matter');
  });

  it('asks for a tenth of the slower mean, and for twice what the instants are known to', () => {
    expect(one(ask(around(10, 40_000, 10), around(10, 80_000, 10))).minimumEffectMs).toBeCloseTo(8000, -2);
    const blurred = one(
      ask(
        around(10, 40_000, 10).map((t) => at(t.time, 8000)),
        around(10, 52_000, 10).map((t) => at(t.time, 8000)),
      ),
    );
    expect(blurred.minimumEffectMs).toBe(32_000);
  });

  it('says "not resolvable" when the ends of the instants decide which is sooner', () => {
    const blurred = one(
      ask(
        around(10, 40_000, 10).map((t) => at(t.time, 8000)),
        around(10, 52_000, 10).map((t) => at(t.time, 8000)),
      ),
    );
    expect(blurred.kind).toBe('not-resolvable');
    expect(blurred.says).toContain('± 16 s');
    // The same middles, sharply seen, are told apart.
    expect(one(ask(around(10, 40_000, 10), around(10, 52_000, 10))).kind).toBe('faster');
  });

  it('takes the greatest p and the widest interval of both ends', () => {
    const [a, b] = [around(10, 40_000, 8000), around(10, 50_000, 8000)];
    const sharp = (times: readonly ObservedTime[]): readonly ObservedTime[] => times.map((t) => at(t.time, 0));
    const blurred = (times: readonly ObservedTime[]): readonly ObservedTime[] => times.map((t) => at(t.time, 2000));
    const [clear, vague] = [one(ask(sharp(a), sharp(b))), one(ask(blurred(a), blurred(b)))];
    expect(vague.p).toBeGreaterThan(clear.p ?? 1);
    expect(vague.interval?.lo).toBe((clear.interval?.lo ?? 0) - 4000);
    expect(vague.interval?.hi).toBe((clear.interval?.hi ?? 0) + 4000);
  });

  it('counts what never recovered with the horizon', () => {
    const wait = Array.from({ length: 8 }, () => never);
    const shown = one(ask(around(8, 40_000, 3000), wait));
    expect(shown).toMatchObject({ kind: 'faster', sideB: { n: 8, events: 0, meanMs: 240_000 } });
    expect(one(ask(wait, wait))).toMatchObject({ kind: 'neither', differenceMs: 0 });
    expect(one(ask(wait, wait)).says).toBe('cure and nuclear: neither within 4 min');
  });

  it('gives no p for five blocks, says how many are needed, and what was seen', () => {
    const few = one(ask(around(5, 40_000, 100), around(5, 60_000, 100)));
    expect(few).toMatchObject({ kind: 'too-few' });
    expect(few.p).toBeUndefined();
    expect(few.says).toMatch(
      /^cure and nuclear: 5 blocks can show nothing, at least 6 are needed \(seen: cure is faster/,
    );
    expect(few.says).toMatch(/about 6 blocks would show the minimum effect of 6\.0 s$/);
    expect(few.leastBlocks).toBe(6);
    expect(one(ask([], [])).kind).toBe('no-data');
    expect(one(ask([at(1000)], [at(2000)])).says).toContain('1 block can show');
  });

  it('refuses a verdict when the environments differ, and still has the numbers', () => {
    const refused = one(ask(around(10, 40_000, 100), around(10, 60_000, 100)), { refused: true });
    expect(refused).toMatchObject({ kind: 'refused', says: 'cure and nuclear: no verdict, the environments differ' });
    expect(refused.p).toBeUndefined();
    expect(refused.interval).toBeUndefined();
    expect(refused.sideB?.meanMs).toBeCloseTo(60_000, -2);
  });

  it('asks more of each when more is asked together', () => {
    const single = ask(around(6, 40_000, 100), around(6, 60_000, 100));
    expect(one(single).kind).toBe('faster');
    const [first] = compare([single, single], asked);
    expect(first).toMatchObject({ kind: 'not-shown', p: 2 / 64, pAdjusted: 4 / 64, blocksNeeded: 7 });
  });
});

describe.each(['paired', 'two-sample'] as const)('properties: %s', (design) => {
  const numbers = (c: Comparison) => ({ ...c, says: '' });

  it('the order of blocks does not matter', () => {
    for (let run = 0; run < 10; run++) {
      const pairs = around(9, 40_000, 9000).map((t, i) => [t, at(45_000 + jitter(9000) + i, 400)] as const);
      const mixed = shuffled(pairs, random);
      const of = (list: readonly (readonly [ObservedTime, ObservedTime])[]) =>
        ask(
          list.map(([x]) => x),
          list.map(([, y]) => y),
          { design },
        );
      expect(one(of(mixed))).toEqual(one(of(pairs)));
    }
  });

  it('changing names mirrors everything', () => {
    for (let run = 0; run < 10; run++) {
      const [x, y] = [around(9, 40_000, 9000), around(9, 46_000, 9000)];
      const forth = one(ask(x, y, { design }));
      const back = one(ask(y, x, { design, a: 'nuclear', b: 'cure' }));
      expect(back.differenceMs).toBe(-(forth.differenceMs ?? 0));
      expect(back.p).toBe(forth.p);
      expect(back.interval?.lo).toBeCloseTo(-(forth.interval?.hi ?? 0), -1);
      expect(back.minimumEffectMs).toBe(forth.minimumEffectMs);
      const mirror = { faster: 'slower', slower: 'faster' } as const;
      expect(back.kind).toBe(forth.kind === 'faster' || forth.kind === 'slower' ? mirror[forth.kind] : forth.kind);
    }
  });

  it('adding the same to all changes no difference', () => {
    const later = (times: readonly ObservedTime[]): readonly ObservedTime[] => times.map((t) => at(t.time + 1000));
    const [x, y] = [around(9, 20_000, 9000), around(9, 26_000, 9000)];
    const [now, then] = [numbers(one(ask(x, y, { design }))), numbers(one(ask(later(x), later(y), { design })))];
    for (const key of ['differenceMs', 'p', 'kind', 'resolutionMs'] as const) expect(then[key]).toEqual(now[key]);
    expect(then.interval?.lo).toBeCloseTo(now.interval?.lo ?? 0, -1);
  });

  it('is wrong about as seldom as it says', () => {
    let wrong = 0;
    for (let run = 0; run < 300; run++) {
      const question = ask(around(8, 40_000, 30_000), around(8, 40_000, 30_000), { design });
      const { kind } = one(question);
      if (kind === 'faster' || kind === 'slower') wrong++;
    }
    expect(wrong / 300).toBeLessThan(0.08);
  });
});

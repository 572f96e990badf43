import { describe, expect, it } from 'vitest';
import { seeded, shuffled } from '../model/random.ts';
import { blockBootstrap, bootstrapLeast, twoSampleBootstrap } from './bootstrap.ts';

const random = seeded(8);
const horizon = 120_000;
/** A time to recover with a long tail, in whole ms, censored at the horizon about once in fifteen. */
const recovery = (): number => Math.min(horizon, Math.round(40_000 * Math.exp(0.7 * normal())));
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const blocksOf = (n: number, value = recovery): readonly (readonly number[])[] =>
  Array.from({ length: n }, () => [value()]);

describe('blockBootstrap', () => {
  it('is not there below ten blocks; empty blocks do not count', () => {
    expect(blockBootstrap(blocksOf(bootstrapLeast - 1), 1)).toBeUndefined();
    expect(blockBootstrap([...blocksOf(bootstrapLeast - 1), []], 1)).toBeUndefined();
    expect(blockBootstrap(blocksOf(bootstrapLeast), 1)).toBeDefined();
  });

  it('is the same for the same seed and any order; moves and stretches with the values', () => {
    const blocks = blocksOf(12);
    const bounds = blockBootstrap(blocks, 1) ?? { lo: 0, hi: 0 };
    expect(blockBootstrap(shuffled(blocks, random), 1)).toEqual(bounds);
    expect(blockBootstrap(blocks, 2)).not.toEqual(bounds);
    const moved = blockBootstrap(
      blocks.map((b) => b.map((v) => 2 * v + 3000)),
      1,
    );
    expect(moved?.lo).toBeCloseTo(2 * bounds.lo + 3000, 4);
    expect(moved?.hi).toBeCloseTo(2 * bounds.hi + 3000, 4);
  });

  it('draws whole blocks: what is alike within them adds nothing', () => {
    const single = blocksOf(10);
    const double = single.map(([v = 0]) => [v, v]);
    expect(blockBootstrap(double, 1)).toEqual(blockBootstrap(single, 1));
    const apart = double.flat().map((v) => [v]);
    const width = (b: { lo: number; hi: number } | undefined): number => (b === undefined ? 0 : b.hi - b.lo);
    expect(width(blockBootstrap(apart, 1))).toBeLessThan(0.8 * width(blockBootstrap(double, 1)));
  });

  it('is as wide as the t interval for even values, wider than the plain percentiles', () => {
    const blocks = Array.from({ length: 10 }, (_, i) => [i * 1000]);
    const { lo, hi } = blockBootstrap(blocks, 4, 20_000) ?? { lo: 0, hi: 0 };
    // sd 3027.65, t(9) 2.262157: 4500 ± 2166; the plain percentiles give ± 1780.
    expect((hi - lo) / 2).toBeGreaterThan(1950);
    expect((hi - lo) / 2).toBeLessThan(2250);
  });

  it('has no width where nothing recovered', () => {
    expect(
      blockBootstrap(
        blocksOf(10, () => horizon),
        1,
      ),
    ).toEqual({ lo: horizon, hi: horizon });
  });

  // docs/measurement.md has the coverage of more rounds and blocks.
  it('covers the truth nearly as often as it says, with a long tail cut at the horizon', () => {
    let truth = 0;
    for (let i = 0; i < 200_000; i++) truth += recovery() / 200_000;
    let covered = 0;
    for (let run = 0; run < 400; run++) {
      const bounds = blockBootstrap(blocksOf(10), run, 400);
      if (bounds !== undefined && bounds.lo <= truth && truth <= bounds.hi) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.88);
  });
});

describe('twoSampleBootstrap', () => {
  it('changes its sign with the names, and nothing with the order', () => {
    const [a, b] = [blocksOf(10), blocksOf(14)];
    const bounds = twoSampleBootstrap(a, b, 1) ?? { lo: 0, hi: 0 };
    const mirrored = twoSampleBootstrap(b, a, 1) ?? { lo: 0, hi: 0 };
    expect(mirrored.lo).toBeCloseTo(-bounds.hi, 6);
    expect(mirrored.hi).toBeCloseTo(-bounds.lo, 6);
    expect(twoSampleBootstrap(shuffled(a, random), shuffled(b, random), 1)).toEqual(bounds);
    expect(twoSampleBootstrap(blocksOf(9), b, 1)).toBeUndefined();
  });
});

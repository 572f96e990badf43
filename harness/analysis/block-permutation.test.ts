import { describe, expect, it } from 'vitest';
import { seeded } from '../model/random.ts';
import { blockPermutation } from './block-permutation.ts';
import { signFlip } from './permutation.ts';

const random = seeded(31);
const some = (n: number, middle = 0): readonly number[] =>
  Array.from({ length: n }, () => Math.round(middle + (random() - random()) * 20_000));

describe('blockPermutation', () => {
  // Python, itertools.product of the permutations of every block: how many have max over pairs of (Σd)² / Σd² at least as observed.
  it.each([
    [
      162 / 7776,
      [
        [41, 37, 52, 46, 44],
        [47, 43, 60, 58, 49],
        [55, 40, 66, 51, 70],
      ],
    ],
    [
      96 / 1296,
      [
        [41, 37, 52, 46],
        [47, 43, 60, 58],
        [55, 40, 66, 51],
      ],
    ],
    // Where an arm has no value its block is dealt out among the others.
    [
      48 / 864,
      [
        [41, 37, 52, 46, 44],
        [47, 43, 60, 58, NaN],
        [55, NaN, 66, 51, 70],
      ],
    ],
  ])('counts all arrangements: %d', (p, rows) => {
    expect(blockPermutation(rows, 1).p).toBeCloseTo(p, 12);
  });

  it('is the sign-flip test of two arms, in the blocks that have both', () => {
    const [a, b] = [some(9), some(9, 9000)];
    const p = signFlip(a.map((v, i) => (b[i] ?? 0) - v));
    expect(blockPermutation([a, b], 1)).toEqual({ p, least: 2 / 512 });
    expect(
      blockPermutation(
        [
          [...a, NaN],
          [...b, 5],
        ],
        1,
      ).p,
    ).toBe(p);
  });

  it('draws where there are too many to count: about the same p, and always the same', () => {
    const rows = [some(6), some(6, 3000), some(6, 9000)];
    const { p } = blockPermutation(rows, 1);
    // A block in which all are alike changes nothing; one with a hair of difference makes it draw.
    const more = rows.map((row, i) => [...row, i * 0.001]);
    const sample = blockPermutation(more, 1);
    expect(Math.abs(sample.p - p)).toBeLessThan(0.03);
    expect(blockPermutation(more, 2)).toEqual(sample);
    expect(
      blockPermutation(
        rows.map((row) => [...row, 7]),
        1,
      ).p,
    ).toBeCloseTo(p, 12);
  });

  it('is not misled by an arm that scatters: two steady ones are as far apart as before', () => {
    const steady = Array.from({ length: 9 }, (_, i) => 40_000 + i * 10);
    const later = steady.map((v, i) => v + 5000 + (i % 3) * 300);
    const wild = steady.map((_, i) => (i % 2 === 0 ? 20_000 : 120_000));
    expect(blockPermutation([steady, later], 1).p).toBe(2 / 512);
    expect(blockPermutation([steady, later, wild], 1).p).toBeLessThan(0.02);
  });

  it('knows the least that it could come to', () => {
    // Three arms, two blocks: 36 arrangements, six of them always the same distances.
    const rows = [
      [1, 1],
      [2, 2],
      [3, 3],
    ];
    expect(blockPermutation(rows, 1).least).toBeCloseTo(6 / 36, 12);
    const never = [1, 2, 3].map(() => [240, 240, 240]);
    expect(blockPermutation(never, 1)).toEqual({ p: 1, least: 1 });
  });

  it('deals neighbours together beyond 32 blocks, and sees the same', () => {
    const [a, b, c] = [some(200), some(200), some(200, 4000)];
    expect(blockPermutation([a, b, c], 1).p).toBeLessThan(0.01);
    expect(blockPermutation([a, b, some(200)], 1).p).toBeGreaterThan(0.01);
  });

  it.each([
    [3, 6],
    [4, 8],
    [3, 90],
  ])('is wrong about as seldom as it says: %i arms, %i blocks', (arms, blocks) => {
    let wrong = 0;
    for (let run = 0; run < 300; run++) {
      const rows = Array.from({ length: arms }, () => some(blocks));
      if (blockPermutation(rows, run).p <= 0.05) wrong++;
    }
    expect(wrong / 300).toBeLessThan(0.08);
    expect(wrong / 300).toBeGreaterThan(0.02);
  });
});

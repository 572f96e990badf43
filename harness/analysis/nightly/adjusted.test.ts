import { describe, expect, it } from 'vitest';
import { adjusted } from './judged.ts';

const arm = (downtime: number, ttr: number) => [
  { p: downtime, weight: 0.8 },
  { p: ttr, weight: 0.2 },
];
const alone = (p: number) => [{ p, weight: 1 }];

/**
 * Golden values: closed testing by its definition, all intersections tried, in Python. With arms = [[(p, weight), ...], ...] and
 * H = [(a, i) for a, t in enumerate(arms) for i in range(len(t))]:
 *   def test(J): return min(1, *(arms[a][i][0] * len({b for b, _ in J}) * sum(arms[b][k][1] for b, k in J if b == a) / arms[a][i][1] for a, i in J))
 *   max(test(J) for r in range(1, len(H) + 1) for J in itertools.combinations(H, r) if (a, i) in J)
 */
describe('p of several times of several arms', () => {
  it.each([
    ['the other time of an arm has its whole error once one is shown', [arm(0.004, 0.03)], [[0.005, 0.03]]],
    ['whichever is shown first', [arm(0.004, 0.001)], [[0.005, 0.005]]],
    [
      'an arm waits for the other',
      [arm(0.004, 0.03), arm(0.2, 0.0004)],
      [
        [0.01, 0.06],
        [0.2, 0.004],
      ],
    ],
    [
      'nine blocks all one way, beside an arm with nothing',
      [arm(0.0039, 0.0039), arm(0.5, 0.6)],
      [
        [0.00975, 0.00975],
        [0.625, 0.625],
      ],
    ],
    [
      'three arms',
      [arm(0.011, 0.002), arm(0.004, 0.3), arm(0.02, 0.0001)],
      [
        [0.033, 0.03],
        [0.015, 0.3],
        [0.04, 0.0015],
      ],
    ],
    ['one time an arm: Holm', [0.01, 0.04, 0.03, 0.005].map(alone), [[0.03], [0.06], [0.06], [0.02]]],
    ['an arm without one of them', [arm(0.003, 0.009), alone(0.002)], [[0.004, 0.009], [0.004]]],
    ['nothing', [], []],
  ])('%s', (_name, arms, golden) => {
    const got = adjusted(arms);
    expect(got.map((row) => row.map((p) => Number(p.toFixed(6))))).toEqual(golden);
  });
});

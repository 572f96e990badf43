import { describe, expect, it } from 'vitest';
import { alertSpans, type Evaluation } from './state.ts';

const one = { alertname: 'A', pod: 'x' };
const there: Evaluation = new Map([['x', one]]);
const gone: Evaluation = new Map();

/** Evaluations every 10 s: `#` has a result, `.` has none, `_` did not take place. */
function run(pattern: string, forMs = 0, keepFiringForMs = 0) {
  const evaluations = Array.from(pattern).flatMap((c, i) =>
    c === '_' ? [] : [[i * 10_000, c === '#' ? there : gone] as const],
  );
  return alertSpans(evaluations, { forMs, keepFiringForMs }).map(({ activeMs, firedMs, endedMs }) =>
    [activeMs, firedMs, endedMs].map((ms) => (ms === undefined ? '-' : ms / 10_000)).join(' '),
  );
}

describe('an alert', () => {
  it('without for fires at its first evaluation', () => {
    expect(run('..##..')).toEqual(['2 2 4']);
  });
  it('is pending until it has been there for as long as it must', () => {
    expect(run('.#####', 30_000)).toEqual(['1 4 -']);
    expect(run('.###.###', 30_000)).toEqual(['1 - 4', '5 - -']);
  });
  it('begins anew after one evaluation without a result', () => {
    expect(run('####.####', 20_000)).toEqual(['0 2 4', '5 7 -']);
  });
  it('counts time, not evaluations: one that did not take place ends nothing', () => {
    expect(run('#__#', 30_000)).toEqual(['0 3 -']);
  });
  it('keeps firing for a while, from the first evaluation without a result', () => {
    expect(run('#.....', 0, 20_000)).toEqual(['0 0 3']);
    expect(run('#.#...', 0, 20_000)).toEqual(['0 0 5']);
    expect(run('#.....', 10_000, 20_000)).toEqual(['0 - 1']);
  });
  it('of another label set is another alert', () => {
    const both: Evaluation = new Map([...there, ['y', { alertname: 'A', pod: 'y' }]]);
    const spans = alertSpans(
      [
        [0, there],
        [1, both],
        [2, gone],
      ],
      { forMs: 1, keepFiringForMs: 0 },
    );
    expect(spans.map(({ labels, firedMs }) => [labels['pod'], firedMs])).toEqual([
      ['x', 1],
      ['y', undefined],
    ]);
  });
});

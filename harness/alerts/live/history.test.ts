import { expect, it } from 'vitest';
import { alertHistory } from './history.ts';

const zeroEpochMs = 1_000_000;
const at = (...seconds: number[]): readonly number[] => seconds.map((s) => zeroEpochMs + s * 1000);
const history = (series: readonly (readonly [state: string, timesMs: readonly number[]])[]) =>
  alertHistory(
    series.map(([alertstate, timesMs]) => ({
      labels: { __name__: 'ALERTS', alertname: 'NodeDown', alertstate, node: 'worker' },
      timesMs,
    })),
    { zeroEpochMs, evaluationMs: 4000 },
  );

it('finds when an alert was pending, firing and seen last', () => {
  expect(
    history([
      ['pending', at(10, 14, 18)],
      ['firing', at(22, 26)],
    ]),
  ).toEqual([
    {
      type: 'alert',
      alertname: 'NodeDown',
      labels: { node: 'worker' },
      pendingMs: 10_000,
      firingMs: 22_000,
      lastMs: 26_000,
    },
  ]);
});

it('knows an alert that was pending only, and one that fired at once', () => {
  const [pending] = history([['pending', at(10, 14)]]);
  expect(pending).toMatchObject({ pendingMs: 10_000, lastMs: 14_000 });
  expect(pending).not.toHaveProperty('firingMs');
  const [firing] = history([['firing', at(10, 14)]]);
  expect(firing).toMatchObject({ firingMs: 10_000 });
  expect(firing).not.toHaveProperty('pendingMs');
});

it('keeps two times apart, and bridges an evaluation that was late', () => {
  const found = history([['firing', at(0, 4, 12, 40, 44)]]);
  expect(found.map(({ firingMs, lastMs }) => [firingMs, lastMs])).toEqual([
    [0, 12_000],
    [40_000, 44_000],
  ]);
});

it('leaves out what was over before the trial began', () => {
  expect(history([['firing', at(-20, -16)]])).toEqual([]);
});

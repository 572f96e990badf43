import { describe, expect, it } from 'vitest';
import type { TrialRecord } from '../model/record.ts';
import { timeSpent } from './time-spent.ts';

type Step = TrialRecord['steps'][number];

const step = (name: string, fromMs: number, toMs: number, part = 'runbook'): Step => ({
  part,
  name,
  fromMs,
  toMs,
  ok: true,
});
const record = (steps: readonly Step[], ttr: TrialRecord['ttr'] = { lo: 100_000, hi: 100_000 }): TrialRecord =>
  ({ onset: { lo: 9000, hi: 11_000 }, ttr, steps }) as unknown as TrialRecord;

describe('where the time went', () => {
  it('adds up to the time to recover, in order, small steps together', () => {
    const spent = timeSpent(
      record([
        step('break it', 9000, 10_000, 'inject'),
        step('look', 25_000, 26_000),
        step('reboot', 26_000, 65_000),
        step('look again', 66_000, 67_000),
        step('renew', 67_000, 100_000),
      ]),
    );
    expect(spent).toEqual([
      { what: 'before the runbook began', ms: 15_000 },
      { what: 'reboot', ms: 40_000 },
      { what: 'renew', ms: 33_000 },
      { what: '2 shorter steps', ms: 2000 },
      { what: 'until service was stable', ms: 10_000 },
    ]);
    expect(spent?.reduce((sum, { ms }) => sum + ms, 0)).toBe(100_000);
  });

  it('leaves out what was done after the recovery, and names a single short step', () => {
    expect(
      timeSpent(record([step('look', 25_000, 25_100), step('cure', 25_100, 120_000), step('tidy', 120_000, 130_000)])),
    ).toEqual([
      { what: 'before the runbook began', ms: 15_000 },
      { what: 'cure', ms: 84_900 },
      { what: 'look', ms: 100 },
    ]);
  });

  it('is nothing where nothing recovered, or nobody had a part in it', () => {
    expect(timeSpent(record([step('cure', 25_000, 30_000)], { censored: true, at: 180_000 }))).toBeUndefined();
    expect(timeSpent(record([step('break it', 9000, 10_000, 'inject')]))).toBeUndefined();
    expect(timeSpent({ ...record([]), onset: undefined } as unknown as TrialRecord)).toBeUndefined();
  });
});

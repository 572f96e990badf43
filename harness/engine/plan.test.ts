import { describe, expect, it } from 'vitest';
import type { Plan, PlannedTrial } from '../model/plan.ts';
import { repeatOf } from './plan.ts';
import type { Outcome } from '../model/outcome.ts';
import { exitCodeOfTrials } from './outcomes.ts';

const trial = (n: number): PlannedTrial => ({ id: `wait-${n}`, block: n, runbook: 'wait', seed: n });
const planOf = (trials: readonly PlannedTrial[]): Plan => ({
  schemaVersion: 1,
  runId: 'r',
  scenario: 's',
  profile: 'fast',
  seed: 1,
  createdEpochMs: 0,
  trials,
  outage: { title: '', source: '', date: '', says: [], undetectedMs: 0, recoveryMs: 0 },
  fidelity: 'real',
  differences: [],
  runbooks: [],
  horizonMs: 1,
  holdMs: 1,
});
const six = [1, 2, 3, 4, 5, 6].map(trial);

describe('repeatOf', () => {
  it('makes up for an invalid trial in its block, with a phase of its own, the same each time', () => {
    const again = repeatOf(planOf(six), trial(3));
    expect(again).toMatchObject({ id: 'wait-3-again', block: 3, runbook: 'wait', repeats: 'wait-3' });
    expect(again?.seed).not.toBe(3);
    expect(repeatOf(planOf(six), trial(3))).toEqual(again);
  });

  it('runs one alone again, too', () => {
    expect(repeatOf(planOf([trial(1)]), trial(1))).toBeDefined();
  });

  it('never repeats a repetition, and a fifth of the plan at most', () => {
    const grown = [...six];
    for (const n of [1, 2]) {
      const again = repeatOf(planOf(grown), trial(n));
      if (again === undefined) throw new Error(`trial ${n} is not repeated`);
      expect(repeatOf(planOf(six), again)).toBeUndefined();
      grown.push(again);
    }
    expect(repeatOf(planOf(grown), trial(3))).toBeUndefined();
  });
});

describe('exitCodeOfTrials', () => {
  const one = (outcome: Outcome) => ({ trialId: outcome, outcome, claim: { says: '', expect: 'recovers' } }) as const;
  const code = (outcomes: readonly Outcome[], repeats: Outcome = 'recovered') =>
    exitCodeOfTrials({ trials: [{}, { repeats }] }, outcomes.map(one));

  it('is 1 for a cure that is none, 4 for a gap that nothing fills, 0 for one that is filled', () => {
    expect(code(['recovered', 'not-recovered', 'invalid'])).toBe(1);
    expect(code(['recovered', 'invalid'])).toBe(4);
    expect(code(['recovered', 'invalid'], 'invalid')).toBe(0);
  });
});

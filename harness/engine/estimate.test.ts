import { describe, expect, it } from 'vitest';
import type { TrialRecord } from '../model/record.ts';
import type { Plan } from '../model/plan.ts';
import { untilNextLook } from './estimate.ts';

const trials = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((block) =>
  ['cure', 'wait'].map((runbook) => ({ id: `${runbook}-${block}`, block, runbook, seed: 1 })),
);
const looks = [
  { blocks: 6, level: 0.04 },
  { blocks: 8, level: 0.02 },
];
const plan = (decide: boolean) => ({ trials, comparison: { arms: ['cure', 'wait'], looks, decide, dropAfter: 2 } });
const scenario = {
  runbooks: [
    { runbook: { id: 'cure' }, claim: { expect: 'recovers' } },
    { runbook: { id: 'wait' }, claim: { expect: 'does-not-recover' } },
  ],
} as unknown as Parameters<typeof untilNextLook>[2];
const need = (decide: boolean, done: readonly string[] = []) =>
  untilNextLook(
    plan(decide) as unknown as Plan,
    done.map((trialId) => ({ trialId })) as unknown as readonly TrialRecord[],
    scenario,
  );

describe('the trials up to the next look', () => {
  it('are those of the fixes, and of the others until they may be dropped', () => {
    expect(need(true)).toEqual(['cure-1', 'wait-1', 'cure-2', 'wait-2', 'cure-3', 'cure-4', 'cure-5', 'cure-6']);
  });

  it('go on to the look after one that decided nothing', () => {
    const six = trials.filter(({ block }) => block <= 6).map(({ id }) => id);
    expect(need(true, six)).toContain('cure-8');
  });

  it('are all where nothing is to be decided', () => {
    expect(need(false)).toHaveLength(trials.length);
  });
});

import { describe, expect, it } from 'vitest';
import type { Plan, PlannedComparison } from '../model/plan.ts';
import { isWanted } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { decide, watchOf, wholeBlocks } from './decision.ts';
import { looksFor } from './sample-size.ts';
import { levelOf, lookedAt } from './race.ts';
import { buildLog } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import { analyseTrial } from './record.ts';

const comparison: PlannedComparison = {
  arms: ['wait', 'cure', 'nuclear'],
  endpoints: ['downtime', 'ttr'],
  looks: looksFor(20),
  decide: true,
  dropAfter: 2,
  confirmMs: 300_000,
};
const plan = planOf(20, { comparison });

/** A trial of an arm: back after so long; never where that is undefined. */
function trial(arm: string, block: number, ttrMs?: number, change: Partial<TrialRecord> = {}): TrialRecord {
  const goodMs = ttrMs === undefined ? 1e9 : 30_500 + ttrMs;
  const base = analyseTrial(
    buildLog({
      trialId: `${arm}-${String(block)}`,
      runbook: arm,
      probes: [{ sli: 'dns', outages: [[32_000, goodMs]] }],
      steps: arm === 'wait' ? [] : [{ name: 'restart', fromMs: 61_000, toMs: 62_000 }],
      audits: [{ store: 'ledger' }],
      endMs: ttrMs === undefined ? 290_000 : goodMs + 40_000,
    }),
  );
  return { ...base, ...change };
}

/** So many whole blocks: `cure` is back after 40 s, `nuclear` 25 s later, `wait` never; what `given` says otherwise. */
function blocks(of: Plan, count: number, nuclearMs: (block: number) => number = () => 65_000): readonly TrialRecord[] {
  return of.trials
    .filter((t) => t.block <= count && isWanted(of, t))
    .map(({ runbook, block }) => {
      if (runbook === 'wait') return trial('wait', block);
      const ms = runbook === 'cure' ? 40_000 + 300 * block : nuclearMs(block);
      return trial(runbook, block, ms, runbook === 'cure' && block === 3 ? { watchedStableMs: 301_000 } : {});
    });
}

describe('a run that is to be decided', () => {
  it('is not judged in the middle of a block', () => {
    const records = blocks(plan, 2).slice(0, -1);
    expect(wholeBlocks(plan, records)).toBe(1);
    expect(decide(plan, records)).toEqual({ dropped: [] });
  });

  it('drops what never recovered in two blocks, where something else always did', () => {
    const { dropped, decided } = decide(plan, blocks(plan, 2));
    expect(dropped).toEqual([{ arm: 'wait', afterBlock: 2, why: 'recovered in 0 of 2, cure in 2 of 2' }]);
    expect(decided).toBeUndefined();
    const then = { ...plan, dropped };
    expect(then.trials.filter((t) => isWanted(then, t) && t.runbook === 'wait').map(({ id }) => id)).toEqual([
      'wait-1',
      'wait-2',
    ]);
    expect(decide(then, blocks(plan, 2))).toEqual({ dropped: [] });
  });

  it('drops nothing after one block, nor where nothing always recovered', () => {
    expect(decide(plan, blocks(plan, 1)).dropped).toEqual([]);
    const flaky = blocks(plan, 2).map((r) =>
      r.runbook === 'wait' || r.trialId.endsWith('-1') ? r : trial(r.runbook, 2),
    );
    expect(decide(plan, flaky).dropped).toEqual([]);
  });

  it('ends at the first declared look that names something, and only at a look', () => {
    const then = { ...plan, dropped: decide(plan, blocks(plan, 2)).dropped };
    expect(decide(then, blocks(then, 5)).decided).toBeUndefined();
    expect(decide(then, blocks(then, 6)).decided).toEqual({
      afterBlock: 6,
      why: 'the declared rule was met, cure wins',
    });
    expect(decide({ ...then, decided: { afterBlock: 6, why: '' } }, blocks(then, 6))).toEqual({ dropped: [] });
  });

  it('looks at nothing between two looks: what came after the last one does not count', () => {
    const then = { ...plan, dropped: decide(plan, blocks(plan, 2)).dropped };
    // At six blocks nothing is shown; the seventh would make it so.
    const odd = (block: number) => (block === 6 ? 30_000 : 65_000);
    const records = blocks(then, 7, odd);
    expect(lookedAt(then, records).map(({ trialId }) => trialId)).not.toContain('cure-7');
    expect(lookedAt(then, records)).toHaveLength(14);
    expect(levelOf(then, records)).toBe(levelOf(then, blocks(then, 6, odd)));
    expect(lookedAt(planOf(7), records)).toHaveLength(records.length);
  });

  it('goes on where nothing is shown', () => {
    const then = { ...plan, dropped: decide(plan, blocks(plan, 2)).dropped };
    const alike = (block: number) => 40_000 + 300 * block + (block % 2 === 0 ? 9_000 : -9_000);
    expect(decide(then, blocks(then, 6, alike)).decided).toBeUndefined();
  });

  it('ends where nothing can be named any more', () => {
    const lost = plan.trials.filter((t) => t.block <= 6).map(({ runbook, block }) => trial(runbook, block));
    expect(decide(plan, lost).decided?.why).toBe('no runbook recovered every time, so none can win');
  });

  it('decides nothing in a run that has all its blocks', () => {
    const fixed = planOf(8, { comparison: { ...comparison, decide: false, looks: [{ blocks: 8, level: 0.05 }] } });
    expect(decide(fixed, blocks(fixed, 8))).toEqual({ dropped: [] });
  });
});

describe('how long a trial is watched after it is stable', () => {
  const next = (arm: string, block: number) => {
    const found = plan.trials.find((t) => t.runbook === arm && t.block === block);
    if (found === undefined) throw new Error('no such trial');
    return found;
  };

  it('is the confirmation for the leading arm, once there are two blocks, and once', () => {
    expect(watchOf(plan, blocks(plan, 1), next('cure', 2), 10_000)).toBe(10_000);
    expect(watchOf(plan, blocks(plan, 2), next('cure', 3), 10_000)).toBe(300_000);
    expect(watchOf(plan, blocks(plan, 2), next('nuclear', 3), 10_000)).toBe(10_000);
    expect(watchOf(plan, blocks(plan, 3), next('cure', 4), 10_000)).toBe(10_000);
  });

  it('is the confirmation for the first recovery of every arm where the run has all its blocks', () => {
    const fixed = { ...plan, comparison: { ...comparison, decide: false } };
    expect(watchOf(fixed, [], next('nuclear', 1), 10_000)).toBe(300_000);
    const back = trial('nuclear', 1, 65_000, { watchedStableMs: 300_400 });
    expect(watchOf(fixed, [back], next('nuclear', 2), 10_000)).toBe(10_000);
    // The trial's clock ends the watch a moment early; the verdict takes that for the whole of it, so it is not watched once more.
    const early = trial('nuclear', 1, 65_000, { watchedStableMs: 299_000 });
    expect(watchOf(fixed, [early], next('nuclear', 2), 10_000)).toBe(10_000);
    const again = { afterMs: 40_000, lastedMs: 9000, slis: ['dns'], totalMs: 9000, relapse: true };
    expect(watchOf(fixed, [trial('nuclear', 1, 65_000, { downAgain: again })], next('nuclear', 2), 10_000)).toBe(
      10_000,
    );
  });

  it('is as usual for controls and for plans that declare nothing', () => {
    expect(watchOf(planOf(1), [], next('cure', 1), 10_000)).toBe(10_000);
    expect(watchOf(plan, blocks(plan, 2), { ...next('cure', 3), control: 'delayed' }, 10_000)).toBe(10_000);
  });
});

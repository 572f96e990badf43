import { describe, expect, it } from 'vitest';
import { controlKinds, type ControlKind } from '../../harness/model/control.ts';
import { profiles } from '../../harness/model/profile.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import {
  controlArms,
  controlWords,
  healthyWatchMs,
  runbookOf,
  type ControlWord,
} from '../../harness/engine/controls.ts';
import { expectedMs, expectedTrialMs } from '../../harness/engine/estimate.ts';
import { makePlan, repeatOf } from '../../harness/engine/plan.ts';
import { resumePlan } from '../../harness/engine/resume.ts';
import { exitCodeOfTrials } from '../../harness/engine/outcomes.ts';
import type { Outcome } from '../../harness/model/outcome.ts';
import { controlsOf } from '../../harness/model/plan.ts';
import scenario from './fixtures/scenarios/lights-out.ts';

const planOf = (trials: number, controls?: readonly ControlWord[], runbooks?: readonly string[]) =>
  makePlan({
    scenarioId: 'lights-out',
    scenario,
    profile: 'fast',
    trials,
    seed: 7,
    createdEpochMs: 0,
    ...(controls === undefined ? {} : { controls }),
    ...(runbooks === undefined ? {} : { runbooks }),
  });
const names = (plan: ReturnType<typeof planOf>) => plan.trials.map((t) => t.id).sort();

describe('the arms of a plan', () => {
  it('are the runbooks alone without controls, as before there were any', () => {
    const plan = planOf(2);
    expect(plan).not.toHaveProperty('controls');
    expect(JSON.stringify(plan)).not.toContain('control"');
    expect(planOf(2, [])).toEqual(plan);
  });

  it('are each once in every block, in an order drawn from the seed', () => {
    const plan = planOf(3, controlWords);
    for (const block of [1, 2, 3]) {
      const ids = plan.trials.filter((t) => t.block === block).map((t) => t.id);
      expect([...ids].sort()).toEqual(
        ['wait', 'switch-on', 'healthy', 'switch-on-on-healthy', 'harness-undo', 'switch-on-delayed-30s']
          .map((id) => `${id}-${block}`)
          .sort(),
      );
    }
    expect(planOf(3, controlWords)).toEqual(plan);
    expect(plan.controls?.map((c) => [c.id, c.kind, c.runbook])).toEqual([
      ['healthy', 'healthy', undefined],
      ['switch-on-on-healthy', 'on-healthy', 'switch-on'],
      ['harness-undo', 'harness-undo', undefined],
      ['switch-on-delayed-30s', 'delayed', 'switch-on'],
    ]);
    expect(plan.controls?.find((c) => c.kind === 'harness-undo')?.steps).toHaveLength(scenario.fault.undo.length);
    expect(plan.runbooks.map((r) => r.id)).toEqual(['wait', 'switch-on']);
  });

  it('can be chosen, and wait comes back where it was left out', () => {
    expect(names(planOf(1, ['healthy', 'delayed'], ['switch-on']))).toEqual([
      'healthy-1',
      'switch-on-1',
      'switch-on-delayed-30s-1',
    ]);
    expect(names(planOf(1, ['wait'], ['switch-on']))).toEqual(['switch-on-1', 'wait-1']);
  });

  it('take cures only: what should recover, or else what changes anything; never a prevention', () => {
    const [wait, cure] = scenario.runbooks;
    if (wait === undefined || cure === undefined) throw new Error('no runbooks');
    const also = { ...cure, runbook: { ...cure.runbook, id: 'also' } };
    const useless = {
      runbook: { ...cure.runbook, id: 'useless' },
      claim: { ...cure.claim, expect: 'unknown' as const },
    };
    const careful = { ...cure, runbook: { ...cure.runbook, id: 'careful', instead: [] } };
    const of = (chosen: Scenario['runbooks'], kind: ControlKind) => controlArms(chosen, [kind]).map((a) => a.runbook);
    expect(of([wait, careful, useless, cure, also], 'on-healthy')).toEqual(['switch-on', 'also']);
    expect(of([wait, careful, useless, cure, also], 'delayed')).toEqual(['switch-on']);
    expect(of([wait, useless], 'on-healthy')).toEqual(['useless']);
    expect(() => of([wait, careful], 'delayed')).toThrow(/--controls delayed: none of the chosen runbooks changes/);
    expect(controlArms([wait], controlKinds).map((a) => a.control)).toEqual(['healthy', 'harness-undo']);
  });

  it('are gone on with as they were, further blocks with the same arms', () => {
    const kept = planOf(2, ['harness-undo', 'delayed']);
    expect(controlsOf(kept)).toEqual(['harness-undo', 'delayed']);
    expect(resumePlan(kept, scenario, 2)).toEqual(kept);
    // The comparison says that there are more blocks than were declared: see resume.test.ts.
    const { comparison: _declared, ...longer } = planOf(4, ['harness-undo', 'delayed']);
    expect(resumePlan(kept, scenario, 4)).toMatchObject(longer);
    const bare = planOf(1, controlWords, ['wait']);
    expect(resumePlan(bare, scenario, 1)).toEqual(bare);
    const { fault } = scenario;
    const other = { ...scenario, fault: { ...fault, undo: [...fault.undo, ...fault.undo] } };
    expect(() => resumePlan(kept, other, 2)).toThrow(/changed since \(its fault\)/);
  });

  it('make up for an invalid control with one of its kind', () => {
    const plan = planOf(1, ['healthy']);
    const healthy = plan.trials.find((t) => t.control === 'healthy');
    if (healthy === undefined) throw new Error('no healthy trial');
    expect(repeatOf(plan, healthy)).toMatchObject({ id: 'healthy-1-again', control: 'healthy', repeats: 'healthy-1' });
  });
});

describe('what a control runs', () => {
  const of = (control: ControlKind, runbook = 'switch-on') => runbookOf(scenario, { runbook, control });

  it('is nothing, the undo, or the very runbook; nothing is expected of any', () => {
    expect(of('healthy', 'none')?.runbook).toMatchObject({ id: 'none', steps: [] });
    expect(of('harness-undo', 'harness-undo')?.runbook.steps).toBe(scenario.fault.undo);
    for (const kind of ['on-healthy', 'delayed'] as const) {
      expect(of(kind)?.runbook).toBe(scenario.runbooks[1]?.runbook);
    }
    for (const kind of controlKinds) expect(of(kind)?.claim.expect).toBe('unknown');
    expect(runbookOf(scenario, { runbook: 'switch-on' })).toBe(scenario.runbooks[1]);
    expect(of('delayed', 'gone')).toBeUndefined();
  });

  it('never turns a run red, but missing data do', () => {
    const code = (...outcomes: readonly Outcome[]) =>
      exitCodeOfTrials(
        { trials: [] },
        outcomes.map((outcome) => ({ trialId: 'healthy-1', outcome, claim: { says: '', expect: 'unknown' } })),
      );
    expect(code('control-clean', 'control-disturbed', 'harmed')).toBe(0);
    expect(code('invalid')).toBe(4);
  });

  it('is in the estimate', () => {
    const of = (arm: Parameters<typeof expectedTrialMs>[2]) => expectedTrialMs(scenario, 'fast', arm);
    const wait = of({ runbook: 'wait' });
    const cure = of({ runbook: 'switch-on' });
    // A trial that nothing ends is watched to the horizon.
    expect(wait).toBeGreaterThan(scenario.horizonMs.fast);
    expect(cure).toBeLessThan(wait);
    expect(of({ runbook: 'none', control: 'healthy' })).toBeLessThan(wait);
    expect(of({ runbook: 'switch-on', control: 'delayed' })).toBeGreaterThan(cure);
    expect(of({ runbook: 'harness-undo', control: 'harness-undo' })).toBe(cure);
    expect(expectedMs(scenario, 'fast', [{ runbook: 'wait' }, { runbook: 'switch-on' }])).toBe(wait + cure);
  });

  it('is watched for as long as the alerts look back', () => {
    expect(healthyWatchMs(profiles.fast)).toBe(60_000);
    expect(healthyWatchMs(profiles.stock)).toBe(profiles.stock.alertWindowMs);
  });
});

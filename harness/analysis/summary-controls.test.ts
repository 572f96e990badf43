import { describe, expect, it } from 'vitest';
import { armName } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { canaryOf } from './canary.ts';
import { compareWithin, knownNames, namesIn } from './comparison-runs.ts';
import { summarise } from './summary.ts';
import { controlledPlan, controlledRecords, trialOf } from '../../test/support/controls.ts';

const plan = controlledPlan(2);
const records = controlledRecords(plan);
const summary = summarise(plan, records);
const arm = (id: string, of = summary) => of.controlArms?.find((c) => c.id === id);
/** All records, those of one trial changed. */
const with1 = (id: string, change: Parameters<typeof trialOf>[2]): readonly TrialRecord[] =>
  plan.trials.map((t) => trialOf(plan, t, t.id === id ? change : {}));

describe('controls in a summary', () => {
  it('are an account of their own, in the order of the plan, and in no runbook', () => {
    expect(summary.controlArms?.map((c) => c.id)).toEqual([
      'healthy',
      'cure-on-healthy',
      'harness-undo',
      'cure-delayed-30s',
    ]);
    const { controls: _, ...without } = plan;
    const bare: Plan = { ...without, trials: plan.trials.filter((t) => t.control === undefined) };
    const alone = summarise(
      bare,
      records.filter((r) => r.control === undefined),
    );
    expect(summary.runbooks).toEqual(alone.runbooks);
    expect(summary.verdict).toEqual(alone.verdict);
    expect(summary.trials).toEqual({ ...alone.trials, controls: 8 });
    expect(alone).not.toHaveProperty('controlArms');
  });

  it('count false alarms by alert, with an interval', () => {
    expect(arm('healthy')).toMatchObject({ n: 2, clean: { k: 2, n: 2 }, alarms: [{ id: 'node', k: 0, n: 2 }] });
    const loud = summarise(plan, with1('healthy-2', { falseAlarm: true }));
    const healthy = arm('healthy', loud);
    expect(healthy).toMatchObject({ clean: { k: 1, n: 2 }, alarms: [{ id: 'node', k: 1, n: 2 }] });
    // One-sided exact bound of 1 of 2: 1 − p² = 0.05 there.
    expect(healthy?.alarms?.[0]?.atMost).toBeCloseTo(0.974679, 6);
    expect(healthy?.measured).toBe('Clean 1 of 2; false alarms: node 1 of 2.');
    expect(loud.verdict.warnings).toContain('alert node fired on a healthy cluster (1 of 2)');
    // It is one more hour in which an alert could be false.
    expect(loud.detectors[0]?.falseAlarms).toBe(1);
    expect(loud.detectors[0]?.watchedMs).toBe(summary.detectors[0]?.watchedMs);
  });

  it('say what a cure costs by itself', () => {
    expect(arm('cure-on-healthy')).toMatchObject({
      clean: { k: 0, n: 2 },
      badnessMs: 8000,
      slis: [{ sli: 'dns', badMs: 8000 }],
      measured: 'Clean 0 of 2; downtime on average: dns 8.0 s.',
    });
    const lossy = summarise(plan, with1('cure-on-healthy-1', { lost: 3 }));
    expect(arm('cure-on-healthy', lossy)).toMatchObject({ outcomes: { harmed: 1 }, data: { lost: 3 } });
    expect(lossy.verdict.warnings).toContain('cure did harm to a healthy cluster in 1 of 2 trials');
    // Not a word of it in the account of the runbook as an answer to the outage.
    expect(lossy.runbooks).toEqual(summary.runbooks);
  });

  it('have the floor that no runbook can beat', () => {
    expect(arm('harness-undo')).toMatchObject({ recovered: { k: 2, n: 2 }, meanIsBound: false });
    expect(arm('harness-undo')?.meanTtrMs).toBeLessThan(summary.runbooks.find((r) => r.id === 'cure')?.meanTtrMs ?? 0);
  });

  it('count what gave no data, or was not run, against none', () => {
    const spoilt = summarise(
      plan,
      with1('healthy-1', { cutAtMs: 40_000 }).filter((r) => r.trialId !== 'healthy-2'),
    );
    expect(arm('healthy', spoilt)).toMatchObject({
      planned: 2,
      n: 0,
      outcomes: { invalid: 1 },
      measured: 'No valid trial: no data.',
    });
    expect(spoilt.noData).toEqual([]);
    expect(JSON.stringify(spoilt)).not.toMatch(/NaN|null/);
  });
});

describe('the canary', () => {
  const eight = controlledPlan(8);
  const seen = controlledRecords(eight);

  it('is seen when its delay is', () => {
    const canary = canaryOf(eight, seen);
    expect(canary).toMatchObject({ kind: 'seen', blocks: 8, runbook: 'cure', differenceMs: 30_000 });
    expect(canary?.says).toMatch(
      /^recovered 30 s later than cure \(95 %: .*\), 30 s more downtime \(95 %: .*\), over 8 blocks: the delay of 30 s is seen$/,
    );
    expect(summarise(eight, seen).verdict.warnings.join()).not.toContain('delayed');
  });

  it('that is not seen is a warning: then nothing of that size can be', () => {
    const blind = eight.trials.map((t) => trialOf(eight, t, t.control === 'delayed' ? { delayMs: 0 } : {}));
    expect(canaryOf(eight, blind)?.kind).toBe('not-seen');
    expect(summarise(eight, blind).verdict.warnings.join()).toContain('the delay of 30 s is not seen');
    const double = eight.trials.map((t) => trialOf(eight, t, t.control === 'delayed' ? { delayMs: 60_000 } : {}));
    expect(canaryOf(eight, double)?.kind).toBe('other');
  });

  it('is undecided below six blocks, and without data', () => {
    expect(canaryOf(plan, records)).toMatchObject({ kind: 'undecided', blocks: 2, differenceMs: 30_000 });
    expect(canaryOf(plan, [])).toMatchObject({ kind: 'undecided', blocks: 0 });
  });
});

describe('compare', () => {
  const run = { plan, records };

  it('leaves controls out, unless they are named; those without a fault cannot be', () => {
    expect(namesIn(run, { what: 'runbooks' })).toEqual(['wait', 'cure', 'nuclear']);
    expect(knownNames(run, 'runbooks')).toEqual(['wait', 'cure', 'nuclear', 'harness-undo', 'cure-delayed-30s']);
    const comparison = compareWithin(run, { what: 'runbooks' });
    expect(comparison.comparisons).toHaveLength(3);
    expect(comparison.notes[0]).toMatch(/^Canary cure-delayed-30s: recovered 30 s later than cure/);
    expect(comparison.runs[0]).toMatchObject({ valid: 6, planned: 6 });
  });

  it('compares a delayed runbook with itself', () => {
    const [one, ...more] = compareWithin(run, {
      what: 'runbooks',
      names: ['cure', 'cure-delayed-30s'],
    }).comparisons;
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      a: 'cure',
      b: 'cure-delayed-30s',
      times: [{ time: 'downtime' }, { time: 'ttr', differenceMs: 30_000, sideA: { n: 2 }, sideB: { n: 2 } }],
    });
  });

  it('of alerts does not see controls at all', () => {
    const { controls: _, ...bare } = plan;
    const arms = { plan: bare, records: records.filter((r) => r.control === undefined) };
    const wanted = { what: 'alarms' } as const;
    expect(compareWithin(run, wanted).horizonMs).toBe(compareWithin(arms, wanted).horizonMs);
  });
});

it('names an arm by its runbook and its kind', () => {
  expect(plan.trials.slice(0, 7).map((t) => t.id)).toEqual(plan.trials.slice(0, 7).map((t) => `${armName(t)}-1`));
});

import { describe, expect, it } from 'vitest';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { seeded } from '../model/random.ts';
import type { RunSummary } from '../model/summary.ts';
import { analyseTrial } from './record.ts';
import { summarise } from './summary.ts';
import { buildLog, type LogSpec } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import { never, trial } from '../../test/support/trial.ts';

const plan = planOf(2);
const records = [
  trial('wait-1', never),
  trial('cure-1', 71_000),
  trial('nuclear-1', 150_000, { audits: [{ store: 'ledger', missing: 3 }] }),
  trial('wait-2', never),
  trial('cure-2', 73_000),
  trial('nuclear-2', 152_000),
];
const of = (summary: RunSummary, id: string) => summary.runbooks.find((r) => r.id === id);

describe('summarise', () => {
  const summary = summarise(plan, records);

  it('counts no trial as planned that was given up', () => {
    const dropped = [{ arm: 'wait', afterBlock: 1, why: 'recovered in 0 of 1' }];
    expect(summarise({ ...plan, dropped }, records.slice(0, 3)).trials).toMatchObject({ planned: 5, run: 3 });
    const decided = { afterBlock: 1, why: 'the declared rule was met, cure' };
    expect(summarise({ ...plan, decided }, records.slice(0, 3)).trials).toMatchObject({ planned: 3, run: 3 });
  });

  it('puts the verdict first, with its caveat', () => {
    expect(summary.verdict).toMatchObject({ kind: 'candidates', candidates: ['cure'] });
    expect(summary.verdict.headline).toMatch(
      /^Too few trials for a winner.*: the only candidate is cure \(2 of 2, TTR 4\d s, downtime 4\d s\); wait: not within 4 min$/,
    );
    expect(summary.verdict.sureness).toContain('2 trials: an indication, not a proof.');
    expect(summary.verdict.sureness).toContain('at least 22 % (95 %)');
    expect(summary.verdict.alarm).toBe(
      'First alert: node, after 9.5 s (6 of 6); in the postmortem it went unnoticed for 2 days',
    );
    expect(summary.verdict.warnings).toContain('nuclear lost or damaged 3 rows in 1 of 2 trials');
  });

  it('counts each runbook by its valid trials', () => {
    expect(of(summary, 'wait')).toMatchObject({
      passive: true,
      recovered: { k: 0, n: 2 },
      meanTtrMs: 240_000,
      meanIsBound: true,
      agreement: 'as-said',
      fullRecovery: { k: 0, n: 2 },
    });
    expect(of(summary, 'wait')?.medianTtrMs).toBeUndefined();
    // 40.25 s and 42.25 s
    expect(of(summary, 'cure')).toMatchObject({
      meanTtrMs: 41_250,
      meanIsBound: false,
      agreement: 'as-said',
      data: { lost: 0 },
    });
    expect(of(summary, 'cure')?.meanTtrInterval).toBeUndefined();
    expect(of(summary, 'nuclear')).toMatchObject({
      recovered: { k: 1, n: 2 },
      outcomes: { recovered: 1, 'recovered-with-loss': 1 },
      data: { lost: 3, trialsWithLoss: 1 },
      agreement: 'mixed',
      destroys: ['the cluster'],
    });
  });

  it('never counts invalid or unknown trials against a runbook', () => {
    const spoilt = summarise(plan, [
      ...records.slice(0, 4),
      trial('cure-2', never, { cause: 'no-witness', inject: [30_000] }),
    ]);
    expect(of(spoilt, 'cure')).toMatchObject({ recovered: { k: 1, n: 1 }, invalid: 1 });
    expect(spoilt.trials).toEqual({ planned: 6, run: 5, valid: 4, invalid: 1, unknown: 0, controls: 0 });
    expect(spoilt.noData).toMatchObject([{ trialId: 'cure-2', outcome: 'invalid' }]);
    expect(spoilt.verdict.sureness).toContain('1 trial: an indication, not a proof. With 1 of 1, the true chance');
    expect(spoilt.verdict.warnings).toContain('cure: 1 of 2 trials gave no data');
  });

  it('is the same for every order of trials', () => {
    const random = seeded(3);
    const bytes = JSON.stringify(summary);
    for (let i = 0; i < 10; i++) {
      const mixed = records
        .map((r) => ({ r, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ r }) => r);
      expect(JSON.stringify(summarise(plan, mixed))).toBe(bytes);
    }
  });

  it('says over all trials what an alert is worth', () => {
    expect(summary.detectors[0]).toMatchObject({
      id: 'node',
      counts: { detected: 6, missed: 0 },
      ttd: { minMs: 9500, medianMs: 9500, maxMs: 9500 },
      falseAlarms: 0,
      // six baselines from 2 s to 30 s
      watchedMs: 168_000,
      // less its least TTD of a second each: 3.0 in 162 s
      couldFireMs: 162_000,
      perHour: { rate: 0, upper: 67 },
      asked: 6,
      savedMs: 2 * 86_400_000 - 9500,
    });
  });

  it('a relapse counts with the whole horizon', () => {
    const relapse = trial('cure-1', 71_000, {
      probes: [
        {
          sli: 'dns',
          outages: [
            [32_000, 71_000],
            [100_000, never],
          ],
        },
      ],
      endMs: 290_000,
    });
    expect(of(summarise(plan, [relapse]), 'cure')).toMatchObject({ recovered: { k: 0, n: 1 }, meanTtrMs: 240_000 });
  });
});

describe('findings', () => {
  it('are what steps marked so printed, most frequent first, and absent where there are none', () => {
    const said = (id: string, output: string): TrialRecord => {
      const record = trial(id, 71_000);
      const [first, ...rest] = record.steps;
      if (first === undefined) throw new Error('a trial without steps');
      return { ...record, steps: [{ ...first, finding: true, ok: true, output: `${output}\n` }, ...rest] };
    };
    const summary = summarise(planOf(3), [
      said('cure-1', 'it was the pods'),
      said('cure-2', 'unknown'),
      said('cure-3', 'it was the pods'),
      trial('wait-1', never),
    ]);
    expect(of(summary, 'cure')?.findings).toEqual(['it was the pods', 'unknown']);
    expect(of(summary, 'wait')).not.toHaveProperty('findings');
  });
});

describe('other verdicts', () => {
  const verdict = (list: readonly TrialRecord[], p: Plan = plan) => summarise(p, list).verdict;

  it('none when nothing recovered every time, and which came closest', () => {
    expect(verdict([trial('wait-1', never), trial('cure-1', 71_000), trial('cure-2', never)]).headline).toBe(
      'No runbook recovered every time: cure came closest, 1 of 2; wait: not within 4 min',
    );
    expect(verdict([trial('cure-1', never)]).warnings).toContain('the postmortem is contradicted on cure');
  });

  it('say what was good again when the time was up, where nothing recovered even once', () => {
    const half: Partial<LogSpec> = {
      probes: [
        { sli: 'dns', outages: [[32_000, 300_000]] },
        { sli: 'web', outages: [[32_000, 90_000]] },
      ],
      breaks: ['dns', 'web'],
    };
    const cure = trial('cure-1', never, half);
    expect(cure.half).toEqual({ broke: ['dns', 'web'], down: ['dns'] });
    expect(cure.reason).toBe('not stable within 4 min; at the end dns was still down, and one other good again');
    const slow =
      'cure had 1 of 2 SLIs good again when its 4 min were up: on a slow machine it may need longer (--horizon 8m)';
    expect(verdict([cure]).warnings).toContain(slow);
    const late = trial('cure-1', 280_000, { horizonMs: 240_000, endMs: 330_000 });
    expect(late.reason).toMatch(/^not stable within 4 min, but after 4 min \d+ s$/);
    expect(verdict([late]).warnings.join()).toMatch(/cure was stable after 4 min \d+ s, when its 4 min were up/);
    // Somebody recovered: the time is long enough.
    expect(verdict([cure, trial('cure-2', 71_000)]).warnings).not.toContain(slow);
    // All down: nothing was on its way.
    expect(trial('cure-1', never)).not.toHaveProperty('half');
  });

  it('no data without a valid trial, or without any', () => {
    expect(verdict([])).toMatchObject({ kind: 'no-data' });
    expect(JSON.stringify(summarise(plan, []))).not.toContain('null');
  });

  it('keeps controls out of every runbook', () => {
    const control = analyseTrial(
      buildLog({
        trialId: 'none-1',
        runbook: 'none',
        inject: null,
        breaks: [],
        probes: [{ sli: 'dns' }],
        endMs: 90_000,
      }),
    );
    const summary = summarise(plan, [...records, control]);
    expect(summary.controls).toEqual([expect.objectContaining({ trialId: 'none-1', outcome: 'control-clean' })]);
    expect(summary.trials).toMatchObject({ valid: 6, controls: 1 });
  });

  it('a dead alert is a headline', () => {
    const dead = trial('cure-1', 71_000, {
      readings: [{ atMs: 40_000, detector: 'node', state: 'ended', what: 'EOF' }],
    });
    expect(verdict([dead]).warnings).toContain('alert node died in the outage (1 of 1)');
    expect(verdict([dead]).alarm).toBe('No alert detected it every time, or even once');
  });

  it('tells what the fault broke from what a runbook broke', () => {
    const twoProbes = (apiMs: number): Partial<LogSpec> => ({
      probes: [
        { sli: 'dns', outages: [[32_000, 71_000]] },
        { sli: 'api', outages: [[apiMs, apiMs + 5000]] },
      ],
    });
    // The runbook's first command is at 61 s.
    const summary = (apiMs: number) =>
      summarise(
        plan,
        ['cure-1', 'cure-2'].map((id) => trial(id, 71_000, twoProbes(apiMs))),
      ).broke.map((b) => b.sli);
    expect(summary(40_000)).toEqual(['api', 'dns']);
    expect(summary(63_000)).toEqual(['dns']);
    expect(summarise(plan, records).broke).toEqual([{ sli: 'dns', title: 'Title of dns', trials: 6, of: 6 }]);
  });

  it('says so when the fault broke what keeps working in the postmortem', () => {
    const probe = { sli: 'dns', periodMs: 1000, timeoutMs: 1000, slo: 0.9 } as const;
    const test = (role: 'keeps' | 'breaks') => ({
      workers: 2,
      workload: 'w',
      setup: [],
      fault: {
        ...{ id: 'f', params: {}, targets: 'workers', witnessDeadlineMs: 1000 },
        ...{ prepare: [], inject: [], witness: [], undo: [] },
      },
      probes: [{ ...probe, role }],
      detectors: [],
    });
    const said = 'dns keeps working in the postmortem, and the fault broke it in 6 of 6 trials';
    expect(summarise({ ...plan, test: test('keeps') }, records).verdict.warnings[0]).toBe(said);
    expect(summarise({ ...plan, test: test('breaks') }, records).verdict.warnings).not.toContain(said);
    expect(summarise(plan, records).verdict.warnings).not.toContain(said);
  });

  it('a prevention is no answer to an outage that is there: it stands beside the verdict, and no alert missed it', () => {
    const careful = { ...plan.runbooks[0], id: 'careful', instead: [] } as unknown as Plan['runbooks'][number];
    const quiet: Partial<LogSpec> = { prevention: true, inject: [30_000], steps: [], readings: [] };
    const spared = trial('careful-1', 0, { ...quiet, probes: [{ sli: 'dns' }], endMs: 120_000 });
    const hurt = trial('careful-2', 41_000, quiet);
    const summary = summarise({ ...plan, runbooks: [...plan.runbooks, careful] }, [...records, spared, hurt]);
    expect(summary.verdict).toMatchObject({ kind: 'candidates', candidates: ['cure'] });
    expect(summary.verdict.preventions).toEqual([
      expect.stringMatching(/^careful: prevented 1 of 2, else TTR [\d.]+ s; downtime [\d.]+ s$/),
    ]);
    expect(of(summary, 'careful')).toMatchObject({ recovered: { k: 2, n: 2 }, prevention: true });
    expect(summary.detectors[0]).toMatchObject({ n: 6 });
  });

  it('with preventions alone nothing is known of any runbook, and one trial is no statistics', () => {
    const careful = { ...plan.runbooks[0], id: 'careful', instead: [] } as unknown as Plan['runbooks'][number];
    const hurt = trial('careful-1', 41_000, { prevention: true, inject: [30_000], steps: [], readings: [] });
    const { verdict } = summarise({ ...plan, runbooks: [...plan.runbooks, careful] }, [hurt]);
    expect(verdict).toMatchObject({
      kind: 'none',
      headline: 'No runbook has a valid trial',
      sureness: '1 valid trial, none of a runbook.',
    });
    expect(verdict.preventions).toHaveLength(1);
    const alone = summarise({ ...plan, runbooks: [careful] }, [hurt]);
    expect(alone.verdict).toMatchObject({ kind: 'none', headline: 'No runbook was run, only a prevention' });
  });

  it('what was set beforehand is no answer either, however soon it was good again', () => {
    const early = { ...plan.runbooks[0], id: 'early', before: [], steps: [] } as unknown as Plan['runbooks'][number];
    const trials = [trial('early-1', 34_000), trial('early-2', 34_000, { audits: [{ store: 'ledger', missing: 2 }] })];
    const summary = summarise({ ...plan, runbooks: [...plan.runbooks, early] }, [...records, ...trials]);
    expect(summary.verdict).toMatchObject({ kind: 'candidates', candidates: ['cure'] });
    expect(summary.verdict.preventions).toEqual([
      expect.stringMatching(
        /^early, set beforehand: recovered 1 of 2, TTR [\d.]+ m?s, downtime [\d.]+ m?s, 2 rows lost or damaged$/,
      ),
    ]);
  });

  it('says of doing nothing that it comes back with data lost', () => {
    const lossy = { audits: [{ store: 'ledger', missing: 2 }] };
    const idle = ['wait-1', 'wait-2'].map((id) => trial(id, 34_000, lossy));
    const others = records.filter((r) => r.runbook !== 'wait');
    expect(summarise(plan, [...others, ...idle]).verdict.doingNothing).toMatch(
      /^wait: recovers by itself, TTR [\d.]+ m?s, with data lost$/,
    );
  });

  it('has a curve of the share that is not back yet', () => {
    const run = planOf(4);
    const times = [71_000, never, 73_000, 71_000];
    const summary = summarise(
      run,
      times.map((at, i) => trial(`cure-${String(i + 1)}`, at)),
    );
    expect(of(summary, 'cure')?.survival).toEqual([
      { timeMs: 40_250, share: 0.5, atRisk: 4, events: 2 },
      { timeMs: 42_250, share: 0.25, atRisk: 2, events: 1 },
    ]);
    expect(of(summary, 'wait')?.survival).toEqual([]);
  });

  it('sets full recovery side by side: what did not reach it counts with the horizon', () => {
    const whole = trial('cure-1', 71_000);
    const broken = { ...trial('cure-2', 71_000), fullRecovery: { censored: true as const, at: 240_000 } };
    const cure = of(summarise(plan, [{ ...whole, fullRecovery: { lo: 39_000, hi: 41_000 } }, broken]), 'cure');
    expect(cure?.fullRecovery).toMatchObject({ k: 1, n: 2, meanMs: 40_000, restrictedMs: 140_000 });
  });

  it('knows for how long it was watched, where it stayed up', () => {
    const first = { ...trial('cure-1', 71_000), watchedStableMs: 180_000 };
    const second = { ...trial('cure-2', 71_000), watchedStableMs: 12_000 };
    const watched = (...records: readonly TrialRecord[]) => of(summarise(plan, records), 'cure')?.watchedStableMs;
    expect(watched(first, second)).toBe(180_000);
    const again = { afterMs: 40_000, lastedMs: 9000, totalMs: 9000, slis: ['dns'] };
    expect(watched({ ...first, downAgain: { ...again, relapse: true } }, second)).toBe(12_000);
    const blip = { ...again, lastedMs: 1000, totalMs: 1000, relapse: false };
    expect(watched({ ...first, downAgain: blip }, second)).toBe(180_000);
  });

  it('the interval is of those that came back: the horizon is no time that anything took', () => {
    const big = planOf(12);
    const many = big.trials
      .filter((t) => t.runbook === 'cure')
      .map((t) => trial(t.id, t.block === 3 ? never : 70_000 + t.block * 500));
    const cure = of(summarise(big, many), 'cure');
    expect(cure?.meanIsBound).toBe(true);
    expect(cure?.meanTtrInterval?.hi).toBeLessThan(50_000);
    expect(cure?.meanTtrMs).toBeGreaterThan(55_000);
  });

  it('gives an interval of the mean', () => {
    const big = planOf(10);
    const many = big.trials.map((t) => trial(t.id, t.runbook === 'cure' ? 70_000 + t.block * 500 : never));
    const cure = of(summarise(big, many), 'cure');
    expect(cure?.meanTtrInterval?.lo).toBeLessThan(cure?.meanTtrMs ?? 0);
    expect(cure?.meanTtrInterval?.hi).toBeGreaterThan(cure?.meanTtrMs ?? 0);
    // Onset within a second, recovery within half of one: the mean is known as well as that, and the interval holds both ends.
    expect(cure?.meanTtrEnds?.lo).toBeLessThan(cure?.meanTtrMs ?? 0);
    expect(cure?.meanTtrEnds?.hi).toBeGreaterThan(cure?.meanTtrMs ?? 0);
    expect(cure?.meanTtrInterval?.lo).toBeLessThan(cure?.meanTtrEnds?.lo ?? 0);
    expect(cure?.meanTtrInterval?.hi).toBeGreaterThan(cure?.meanTtrEnds?.hi ?? 0);
  });
});

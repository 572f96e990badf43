import { describe, expect, it } from 'vitest';
import type { Plan, PlannedComparison } from '../model/plan.ts';
import { seeded, shuffled } from '../model/random.ts';
import type { TrialRecord } from '../model/record.ts';
import type { Run } from '../model/run.ts';
import { compareBetween, compareWithin, type RunComparison, type Wanted } from './comparison-runs.ts';
import { environmentDifferences } from './environments.ts';
import { analyseTrial } from './record.ts';
import { buildLog } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';

const runbooks = { what: 'runbooks' } as const;
const alarms = { what: 'alarms' } as const;
const facts = { kernel: '6.1', cpus: '2', 'seconds.api': '4.1', subnet: '10.0.0.0/24' };

const sample = analyseTrial(
  buildLog({
    trialId: 'cure-1',
    runbook: 'cure',
    facts,
    probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }],
    detectors: [{ id: 'fast-alarm', expects: '.' }, { id: 'slow-alarm' }],
    readings: [{ atMs: 33_000, detector: 'fast-alarm', state: 'firing', what: 'x' }],
    endMs: 200_000,
  }),
);

/** The sample with another time to recover; none for `undefined`. */
function trial(plan: Plan, id: string, ttrMs: number | undefined, change: Partial<TrialRecord> = {}): TrialRecord {
  const runbook = plan.trials.find((t) => t.id === id)?.runbook ?? '';
  return {
    ...sample,
    trialId: id,
    runbook,
    outcome: ttrMs === undefined ? 'not-recovered' : 'recovered',
    ttr: ttrMs === undefined ? { censored: true, at: plan.horizonMs } : { lo: ttrMs - 200, hi: ttrMs + 200 },
    badnessMs: (ttrMs ?? plan.horizonMs) - 10_000,
    ...change,
  };
}

/** A run of as many blocks: `wait` never recovers, `cure` after about 40 s, `nuclear` after about 60 s. */
function runOf(blocks: number, shiftMs = 0, change: Partial<TrialRecord> = {}, planChange: Partial<Plan> = {}): Run {
  const plan = planOf(blocks, planChange);
  const random = seeded(blocks);
  const records = plan.trials.map((t) => {
    const noise = Math.round((random() - random()) * 2000);
    const time = { wait: undefined, cure: 40_000 + shiftMs + noise, nuclear: 60_000 + shiftMs + noise }[t.runbook];
    return trial(plan, t.id, time, change);
  });
  return { plan, records };
}

const kinds = (c: RunComparison): Readonly<Record<string, string>> =>
  Object.fromEntries(c.comparisons.map((x) => [x.name ?? `${x.a} ${x.b}`, x.kind]));

describe('within a run', () => {
  it('compares each pair block by block in both times, all of them adjusted together', () => {
    const within = compareWithin(runOf(10), runbooks);
    expect(kinds(within)).toEqual({ 'wait cure': 'slower', 'wait nuclear': 'slower', 'cure nuclear': 'faster' });
    expect(within.headline).toBe('Significant difference in 3 of 3 pairs');
    expect(within.comparisons[2]?.times).toMatchObject([
      { time: 'downtime', p: 0.001953, pAdjusted: 0.002441 },
      { time: 'ttr', p: 0.001953, pAdjusted: 0.002441 },
    ]);
    expect(within.comparisons[2]?.says).toMatch(/^cure is better than nuclear: downtime 2\d s less with cure \(95 %/);
  });

  it('compares only what is named', () => {
    const within = compareWithin(runOf(10), { ...runbooks, names: ['nuclear', 'cure'] });
    expect(kinds(within)).toEqual({ 'cure nuclear': 'faster' });
  });

  it('shows nothing with two blocks, and says so', () => {
    const within = compareWithin(runOf(2), runbooks);
    expect(within.headline).toBe('Too few trials to show any difference in 3 pairs');
    expect(new Set(within.comparisons.map((c) => c.kind))).toEqual(new Set(['too-few']));
    expect(JSON.stringify(within)).not.toContain('null');
  });

  it('pairs only blocks in which both were valid; a repeat stands in for its block', () => {
    const { plan, records } = runOf(8);
    const more: Plan = {
      ...plan,
      trials: [...plan.trials, { id: 'cure-3-again', block: 3, runbook: 'cure', seed: 1, repeats: 'cure-3' }],
    };
    const spoilt = records.map((r) =>
      r.trialId === 'cure-3' || r.trialId === 'nuclear-5' ? { ...r, outcome: 'invalid' as const } : r,
    );
    const one = (list: readonly TrialRecord[]) =>
      compareWithin({ plan: more, records: list }, { ...runbooks, names: ['cure', 'nuclear'] }).comparisons[0];
    expect(one(spoilt)?.times[0]?.sideA?.n).toBe(6);
    expect(one([...spoilt, trial(more, 'cure-3-again', 40_000)])?.times[0]?.sideA?.n).toBe(7);
  });

  it('is the same for every order of records', () => {
    const run = runOf(9);
    const bytes = JSON.stringify([compareWithin(run, runbooks), compareWithin(run, alarms)]);
    for (let i = 0; i < 3; i++) {
      const mixed = { ...run, records: shuffled(run.records, seeded(i)) };
      expect(JSON.stringify([compareWithin(mixed, runbooks), compareWithin(mixed, alarms)])).toBe(bytes);
    }
  });

  it('refuses when the environment changed on the way', () => {
    const run = runOf(8);
    const records = run.records.map((r, i) => (i > 9 ? { ...r, environment: { ...facts, kernel: '6.2' } } : r));
    const within = compareWithin({ ...run, records }, runbooks);
    expect(within.differences).toEqual([{ fact: 'kernel', a: '6.1 / 6.2', b: '6.1 / 6.2' }]);
    expect(new Set(within.comparisons.map((c) => c.kind))).toEqual(new Set(['refused']));
  });

  it('compares alerts trial by trial; one that did not detect counts up to where it was asked', () => {
    const within = compareWithin(runOf(4), alarms);
    expect(within.comparisons).toMatchObject([
      {
        a: 'fast-alarm',
        b: 'slow-alarm',
        kind: 'faster',
        times: [
          {
            time: 'ttd',
            sideA: { n: 12, events: 12 },
            sideB: { n: 12, events: 0, restrictedMs: 169_000 },
          },
        ],
      },
    ]);
    // Records of before `askedMs`: the shortest watch.
    expect(within.horizonMs).toBe(169_000);
    expect(within.comparisons[0]?.says).toMatch(
      /^fast-alarm detects earlier than slow-alarm: TTD detected in 12 of 12 with fast-alarm, 0 of 12 with slow-alarm \(p /,
    );
  });

  it('asks an alert in each trial up to the first changing command', () => {
    const run = runOf(4);
    const asked = (of: TrialRecord): number => (of.runbook === 'wait' ? 150_000 : 30_000);
    const records = run.records.map((r) => ({
      ...r,
      detectors: r.detectors.map((d) => ({
        ...d,
        askedMs: asked(r),
        // The slow one notices after 60 s: only where nothing was changed until then.
        ...(d.id === 'slow-alarm' ? { status: 'detected' as const, ttd: { lo: 59_000, hi: 61_000 } } : {}),
      })),
    }));
    const within = compareWithin({ ...run, records }, alarms);
    expect(within.horizonMs).toBe(150_000);
    const [ttd] = within.comparisons[0]?.times ?? [];
    expect(ttd?.sideB).toMatchObject({ n: 12, events: 4, meanMs: 60_000, restrictedMs: 60_000 });
    expect(ttd?.both).toBe(4);
  });

  it('says what time does not: data lost, harm', () => {
    const run = runOf(8);
    const records = run.records.map((r) =>
      r.runbook === 'cure' ? { ...r, outcome: 'recovered-with-loss' as const } : r,
    );
    expect(compareWithin({ ...run, records }, runbooks).notes).toContain(
      'cure recovered with data lost in 8 of 8 trials.',
    );
  });
});

describe('what was declared', () => {
  const comparison = (change: Partial<PlannedComparison> = {}): PlannedComparison => ({
    arms: ['wait', 'cure', 'nuclear'],
    endpoints: ['downtime', 'ttr'],
    looks: [{ blocks: 8, level: 0.05 }],
    decide: false,
    confirmMs: 0,
    ...change,
  });
  const of = (change: Partial<Plan>, wanted: Wanted = runbooks): RunComparison =>
    compareWithin(runOf(8, 0, {}, change), wanted);

  it('before the first trial is no exploration; without a declaration, or with a later one, it is', () => {
    expect(of({ comparison: comparison() }).exploratory).toBe(false);
    expect(of({}).exploratory).toBe(true);
    const amended = comparison({ amendments: [{ atEpochMs: 1, trialsSeen: 6, what: 'nuclear was added' }] });
    expect(of({ comparison: amended }).exploratory).toBe(true);
  });

  it('pairs with an arm that was not declared are exploratory, the others are adjusted as declared', () => {
    const both = of({ comparison: comparison({ arms: ['cure', 'nuclear'] }) });
    expect(both.comparisons.map((c) => c.exploratory ?? false)).toEqual([true, true, false]);
    expect(both.exploratory).toBe(true);
  });

  it('asking for some of the declared arms does not make them easier to tell apart', () => {
    const declared = of({ comparison: comparison() });
    const some = of({ comparison: comparison() }, { ...runbooks, names: ['cure', 'nuclear'] });
    expect(some.exploratory).toBe(false);
    expect(some.comparisons).toEqual(declared.comparisons.slice(2));
  });

  it('an arm that was dropped is listed, and its times are not compared', () => {
    const dropped = [{ arm: 'wait', afterBlock: 3, why: '0 of 3 recovered' }];
    const within = of({ comparison: comparison(), dropped });
    expect(within.dropped).toEqual(dropped);
    expect(kinds(within)).toEqual({ 'cure nuclear': 'faster' });
  });

  it('a run that may end early has the level of its look', () => {
    const looks = [
      { blocks: 6, level: 0.04 },
      { blocks: 8, level: 0.001 },
    ];
    const within = of({ comparison: comparison({ looks, decide: true }) });
    expect(within.level).toBe(0.001);
    expect(kinds(within)['cure nuclear']).toBe('not-shown');
  });
});

describe('between two runs', () => {
  it('shows what is slower in the second, and calls it a regression', () => {
    const between = compareBetween(runOf(10), runOf(10, 20_000), runbooks);
    expect(kinds(between)).toEqual({ wait: 'neither', cure: 'faster', nuclear: 'faster' });
    expect(between.regressions).toHaveLength(2);
    expect(between.regressions[0]).toMatch(
      /^cure: the first run is better than the second run: downtime 20 s less with the first run \(95 %: /,
    );
    expect(between.notes.join()).toContain('made at different times');
  });

  it('finds nothing between a run and itself, and no regression in an improvement', () => {
    const same = compareBetween(runOf(10), runOf(10), runbooks);
    expect(kinds(same)).toEqual({ wait: 'neither', cure: 'not-shown', nuclear: 'not-shown' });
    expect(same.regressions).toEqual([]);
    const better = compareBetween(runOf(10, 20_000), runOf(10), runbooks);
    expect(kinds(better)).toMatchObject({ cure: 'slower' });
    expect(better.regressions).toEqual([]);
  });

  it('has hard facts that need no statistics', () => {
    const second = runOf(3);
    const records = second.records.map((r) =>
      r.runbook === 'cure'
        ? { ...r, outcome: 'not-recovered' as const, ttr: { censored: true as const, at: 240_000 } }
        : r.runbook === 'nuclear'
          ? { ...r, outcome: 'harmed' as const }
          : r,
    );
    const between = compareBetween(runOf(3), { ...second, records }, runbooks);
    expect(between.regressions).toEqual([
      'cure: recovered 0 of 3, before 3 of 3',
      'nuclear: did harm in 3 of 3 trials, before in none',
      'nuclear: recovered 0 of 3, before 3 of 3',
    ]);
  });

  it('counts a relapse as such a fact, one trial of a runbook that changes something', () => {
    const relapsedIn = (runbook: string) => {
      const second = runOf(3);
      const [first] = second.records.filter((r) => r.runbook === runbook);
      const records = second.records.map((r) => (r === first ? { ...r, outcome: 'relapsed' as const } : r));
      return { ...second, records };
    };
    expect(compareBetween(runOf(3), relapsedIn('cure'), runbooks).regressions).toEqual([
      'cure: went down again in 1 of 3 trials, before in none',
    ]);
    expect(compareBetween(relapsedIn('cure'), relapsedIn('cure'), runbooks).regressions).toEqual([]);
    expect(compareBetween(runOf(3), relapsedIn('wait'), runbooks).regressions).toEqual([]);
  });

  it('refuses verdicts when the environments differ, one line a fact, and keeps the numbers', () => {
    const other = { environment: { ...facts, kernel: '6.2', 'seconds.api': '9', subnet: '10.1.0.0/24', gpu: 'none' } };
    const between = compareBetween(runOf(10), runOf(10, 30_000, other), runbooks);
    expect(between.differences).toEqual([
      { fact: 'gpu', a: 'not recorded', b: 'none' },
      { fact: 'kernel', a: '6.1', b: '6.2' },
    ]);
    expect(between.headline).toBe('No verdict: the environments differ in 2 facts');
    expect(kinds(between)).toEqual({ wait: 'refused', cure: 'refused', nuclear: 'refused' });
    expect(between.comparisons[1]?.times[1]).toMatchObject({ sideA: { n: 10 }, sideB: { n: 10 } });
    expect(between.regressions).toEqual([]);
    expect(JSON.stringify(between)).not.toMatch(/is better than/);
  });

  it('takes another stability window for another measure, a shorter horizon for both, other steps for a note', () => {
    const held = compareBetween(runOf(10), runOf(10, 0, {}, { holdMs: 60_000 }), runbooks);
    expect(held.differences).toEqual([{ fact: 'stability window', a: '20 s', b: '60 s' }]);
    const shorter = compareBetween(runOf(10), runOf(10, 0, {}, { horizonMs: 50_000 }), runbooks);
    expect(shorter.horizonMs).toBe(50_000);
    expect(shorter.comparisons[2]).toMatchObject({ name: 'nuclear', kind: 'neither' });
    expect(shorter.comparisons[2]?.times[1]).toMatchObject({ sideA: { events: 0, restrictedMs: 50_000 } });
    const { runbooks: list } = planOf(1);
    const changed = list.map((r) => ({ ...r, steps: r.steps.map((s) => ({ ...s, command: 'true' })) }));
    expect(compareBetween(runOf(10), runOf(10, 0, {}, { runbooks: changed }), runbooks).notes).toContain(
      'cure: its steps are not the same in both runs.',
    );
  });

  it('compares alarms', () => {
    const between = compareBetween(runOf(4), runOf(4), alarms);
    expect(kinds(between)).toEqual({ 'fast-alarm': 'not-shown', 'slow-alarm': 'neither' });
  });
});

it('takes every fact for part of the fingerprint but those that differ by themselves', () => {
  const of = (environment: Readonly<Record<string, string>>): readonly TrialRecord[] => [{ ...sample, environment }];
  expect(environmentDifferences(of(facts), of({ ...facts, 'seconds.api': '1', addresses: 'x' }))).toEqual([]);
  expect(environmentDifferences(of({ 'cluster.origin': 'a' }), of({ 'cluster.origin': 'b' }))).toEqual([]);
  expect(environmentDifferences(of({ 'timer.new': 'a' }), of({ 'timer.new': 'b' }))).toHaveLength(1);
  const stock: readonly TrialRecord[] = [{ ...sample, profile: 'stock' }];
  expect(environmentDifferences([sample], stock).map((d) => d.fact)).toContain('profile');
});

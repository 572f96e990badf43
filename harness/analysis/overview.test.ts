import { describe, expect, it } from 'vitest';
import type { TrialRecord } from '../model/record.ts';
import { fixes, overviewOf, surprises, type RunInShort } from './overview.ts';
import { summarise } from './summary.ts';
import { planOf } from '../../test/support/plan.ts';
import { never, trial as outage } from '../../test/support/trial.ts';

/** Beside `node` there is an alert that never says anything. */
const trial: typeof outage = (trialId, goodMs, change) =>
  outage(trialId, goodMs, { detectors: [{ id: 'node', periodMs: 1e6 }, { id: 'asleep' }], ...change });

function run(
  createdEpochMs: number,
  records: readonly TrialRecord[],
  change: Parameters<typeof planOf>[1] = {},
): RunInShort {
  const plan = planOf(1, { createdEpochMs, runId: `run-${String(createdEpochMs)}`, ...change });
  return { plan, summary: summarise(plan, records) };
}
const lossy = { audits: [{ store: 'ledger', missing: 3 }] };
const first = run(1000, [trial('wait-1', never), trial('cure-1', 71_000), trial('nuclear-1', 150_000, lossy)]);
const second = run(2000, [trial('wait-1', never), trial('cure-1', 93_000), trial('nuclear-1', 150_000)], {
  horizonMs: 200_000,
});

describe('overviewOf', () => {
  // The later run first: what counts is when it was made.
  const [both, ...others] = overviewOf([second, first]);

  it('puts the runs of one outage together: sums of trials, least and most of the times, nothing inferred', () => {
    expect(others).toEqual([]);
    expect(both).toMatchObject({
      runs: [{ runId: 'run-1000' }, { runId: 'run-2000' }],
      trials: { planned: 6, valid: 6 },
    });
    const [cure, nuclear, wait] = both?.runbooks ?? [];
    expect(cure).toMatchObject({ id: 'cure', n: 2, k: 2, lost: 0, agreement: 'as-said' });
    expect(cure?.measured).toBe('Recovered 2 of 2, stable after 40 s to 62 s.');
    expect(nuclear).toMatchObject({ id: 'nuclear', n: 2, k: 1, lost: 3, agreement: 'mixed' });
    expect(nuclear?.measured).toContain('1 recovered with data lost, 3 rows lost or damaged');
    // For so long it was watched in both.
    expect(wait?.measured).toBe('Recovered 0 of 2, not stable within 3 min 20 s.');
    expect(wait).not.toHaveProperty('ttr');
  });

  it('sets first what is least risky, not what is soonest, and knows what speaks against it', () => {
    const sooner = run(3000, [trial('cure-1', 93_000), trial('nuclear-1', 71_000)]);
    const [outage] = overviewOf([sooner]);
    expect(outage && fixes(outage).map(({ id }) => id)).toEqual(['cure', 'nuclear']);
    expect(both?.runbooks.find(({ id }) => id === 'nuclear')?.fault).toBe('lost-data');
    expect(outage?.runbooks[0]?.badnessMs).toBeGreaterThan(50_000);
  });

  it('says what ended it every time, and what went otherwise than said', () => {
    if (both === undefined) throw new Error('no overview');
    expect(fixes(both).map(({ id }) => id)).toEqual(['cure']);
    expect(surprises(both).map(({ id }) => id)).toEqual(['nuclear']);
  });

  it('sets the alerts in the order in which they are of use', () => {
    expect(both?.alarms).toMatchObject([
      { id: 'node', n: 6, detected: 6 },
      { id: 'asleep', n: 6, detected: 0 },
    ]);
    expect(both?.alarms[1]).not.toHaveProperty('ttd');
  });

  it('keeps outages and profiles apart', () => {
    const stock = run(3000, [trial('cure-1', 71_000)], { profile: 'stock' });
    const other = run(4000, [trial('cure-1', 71_000)], { scenario: 'lights-out' });
    expect(overviewOf([first, stock, other]).map((o) => [o.scenario, o.profile, o.runs.length])).toEqual([
      ['test-outage', 'fast', 1],
      ['test-outage', 'stock', 1],
      ['lights-out', 'fast', 1],
    ]);
  });

  it('keeps nodes of other versions apart: what upstream does is no news of ours', () => {
    const on = (containerd: string): RunInShort => ({
      ...first,
      summary: { ...first.summary, environment: { 'version.containerd': containerd, cgroup: 'v1' } },
    });
    expect(overviewOf([on('1.6.20'), on('v2.2.0'), on('1.6.20')]).map((o) => [o.nodes, o.runs.length])).toEqual([
      ['containerd 1.6.20, cgroup v1', 2],
      ['containerd v2.2.0, cgroup v1', 1],
    ]);
  });

  it('has nothing to say of runbooks without a valid trial', () => {
    const [empty] = overviewOf([run(1000, [trial('cure-1', 71_000, { cutAtMs: 60_000 })])]);
    expect(empty?.runbooks.map(({ n, agreement }) => [n, agreement])).toEqual(Array(3).fill([0, 'no-data']));
    expect(empty && fixes(empty)).toEqual([]);
  });
});

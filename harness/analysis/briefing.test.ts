import { describe, expect, it } from 'vitest';
import { planOf } from '../../test/support/plan.ts';
import { never, trial } from '../../test/support/trial.ts';
import type { TrialRecord } from '../model/record.ts';
import { briefingPage } from '../reporters/briefing.ts';
import { briefingOf } from './briefing.ts';
import type { RunInShort } from './overview.ts';
import { summarise } from './summary.ts';

function run(scenario: string, records: readonly TrialRecord[], change: Parameters<typeof planOf>[1] = {}): RunInShort {
  const plan = planOf(1, { scenario, runId: `run-${scenario}-${String(change.createdEpochMs ?? 0)}`, ...change });
  return { plan, summary: summarise(plan, records) };
}
const lossy = { audits: [{ store: 'ledger', missing: 3 }] };
const page = (...runs: readonly RunInShort[]): string =>
  briefingPage(briefingOf(runs), (id) => `${id}/report.html`).replace(/<style>.*<\/style>/s, '');

describe('briefingOf', () => {
  it.each([
    ['works', [trial('wait-1', never), trial('cure-1', 71_000)]],
    ['by-itself', [trial('wait-1', 71_000), trial('cure-1', 71_000)]],
    ['nothing', [trial('wait-1', never), trial('cure-1', never)]],
    // Ended every time, but never without a loss: nothing to recommend.
    ['nothing', [trial('wait-1', never), trial('nuclear-1', 150_000, lossy)]],
    ['sometimes', [trial('cure-1', 71_000), trial('cure-2', never)]],
    ['no-data', []],
  ] as const)('is %s', (standing, records) => {
    expect(briefingOf([run('x', records)]).outages[0]?.standing).toBe(standing);
  });

  it('sorts by what is under control, and is as sure as the one run that tried it most', () => {
    const records = (n: number) => Array.from({ length: n }, (_, i) => trial(`cure-${i + 1}`, 71_000));
    const { outages, trials } = briefingOf([
      run('dark', [trial('cure-1', never)]),
      run('lit', records(2), { createdEpochMs: 1 }),
      run('lit', records(3), { createdEpochMs: 2 }),
    ]);
    expect(outages.map(({ outage, standing }) => [outage.scenario, standing])).toEqual([
      ['lit', 'works'],
      ['dark', 'nothing'],
    ]);
    expect(trials).toBe(6);
    expect(outages[0]?.sure).toMatchObject({ trials: 3 });
    // Three of three: the share that fails is below 0.632 (95 %, exact).
    expect(outages[0]?.sure?.mayFail).toBeCloseTo(1 - 0.05 ** (1 / 3), 3);
  });
});

describe('briefingPage', () => {
  it('says in sentences what ends it, what to avoid, how sure, and where the report is', () => {
    const text = page(run('x', [trial('wait-1', never), trial('cure-1', 71_000), trial('nuclear-1', 150_000, lossy)]));
    expect(text).toContain('In every outage something worked every time');
    expect(text).toContain('<code>cure</code> ended it every time.');
    expect(text).toContain('Avoid <code>nuclear</code>: it lost 3 rows.');
    expect(text).toContain('It does not end by itself.');
    expect(text).toContain('A first impression. Tried once: it could still fail in up to 95 of 100 cases.');
    expect(text).toContain('href="run-x-0/report.html"');
  });

  it('tells objectives, met and not met', () => {
    const objective = (recoverMs: number) => ({ objective: { recoverMs } });
    const text = page(
      run('soon', [trial('cure-1', 71_000)], objective(120_000)),
      run('late', [trial('cure-1', 71_000)], objective(10_000)),
    );
    expect(text).toContain('1 of 2 recovery objectives met.');
    expect(text).toContain('objective not met');
  });
});

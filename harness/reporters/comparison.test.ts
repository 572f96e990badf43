import { describe, expect, it } from 'vitest';
import { compareBetween, compareWithin } from '../analysis/comparison-runs.ts';
import type { Run } from '../model/run.ts';
import { analyseTrial } from '../analysis/record.ts';
import { buildLog } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import { comparisonMarkdown } from './comparison-markdown.ts';
import { comparisonTerminal } from './comparison-terminal.ts';
import { sortedJson } from './json.ts';

const evil = '6.1 | <img src=x> \u001b[31m *red*';
const sample = analyseTrial(
  buildLog({
    trialId: 'cure-1',
    runbook: 'cure',
    facts: { kernel: '6.1' },
    probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }],
    endMs: 120_000,
  }),
);

function runOf(blocks: number, shiftMs = 0, kernel = '6.1'): Run {
  const plan = planOf(blocks);
  const times: Readonly<Record<string, number>> = { cure: 40_000 + shiftMs, nuclear: 60_000 };
  const records = plan.trials.map((t, i) => {
    const time = (times[t.runbook] ?? 0) + (i % 5) * 300;
    const ttr = t.runbook === 'wait' ? { censored: true as const, at: 240_000 } : { lo: time - 100, hi: time + 100 };
    const outcome = t.runbook === 'wait' ? ('not-recovered' as const) : ('recovered' as const);
    const badnessMs = t.runbook === 'wait' ? 230_000 : time - 10_000;
    return { ...sample, trialId: t.id, runbook: t.runbook, ttr, outcome, badnessMs, environment: { kernel } };
  });
  return { plan, records };
}

const wanted = { what: 'runbooks' } as const;
const within = compareWithin(runOf(10), wanted);
const slower = compareBetween(runOf(10), runOf(10, 20_000), wanted);
const other = compareBetween(runOf(10), runOf(10, 0, evil), wanted);
const few = compareWithin(runOf(2), wanted);
const terminal = (comparison: typeof within, width = 160): string =>
  comparisonTerminal(comparison, { colour: false, width });

describe.each([
  ['within', within],
  ['slower', slower],
  ['other', other],
  ['few', few],
])('%s', (_name, comparison) => {
  it.each([
    ['terminal', terminal],
    ['markdown', comparisonMarkdown],
    ['json', sortedJson],
  ] as const)('%s: the same bytes every time, no NaN, no control characters', (_format, render) => {
    const text = render(comparison);
    expect(render(comparison)).toBe(text);
    expect(text).not.toMatch(/\bNaN\b|Infinity|undefined|\[object|[\u0000-\u0008\u000b-\u001f]/);
    expect(text).toContain(comparison.headline);
  });
});

describe('terminal', () => {
  it('has a line a pair with both times, marks what is shown and says it in full', () => {
    const text = terminal(within, 200);
    expect(text).toMatch(
      /> cure, nuclear +31 s \/ 41 s \(10 of 10\) +51 s \/ 61 s \(10 of 10\) +20 s \/ 20 s +20 s to 20 s \/ 19 s to 21 s +0\.0024 \/ 0\.0024 +cure better/,
    );
    expect(text).toMatch(/cure is better than nuclear: downtime 20 s less with cure \(95 %: /);
    expect(text).toMatch(/> wait, cure +3 min 50 s \/ never \(0 of 10\)/);
    expect(text).toContain('exploratory: chosen after the trials had run');
    expect(text).toContain('adjusted over all pairs by closed testing');
  });

  it('lists what was dropped, and the level of a look', () => {
    const dropped = [{ arm: 'wait', afterBlock: 3, why: '0 of 3 recovered, cure in 3 of 3' }];
    const text = terminal({ ...within, level: 0.004, dropped });
    expect(text).toContain(
      'wait: dropped after block 3 (0 of 3 recovered, cure in 3 of 3); its times are not compared',
    );
    expect(text).toContain('significant at this look: p of 0.004 or less');
  });

  it('shows both columns and no verdict when environments differ, one line a fact', () => {
    const text = terminal(other);
    expect(text).toContain('! kernel: 6.1 | 6.1 | <img src=x> *red*');
    expect(text).toMatch(/cure +31 s \/ 41 s \(10 of 10\) +31 s \/ 41 s \(10 of 10\) +0 ms \/ 0 ms +no verdict/);
    expect(text).not.toMatch(/better/);
  });

  it('names regressions', () => {
    expect(terminal(slower)).toContain(
      '! regression: cure: the first run is better than the second run: downtime 20 s less',
    );
  });

  it('says how many blocks it takes, and leaves empty columns out', () => {
    expect(terminal(few)).toMatch(/cure, nuclear .*too few, 6 at least/);
    expect(terminal(few)).not.toMatch(/ p +verdict/);
    expect(terminal(few)).not.toContain('permutation');
  });

  it('has one line for all that never came back', () => {
    const idle = compareWithin(
      {
        ...runOf(6),
        records: runOf(6).records.map((r) => ({
          ...r,
          badnessMs: 230_000,
          ttr: { censored: true as const, at: 240_000 },
        })),
      },
      wanted,
    );
    expect(terminal(idle)).toContain(
      'None of these recovered within 4 min, so they cannot be compared: wait, cure, nuclear.',
    );
  });

  it('fits into eighty columns', () => {
    for (const line of terminal(within, 80).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('markdown', () => {
  it('keeps its table whole and lets no markup through', () => {
    const text = comparisonMarkdown(other);
    expect(text).toContain('- ⚠ kernel: 6.1 \\| 6.1 \\| &lt;img src=x&gt; \\*red\\*');
    const rows = comparisonMarkdown(within)
      .split('\n')
      .filter((l) => l.startsWith('|'));
    expect(rows).toHaveLength(5);
    expect(new Set(rows.map((r) => r.split('|').length))).toEqual(new Set([9]));
  });
});

describe('json', () => {
  it('has everything, in the order of the plan', () => {
    const data = JSON.parse(sortedJson(within)) as typeof within;
    expect(data.schemaVersion).toBe(2);
    expect(data.comparisons.map((c) => `${c.a} ${c.b}`)).toEqual(['wait cure', 'wait nuclear', 'cure nuclear']);
  });
});

import { describe, expect, it } from 'vitest';
import { compareBetween, compareWithin, type Run } from '../analysis/comparison-runs.ts';
import { analyseTrial } from '../analysis/record.ts';
import { buildLog } from '../analysis/testing/log-builder.ts';
import { planOf } from '../analysis/testing/plan.ts';
import { comparisonMarkdown } from './comparison-markdown.ts';
import { comparisonTerminal } from './comparison-terminal.ts';
import { comparisonJson } from './json.ts';

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
    return { ...sample, trialId: t.id, runbook: t.runbook, ttr, outcome, environment: { kernel } };
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
    ['json', comparisonJson],
  ] as const)('%s: the same bytes every time, no NaN, no control characters', (_format, render) => {
    const text = render(comparison);
    expect(render(comparison)).toBe(text);
    expect(text).not.toMatch(/\bNaN\b|Infinity|undefined|\[object|[\u0000-\u0008\u000b-\u001f]/);
    expect(text).toContain(comparison.headline);
  });
});

describe('terminal', () => {
  it('has a line a pair, marks what is shown and says it in full', () => {
    const text = terminal(within);
    expect(text).toMatch(/> cure, nuclear +41 s \(10\) +61 s \(10\) +20 s +\d+ s to \d+ s +0\.0059 +cure faster/);
    expect(text).toMatch(/cure is faster than nuclear by 20 s \(95 %: /);
    expect(text).toMatch(/> wait, cure +not in 4 min \(10\)/);
  });

  it('shows both columns and no verdict when environments differ, one line a fact', () => {
    const text = terminal(other);
    expect(text).toContain('! kernel: 6.1 | 6.1 | <img src=x> *red*');
    expect(text).toMatch(/cure +41 s \(10\) +41 s \(10\) +0 ms +no verdict/);
    expect(text).not.toMatch(/faster/);
  });

  it('names regressions', () => {
    expect(terminal(slower)).toContain('! regression: cure: the first run is faster than the second run by 20 s');
  });

  it('says how many blocks it takes, and leaves empty columns out', () => {
    expect(terminal(few)).toMatch(/cure, nuclear .*too few, 7 at least/);
    expect(terminal(few)).not.toContain('p (Holm)');
    expect(terminal(few)).not.toContain('permutation');
  });

  it('has one line for all that never came back', () => {
    const idle = compareWithin(
      { ...runOf(6), records: runOf(6).records.map((r) => ({ ...r, ttr: { censored: true as const, at: 240_000 } })) },
      wanted,
    );
    expect(terminal(idle)).toContain('Never back within 4 min, so not told apart: wait, cure, nuclear.');
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
    const data = JSON.parse(comparisonJson(within)) as typeof within;
    expect(data.schemaVersion).toBe(1);
    expect(data.comparisons.map((c) => `${c.a} ${c.b}`)).toEqual(['wait cure', 'wait nuclear', 'cure nuclear']);
  });
});

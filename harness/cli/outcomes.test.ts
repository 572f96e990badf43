import { describe, expect, it } from 'vitest';
import { summarise } from '../analysis/summary.ts';
import { planOf } from '../../test/support/plan.ts';
import { trial } from '../../test/support/trial.ts';
import { exitCodeOfTrials } from '../engine/outcomes.ts';
import { exitCodes } from '../model/errors.ts';
import { outcomeLabel, outcomes, type Outcome } from '../model/outcome.ts';
import { rendered } from '../../test/support/rendered.ts';
import { advance, emptyView } from './progress/view.ts';

/** What every output is to say of a trial of a runbook that is expected to recover. */
const expected: Readonly<Record<Outcome, 'good' | 'bad' | 'none'>> = {
  prevented: 'good',
  recovered: 'good',
  relapsed: 'bad',
  'not-recovered': 'bad',
  'recovered-with-loss': 'bad',
  harmed: 'bad',
  'control-clean': 'good',
  'control-disturbed': 'bad',
  invalid: 'none',
  unknown: 'none',
};

const plan = planOf(1);

/** A run of one trial that ended like this. */
function runWith(outcome: Outcome, expect: 'recovers' | 'does-not-recover' = 'recovers') {
  const record = trial('cure-1', 71_000);
  const records = [{ ...record, outcome, reason: 'so it was', claim: { ...record.claim, expect } }];
  return { records, summary: summarise(plan, records) };
}

const report = (format: 'html' | 'junit' | 'md', outcome: Outcome): string => {
  const { records, summary } = runWith(outcome);
  return rendered(format, summary, plan, records);
};

describe.each(outcomes)('a trial that ended %s', (outcome) => {
  const tone = expected[outcome];

  it('has the exit code of its meaning', () => {
    const code = exitCodeOfTrials(plan, runWith(outcome).records);
    expect(code).toBe({ good: exitCodes.done, bad: exitCodes.notRecovered, none: exitCodes.invalid }[tone]);
  });

  it('never fails a run whose scenario expected nothing of it', () => {
    const code = exitCodeOfTrials(plan, runWith(outcome, 'does-not-recover').records);
    expect(code).toBe(tone === 'none' ? exitCodes.invalid : exitCodes.done);
  });

  it('is a JUnit case that passes, fails or errs with the exit code', () => {
    const text = report('junit', outcome);
    const [, failures, errors] = /failures="(\d)" errors="(\d)"/.exec(text) ?? [];
    expect([failures, errors]).toEqual({ good: ['0', '0'], bad: ['1', '0'], none: ['0', '1'] }[tone]);
  });

  it('has its colour and label on the page', () => {
    const badge = new RegExp(`<code>cure-1</code> <span class="badge ([a-z]+)">${outcomeLabel(outcome)}</span>`);
    expect(badge.exec(report('html', outcome))?.[1]).toBe(tone);
  });

  it('is counted as recovered when it is good, and as valid unless it gave no data', () => {
    const [cure] = runWith(outcome).summary.runbooks.filter(({ id }) => id === 'cure');
    expect([cure?.recovered.k, cure?.n]).toEqual({ good: [1, 1], bad: [0, 1], none: [0, 0] }[tone]);
  });

  it('has its label in the Markdown report', () => {
    expect(report('md', outcome)).toContain(`| \`cure-1\` | ${outcomeLabel(outcome)} |`);
  });

  it('has its level in the progress', () => {
    const event = { type: 'outcome', trialId: 'cure-1', runbook: 'cure', outcome, reason: 'so it was' } as const;
    expect(advance(emptyView(0), event, 0).lines[0]?.level).toBe(tone === 'none' ? 'warning' : tone);
  });
});

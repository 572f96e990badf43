import { describe, expect, it } from 'vitest';
import { planOf } from '../../test/support/plan.ts';
import { rendered } from '../../test/support/rendered.ts';
import { trial } from '../../test/support/trial.ts';
import { exitCodeOfTrials } from '../engine/outcomes.ts';
import { exitCodes } from '../model/errors.ts';
import type { Objective } from '../model/objective.ts';
import type { WholeRecord } from '../model/record.ts';
import { meets } from './objective.ts';
import { summarise } from './summary.ts';

const minute: Objective = { recoverMs: 60_000 };
const cure = (over: Partial<WholeRecord> = {}): WholeRecord => ({
  ...trial('cure-1', 31_000),
  outcome: 'recovered',
  ttr: { lo: 40_000, hi: 50_000 },
  ...over,
});
const lost = (rows: number) => ({ data: { stores: [], lost: rows } });

describe('a trial', () => {
  it.each([
    ['met it', minute, {}, true],
    ['may have been too late', { recoverMs: 45_000 }, {}, false],
    ['never recovered', minute, { outcome: 'not-recovered', ttr: { censored: true, at: 135_000 } }, false],
    ['was in time and did harm', minute, { outcome: 'harmed' }, false],
    ['was down again', minute, { outcome: 'relapsed' }, false],
    ['lost rows of which nothing was said', minute, { outcome: 'recovered-with-loss', ...lost(3) }, false],
    ['lost no more than it may', { ...minute, rows: 3 }, { outcome: 'recovered-with-loss', ...lost(3) }, true],
    ['lost more', { ...minute, rows: 2 }, { outcome: 'recovered-with-loss', ...lost(3) }, false],
    ['has data that nobody could read', { ...minute, rows: 0 }, { data: 'unknown' }, false],
  ] as const)('that %s', (_, objective, over, met) => {
    expect(meets(objective, cure(over as Partial<WholeRecord>))).toBe(met);
  });
});

describe('a run', () => {
  const plan = { ...planOf(1), objective: { ...minute, rows: 0 } };
  const asked = (over: Partial<WholeRecord>) => {
    const records = [cure(over)];
    const summary = summarise(plan, records);
    return { records, summary, code: exitCodeOfTrials(plan, records, summary.objective?.verdict) };
  };

  it('met its objective, and says how sure that is in every report', () => {
    const { records, summary, code } = asked(lost(0));
    expect(summary.objective).toMatchObject({ verdict: 'met', arms: [{ runbook: 'cure', met: 1, of: 1 }] });
    expect(summary.objective?.says).toBe(
      'stable within 60 s, no row lost: met by cure in 1 of 1 trial; the true chance is at least 5 % (95 %); with the shortened timers of the fast profile',
    );
    expect(code).toBe(exitCodes.done);
    for (const format of ['md', 'html'] as const)
      expect(rendered(format, summary, plan, records)).toContain('met by cure in 1 of 1 trial');
    expect(rendered('junit', summary, plan, records)).toMatch(/tests="4" failures="0"/);
  });

  it('did not meet it although its runbook recovered: exit code 1, a failure in JUnit', () => {
    const { records, summary, code } = asked({ ttr: { lo: 61_000, hi: 62_000 } });
    expect(summary.objective).toMatchObject({
      verdict: 'not met',
      says: expect.stringMatching(/not met \(by no runbook\)$/) as string,
    });
    expect(code).toBe(exitCodes.notRecovered);
    expect(rendered('junit', summary, plan, records)).toMatch(/tests="4" failures="1"/);
  });

  it('has no data, or no objective', () => {
    expect(asked({ outcome: 'invalid' }).summary.objective).toMatchObject({ verdict: 'no data' });
    expect(summarise(planOf(1), [cure()]).objective).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { Plan } from '../model/plan.ts';
import type { WholeRecord } from '../model/record.ts';
import { reports } from '../reporters/all.ts';
import { terminalReport } from '../reporters/terminal.ts';
import { inOne, rendered } from '../../test/support/rendered.ts';
import { compareWithin } from './comparison-runs.ts';
import { nightOf } from './nightly/lines.ts';
import { shortener, wholeAmong } from './short-record.ts';
import { summarise } from './summary.ts';
import { controlledPlan, trialOf } from '../../test/support/controls.ts';
import { trial } from '../../test/support/trial.ts';

/** Two controls and six blocks of trials, some with a diagnosis that found something. */
const plan = controlledPlan(6);
const facts = { kernel: '6.1', 'seconds.ready': '12.5', addresses: 'a long list of addresses' };
const whole: readonly WholeRecord[] = plan.trials.map((planned, i) => {
  const record = trialOf(plan, planned, i % 5 === 0 ? { lost: 1 } : {});
  const [first, ...rest] = record.steps;
  if (first === undefined) return { ...record, environment: facts };
  const found = { ...first, finding: true, ok: true, output: 'it was the pods' };
  return { ...record, environment: facts, steps: [found, ...rest.map((step) => ({ ...step, output: 'ok' }))] };
});
const short = whole.map(shortener());

describe('a short record', () => {
  it('says the same in summaries, comparisons and nights', () => {
    expect(summarise(plan, short)).toEqual(summarise(plan, whole));
    for (const what of ['runbooks', 'alarms'] as const)
      expect(compareWithin({ plan, records: short }, { what })).toEqual(
        compareWithin({ plan, records: whole }, { what }),
      );
    const key = (parts: readonly string[]) => parts.join();
    expect(nightOf({ plan, records: short }, key)).toEqual(nightOf({ plan, records: whole }, key));
  });

  it('gives the same reports byte for byte, whole records being fetched where they are drawn', () => {
    const summary = summarise(plan, whole);
    for (const format of Object.keys(reports) as (keyof typeof reports)[]) {
      const { render } = reports[format];
      expect(inOne(render(summary, plan, short, wholeAmong(whole)))).toBe(rendered(format, summary, plan, whole));
    }
    const options = { colour: false, width: 120 };
    expect(terminalReport(summary, plan, options)).toBe(terminalReport(summary, plan, options));
  });

  it('has no timelines, no load of each second, no commands and no output but findings', () => {
    const text = JSON.stringify(short);
    expect(JSON.stringify(whole)).toMatch(/"bands":.*"command":/);
    expect(text).not.toMatch(/"(bands|loadSeries|witness|lastError|command|on|exitCode)":/);
    expect(text.match(/"output":"[^"]*"/g)).toContain('"output":"it was the pods"');
    expect(text).not.toContain('"output":"ok"');
  });
});

describe('whole records', () => {
  it('are fetched one by one where they are drawn: of very many trials a hundred, and one for the commands of the fault', () => {
    const many: Plan = {
      ...plan,
      controls: [],
      trials: Array.from({ length: 300 }, (_, i) => ({
        id: `cure-${String(i + 1)}`,
        block: i + 1,
        runbook: 'cure',
        seed: i,
      })),
    };
    const one = trial('cure-1', 70_000);
    const records = many.trials.map(({ id }) => ({ ...one, trialId: id }));
    const among = wholeAmong(records);
    const asked: string[] = [];
    const pieces = reports.html.render(summarise(many, records), many, records.map(shortener()), (id) => {
      asked.push(id);
      return among(id);
    });
    const html = inOne(pieces);
    expect(html).toBe(rendered('html', summarise(many, records), many, records));
    expect(asked).toHaveLength(101);
    expect(new Set(asked).size).toBe(100);
  });

  it('that are not there are an error', () => {
    expect(() => wholeAmong([])('cure-1')).toThrow('there is no trial cure-1');
  });
});

import { describe, expect, it } from 'vitest';
import { planOf } from '../../test/support/plan.ts';
import { rendered } from '../../test/support/rendered.ts';
import { trial } from '../../test/support/trial.ts';
import { summarise } from '../analysis/summary.ts';
import type { DetectorSummary } from '../model/summary.ts';
import { alarmsTold } from './format.ts';
import { terminalReport } from './terminal.ts';

const plan = planOf(1);
const records = [trial('cure-1', 71_000)];
const summary = summarise(plan, records);
const [rang] = summary.detectors;
if (rang === undefined) throw new Error('no alert');
const counts = Object.fromEntries(Object.keys(rang.counts).map((status) => [status, 0])) as typeof rang.counts;
const rules = (n: number, over: Partial<DetectorSummary> = {}): readonly DetectorSummary[] =>
  Array.from({ length: n }, (_, i) => ({ ...rang, id: `Rule${i}`, points: [], falseAlarms: 0, counts, ...over }));

describe('the alerts of a report', () => {
  it('are all listed where they are few', () => {
    expect(alarmsTold([rang, ...rules(19)])).toMatchObject({ listed: { length: 20 } });
    expect(alarmsTold([rang, ...rules(19)]).silent).toBeUndefined();
  });

  it('are those that said anything where they are many, and a line of names', () => {
    const many = [rang, ...rules(30), ...rules(1, { id: 'Broken', counts: { ...counts, blind: 1 } })];
    const { listed, silent } = alarmsTold(many);
    expect(listed.map(({ id }) => id)).toEqual([rang.id, 'Broken']);
    expect(silent).toMatch(/^30 more alerts never rang: Rule0, Rule1, .* and Rule29\.$/);
    const told = { ...summary, detectors: many };
    for (const page of [
      rendered('md', told, plan, records),
      rendered('html', told, plan, records),
      terminalReport(told, plan, { width: 120, colour: false }).replace(/\s+/g, ' '),
    ])
      expect(page).toContain('30 more alerts never rang: Rule0');
  });
});

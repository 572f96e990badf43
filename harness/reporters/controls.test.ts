import { describe, expect, it } from 'vitest';
import { summarise } from '../analysis/summary.ts';
import { controlledPlan, controlledRecords, trialOf } from '../../test/support/controls.ts';
import type { TrialRecord } from '../model/record.ts';
import { reports, type ReportFormat } from './all.ts';
import { problemsOf } from '../model/schema.ts';
import { reportSchema } from './report-schema.ts';
import { terminalReport } from './terminal.ts';
import { rendered } from '../../test/support/rendered.ts';

const plan = controlledPlan(2);
const records = plan.trials.map((t) => trialOf(plan, t, t.id === 'healthy-2' ? { falseAlarm: true } : {}));
const summary = summarise(plan, records);
const { controls: _, ...uncontrolled } = plan;
const bare = { ...uncontrolled, trials: plan.trials.filter((t) => t.control === undefined) };
const bareRecords = records.filter((r) => r.control === undefined);
const shown = (format: ReportFormat): string => rendered(format, summary, plan, records);
const terminal = (of: readonly TrialRecord[] = records) =>
  terminalReport(summarise(plan, of), plan, { colour: false, width: 200 });

describe('controls in the reports', () => {
  it('are as the schema says, and every field of them is in it', () => {
    const report: unknown = JSON.parse(shown('json'));
    expect(problemsOf(reportSchema, report)).toEqual([]);
    expect(reportSchema.parse(report)).toEqual(report);
  });

  it.each(['html', 'md'] as const)(
    'stand in a section of their own in %s, after the runbooks and the alerts',
    (format) => {
      const text = shown(format);
      const at = ['Runbooks', 'Alerts', 'Controls', 'Trials'].map((title) =>
        text.indexOf(format === 'md' ? `## ${title}\n` : `<h2>${title}</h2>`),
      );
      expect(at).toEqual([...at].sort((a, b) => a - b));
      expect(at).not.toContain(-1);
      // Not ranked with the runbooks.
      expect(text.slice(at[0], at[1])).not.toContain('delayed-30s');
      const section = text.slice(at[2], at[3]);
      for (const word of ['healthy', 'cure-on-healthy', 'harness-undo', 'cure-delayed-30s', 'clean 1 of 2', '1 of 2'])
        expect(section).toContain(word);
      expect(text).not.toMatch(/\bNaN\b|Infinity|undefined|\[object/);
    },
  );

  it('are a table of the terminal, which fits its width', () => {
    expect(terminal()).toMatch(/healthy +clean 1 of 2 .*false alarms: node 1 of 2/);
    for (const width of [60, 90, 120])
      for (const line of terminalReport(summary, plan, { colour: false, width }).split('\n'))
        expect(line.length).toBeLessThanOrEqual(width);
  });

  it('say what gave no data', () => {
    const spoilt = plan.trials.map((t) => trialOf(plan, t, t.id === 'healthy-1' ? { cutAtMs: 40_000 } : {}));
    expect(terminal(spoilt.slice(0, -1))).toMatch(/healthy +clean 1 of 1, 1 invalid/);
    expect(terminal(spoilt.slice(0, -1))).toMatch(/cure-delayed-30s +recovered 1 of 1, 1 not run/);
    expect(terminal([])).toMatch(/harness-undo +no data, 2 not run/);
  });

  it('are suites of JUnit that never fail', () => {
    const text = shown('junit');
    for (const arm of ['healthy', 'cure-on-healthy', 'harness-undo', 'cure-delayed-30s'])
      expect(text).toMatch(new RegExp(`<testsuite name="test-outage\\.${arm}" tests="2" failures="0" errors="0"`));
    expect(text).toContain('alert node: false alarm');
    expect(text).toContain('alert node: quiet');
    expect(text).toMatch(/<testsuite name="test-outage\.cure" tests="2"/);
  });

  it('are series of OpenMetrics', () => {
    const text = shown('openmetrics');
    expect(text).toContain(
      'firedrill_control_alarm_trials{scenario="test-outage",profile="fast",control="healthy",kind="healthy",alarm="node"} 1',
    );
    expect(text).toMatch(/firedrill_canary_difference_seconds\{.*control="cure-delayed-30s".*\} 30\n/);
    expect(text).toMatch(/firedrill_control_clean_trials\{.*control="healthy".*\} 1\n/);
    expect(text).not.toMatch(/firedrill_control_clean_trials\{.*harness-undo/);
    expect(text).toMatch(/firedrill_recovered_trials\{.*runbook="cure"\} 2\n/);
    expect(text).not.toMatch(/runbook="cure-delayed/);
  });

  it('are in the command that makes the run again', () => {
    expect(shown('md')).toContain('--controls healthy,on-healthy,harness-undo,delayed');
  });

  it('are nowhere without them', () => {
    for (const format of Object.keys(reports) as ReportFormat[]) {
      const text = rendered(format, summarise(bare, bareRecords), bare, bareRecords);
      expect(text).not.toMatch(/controlArms|<h2>Controls|## Controls|firedrill_control_|firedrill_canary|--controls/);
    }
    const alone = { colour: false, width: 120 };
    expect(terminalReport(summarise(bare, bareRecords), bare, alone)).not.toContain('control ');
  });

  it('that all are clean have no list of what was not', () => {
    const clean = controlledRecords(plan).filter((r) => r.control !== 'on-healthy');
    expect(rendered('html', summarise(plan, clean), plan, clean)).not.toContain('Controls that were not clean');
    expect(shown('html')).toContain('Controls that were not clean');
  });
});

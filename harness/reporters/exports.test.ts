import { describe, expect, it } from 'vitest';
import { analyseTrial } from '../analysis/record.ts';
import { summarise } from '../analysis/summary.ts';
import { buildLog, type LogSpec } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { junitReport } from './junit.ts';
import { openMetricsReport } from './openmetrics.ts';

const evil = '"><script>alert(1)</script> & \u001b[31mred\u001b[0m \u0007 \ud800 \uffff back\\slash';

function trial(
  trialId: string,
  goodMs: number,
  expects: 'recovers' | 'does-not-recover',
  change: Partial<LogSpec> = {},
) {
  const record = analyseTrial(
    buildLog({
      trialId,
      runbook: trialId.replace(/-\d+.*$/, ''),
      probes: [{ sli: 'dns', outages: [[32_000, goodMs]] }],
      detectors: [{ id: 'node', expects: '.' }, { id: 'blind-one' }],
      readings: [{ atMs: 40_000, detector: 'node', state: 'firing', what: evil }],
      endMs: goodMs > 250_000 ? 290_000 : goodMs + 40_000,
      ...change,
    }),
  );
  return { ...record, claim: { says: '', expect: expects } };
}

const base = planOf(2);
const plan: Plan = {
  ...base,
  trials: [...base.trials, { id: 'cure-2-again', block: 2, runbook: 'cure', seed: 9, repeats: 'cure-2' }],
};
const records: readonly TrialRecord[] = [
  trial('wait-1', 1e9, 'does-not-recover'),
  trial('cure-1', 71_000, 'recovers'),
  { ...trial('nuclear-1', 1e9, 'recovers'), reason: evil },
  trial('cure-2', 73_000, 'recovers', { cutAtMs: 60_000 }),
  trial('cure-2-again', 73_000, 'recovers'),
  trial('nuclear-2', 73_000, 'recovers', { loopDelayP99Ms: 900 }),
];
const summary = summarise(plan, records);

describe('junit', () => {
  const text = junitReport(summary, plan, records);
  const caseOf = (name: string): string =>
    new RegExp(`<testcase [^>]*name="${name}"[^]*?</testcase>`).exec(text)?.[0] ?? '';

  it('fails what should recover and did not, and nothing that nobody expects', () => {
    expect(caseOf('nuclear-1')).toContain('<failure type="not-recovered" message="not recovered: ');
    for (const name of ['wait-1', 'cure-1', 'cure-2-again'])
      expect(caseOf(name)).not.toMatch(/<failure|<error|<skipped/);
    expect(caseOf('wait-1')).toContain('TTR: not within 4 min');
    expect(caseOf('cure-1')).toMatch(/TTR: 4\d s ± .*\ndowntime: \d+ s\nfully: .*\nalert node: after/);
  });

  it('has an error where there are no data, unless another trial made up for it', () => {
    expect(caseOf('nuclear-2')).toContain('<error type="no-data" message="unknown: ');
    expect(caseOf('cure-2')).toMatch(/<skipped message="invalid: .*; repeated by cure-2-again"/);
    expect(caseOf('wait-2')).toContain('<skipped message="not run"/>');
  });

  it('counts what it has', () => {
    expect(text).toMatch(/<testsuites name="firedrill test-outage" tests="7" failures="1" errors="1" time="[\d.]+">/);
    expect(text).toMatch(
      /<testsuite name="test-outage\.cure" tests="3" failures="0" errors="0" time="[\d.]+" skipped="1" timestamp="2025-11-21T00:00:00">/,
    );
    for (const suite of text.split('<testsuite ').slice(1)) {
      expect([...suite.matchAll(/<testcase /g)]).toHaveLength(Number(/tests="(\d+)"/.exec(suite)?.[1]));
      expect([...suite.matchAll(/<skipped /g)]).toHaveLength(Number(/skipped="(\d+)"/.exec(suite)?.[1]));
    }
  });

  it('is well formed whatever a cluster says, and the same bytes every time', () => {
    expect(text).not.toContain('<script');
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|\p{Cs}/u);
    const open: string[] = [];
    for (const [, slash, name, self] of text.replace(/<\?.*\?>/, '').matchAll(/<(\/?)([a-z-]+)[^>]*?(\/?)>/g)) {
      if (self === '/' || name === undefined) continue;
      if (slash === '/') expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
    expect(junitReport(summary, plan, [...records].reverse())).toBe(text);
  });
});

describe('openmetrics', () => {
  const text = openMetricsReport({ ...summary, profile: 'a"b\\c' });
  const rows = openMetricsReport(summary).trimEnd().split('\n');

  it('has one sample a runbook and an alert, in base units', () => {
    expect(rows).toContain('firedrill_recovered_trials{scenario="test-outage",profile="fast",runbook="cure"} 2');
    expect(rows).toContain('firedrill_recovery_mean_seconds{scenario="test-outage",profile="fast",runbook="wait"} 240');
    expect(rows).toContain(
      'firedrill_detection_trials{scenario="test-outage",profile="fast",alarm="node",status="detected"} 4',
    );
    expect(rows).toContain('firedrill_trials{scenario="test-outage",profile="fast",state="invalid"} 1');
    expect(rows.at(-1)).toBe('# EOF');
  });

  it('has no sample for what is not known', () => {
    const empty = openMetricsReport(summarise(plan, []));
    expect(empty).not.toContain('firedrill_recovery_mean_seconds');
    expect(empty).toContain('firedrill_recovery_trials{scenario="test-outage",profile="fast",runbook="cure"} 0');
    expect(empty).not.toMatch(/NaN|Inf|undefined/);
    expect(rows.join('\n')).not.toContain(
      'firedrill_detection_median_seconds{scenario="test-outage",profile="fast",alarm="blind-one"}',
    );
  });

  it('says of each family what it is, once and before its samples; units are in the names', () => {
    const seen = new Set<string>();
    let family = '';
    for (const row of rows.slice(0, -1)) {
      const [, kind, name = ''] = /^# (TYPE|UNIT|HELP) (\S+)/.exec(row) ?? [];
      if (kind === 'TYPE') {
        expect(seen.has(name)).toBe(false);
        seen.add(name);
        family = name;
      } else if (kind === 'UNIT') expect(name).toMatch(/_seconds$/);
      else if (kind === undefined)
        expect(row).toMatch(new RegExp(`^${family}(_info)?\\{([a-z]+="[^"]*",?)+\\} [\\d.]+$`));
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it('escapes labels', () => {
    expect(text).toContain('profile="a\\"b\\\\c"');
  });
});

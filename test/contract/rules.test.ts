import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toolsForTests } from '../support/prometheus.ts';
import { loadRules } from '../../harness/alerts/rules.ts';
import { scaleExpression } from '../../harness/alerts/promql.ts';
import { checkRules } from '../../harness/alerts/check.ts';
import { loadAnywhere, scenarioIds } from '../../harness/cli/load.ts';
import { realRunner } from '../../harness/host/run.ts';

const dir = join(import.meta.dirname, '..', '..', 'manifests', 'rules');
const files = readdirSync(dir).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));
const testOf = (file: string): string => join(dir, file.replace(/\.yaml$/, '.test.yaml'));

interface PromtoolTest {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

describe.each(files)('%s', (file) => {
  const rules = loadRules(join(dir, file)).flatMap((group) => group.rules);
  const tests = (parse(readFileSync(testOf(file), 'utf8')) as PromtoolTest).tests.flatMap((t) => t.alert_rule_test);

  it('says where its rules are from, and has a summary and a severity for each', () => {
    expect(readFileSync(join(dir, file), 'utf8')).toMatch(/^# /);
    for (const rule of rules) {
      expect([rule.name, rule.annotations['summary']]).not.toContain(undefined);
      expect(rule.labels['severity']).toMatch(/^(info|warning|critical)$/);
    }
  });

  it.each([...new Set(rules.map(({ name }) => name))])(
    '%s has a case in which it fires and one in which it does not',
    (name) => {
      const own = tests.filter((test) => test.alertname === name);
      expect(own.some(({ exp_alerts }) => exp_alerts.length >= rules.filter((rule) => rule.name === name).length)).toBe(
        true,
      );
      expect(own.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
    },
  );

  it('can be shortened', () => {
    for (const { expr } of rules) expect(scaleExpression(expr, 2 / 15) === expr).toBe(!expr.includes('['));
  });

  it.skipIf(typeof toolsForTests === 'string')('is sound, and passes its cases', async () => {
    if (typeof toolsForTests === 'string') return;
    await checkRules(realRunner, toolsForTests, [join(dir, file)]);
    const said = await realRunner.run(toolsForTests.promtool, ['test', 'rules', testOf(file)]);
    expect(said.ok ? '' : said.stdout + said.stderr).toBe('');
  });
});

const names = new Set(
  files.flatMap((file) => loadRules(join(dir, file)).flatMap(({ rules }) => rules.map(({ name }) => name))),
);

it.each(scenarioIds())('what names the cause of %s is a rule', async (id) => {
  const { scenario } = await loadAnywhere(id);
  const { rightAlerts } = scenario;
  // `[]` is an answer: no rule names it. No answer is for outages of a user's own.
  expect(rightAlerts).toBeDefined();
  expect(rightAlerts?.map(({ alertname }) => alertname).filter((name) => !names.has(name))).toEqual([]);
});

it('no two rules of one name differ in nothing but their expression', () => {
  const keys = files.flatMap((file) =>
    loadRules(join(dir, file)).flatMap(({ rules }) =>
      rules.map(({ name, labels }) => `${name} ${labels['severity'] ?? ''}`),
    ),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

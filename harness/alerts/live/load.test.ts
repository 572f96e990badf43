import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { profiles } from '../../model/profile.ts';
import { loadRuleSet } from './load.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-rules-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const write = (rules: string, name = 'rules.yaml'): string => {
  const file = join(dir, name);
  writeFileSync(file, `groups:\n  - name: g\n    rules:\n${rules}`);
  return file;
};

it("reads alerts and the metrics that they need, with the profile's times", () => {
  write(`      - alert: NodeDown
        expr: kube_node_status_condition{condition="Ready"} == 0 and on () job:up:sum > rate(foo_total[5m])
        for: 15m
        labels: { severity: warning }
      - { record: 'job:up:sum', expr: sum by (job) (up) }
`);
  const rules = loadRuleSet([dir], profiles.fast);
  expect(rules.alerts).toEqual([{ name: 'NodeDown', forMs: 120_000, labels: { severity: 'warning' } }]);
  expect(rules.metrics).toEqual(['foo_total', 'kube_node_status_condition', 'up']);
  expect(rules.files).toMatchObject([{ name: 'rules.yaml' }]);
  expect(rules.files[0]?.text).toContain('[40s]');
  expect(loadRuleSet([dir], profiles.stock).alerts[0]?.forMs).toBe(900_000);
});

it('keeps everything where a rule may read anything', () => {
  const file = write(`      - { alert: Any, expr: 'count({job="kubelet"}) == 0' }\n`);
  expect(loadRuleSet([file], profiles.stock)).not.toHaveProperty('metrics');
});

it('keeps files of one name apart', () => {
  const other = mkdtempSync(join(tmpdir(), 'firedrill-rules-'));
  try {
    write('      - { alert: A, expr: up == 0 }\n');
    writeFileSync(join(other, 'rules.yaml'), 'groups: [{ name: g, rules: [{ alert: B, expr: up == 0 }] }]\n');
    const { files, alerts } = loadRuleSet([dir, other], profiles.stock);
    expect(new Set(files.map(({ name }) => name)).size).toBe(2);
    expect(alerts.map(({ name }) => name).sort()).toEqual(['A', 'B']);
  } finally {
    rmSync(other, { recursive: true });
  }
});

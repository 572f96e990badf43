import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRules, ruleFiles, scaleGroups, scaleRules } from './rules.ts';

const text = `# the shop's rules
groups:
  - name: shop
    interval: 30s
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m])) # of all pods
      - alert: ManyErrors
        expr: |
          job:errors:rate5m > 5
        for: 10m
        keep_firing_for: 1h
        labels: { severity: page }
        annotations:
          summary: Many errors
`;

describe('a rule file', () => {
  it('as it stands', () => {
    const [group] = readRules(text, 'shop.yaml');
    expect(group).toMatchObject({ name: 'shop', intervalMs: 30_000, offsetMs: 0 });
    expect(group?.rules).toMatchObject([
      { kind: 'record', name: 'job:errors:rate5m', expr: 'sum by (job) (rate(errors_total[5m]))', line: 6 },
      {
        kind: 'alert',
        name: 'ManyErrors',
        expr: 'job:errors:rate5m > 5',
        forMs: 600_000,
        keepFiringForMs: 3_600_000,
        labels: { severity: 'page' },
        line: 8,
      },
    ]);
  });

  it('two rules of one name are told apart by severity', () => {
    const of = (severity: string) => `      - { alert: A, expr: x, labels: { severity: ${severity} } }\n`;
    const [group] = readRules(`groups:\n  - name: g\n    rules:\n${of('warning')}${of('critical')}`, 'shop.yaml');
    expect(group?.rules.map(({ title }) => title)).toEqual(['A (warning)', 'A (critical)']);
  });

  it.each([
    ['groups:\n  - name: a\n    rules:\n      - expr: x\n', 'shop.yaml:4: a rule needs a name'],
    ['groups:\n  - name: a\n    rules:\n      - alert: A\n', 'shop.yaml:4: A has no expr'],
    [
      'groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: x\n        for: long\n',
      'shop.yaml:6: for: long is not',
    ],
    ['groups:\n  - name: a\n   rules: []\n', 'shop.yaml:3: '],
    ['a: 1\n', 'shop.yaml:1: is not a rule file'],
    ['', 'shop.yaml:1: is not a rule file'],
    ['groups: 5\n', 'shop.yaml:1: groups must be a list'],
  ])('%j is refused with its line', (bad, message) => {
    expect(() => readRules(bad, 'shop.yaml')).toThrow(message);
  });

  it('is shortened by one factor, and says the same otherwise', () => {
    const short = scaleRules(text, 1 / 6, 'shop.yaml');
    expect(short).toContain("# the shop's rules");
    expect(readRules(short, 'shop.yaml')).toMatchObject([
      {
        intervalMs: 5000,
        rules: [
          { expr: 'sum by (job) (rate(errors_total[50s]))' },
          { forMs: 100_000, keepFiringForMs: 600_000, expr: 'job:errors:rate5m > 5' },
        ],
      },
    ]);
    expect(scaleRules(text, 1, 'shop.yaml')).toBe(text);
    expect(scaleGroups(readRules(text, 'shop.yaml'), 1 / 6)).toEqual(readRules(short, 'shop.yaml'));
  });
});

describe('which files', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rules-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('those of a folder and below, sorted, without tests of promtool', () => {
    mkdirSync(join(dir, 'b'));
    for (const name of ['z.yml', 'b/a.rules', 'a.test.yaml', 'read.md']) writeFileSync(join(dir, name), text);
    expect(ruleFiles([dir, join(dir, 'z.yml')])).toEqual([join(dir, 'b/a.rules'), join(dir, 'z.yml')]);
  });
  it('an empty folder and one that is not there are told', () => {
    expect(() => ruleFiles([dir])).toThrow('has no rule files');
    expect(() => ruleFiles([join(dir, 'gone')])).toThrow('no rules at');
  });
});

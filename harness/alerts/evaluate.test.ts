import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realRunner } from '../host/run.ts';
import { makeData, toolsForTests, type Values } from '../../test/support/prometheus.ts';
import { evaluateRules, type History } from './evaluate.ts';
import { readRules } from './rules.ts';
import { startServer, type Server } from './server.ts';
import { alertSpans } from './state.ts';

const stepMs = 10_000;
const fromMs = 1_760_000_000_000;
const length = 60;
const values = (of: (i: number) => number | undefined) => Array.from({ length }, (_, i) => of(i));

/** Two pods: one is down from the 10th to the 40th sample, with a gap of one good sample; a counter of errors; a series that ends. */
const series: Values = {
  'up{job="a",pod="x"}': values((i) => (i >= 10 && i < 40 && i !== 25 ? 0 : 1)),
  'up{job="a",pod="y"}': values((i) => (i === 50 ? 0 : 1)),
  'errors_total{pod="x"}': values((i) => Math.max(0, i - 20) * 10),
  'errors_total{pod="y"}': values((i) => i),
  'gone{pod="z"}': values((i) => (i < 15 ? 1 : undefined)),
};

const rules = `
groups:
  - name: first
    interval: 10s
    rules:
      - alert: Loud
        expr: job:errors:rate1m > 0.5
      - alert: Down
        expr: up == 0
        for: 30s
        labels: { who: '{{ $labels.pod }}' }
      - alert: Held
        expr: up == 0
        keep_firing_for: 1m
      - alert: Slow
        expr: up == 0
        for: 2m
      - record: job:errors:rate1m
        expr: sum by (pod) (rate(errors_total[1m]))
      - record: up:down
        expr: up == 0
  - name: second
    interval: 20s
    rules:
      - alert: Recorded
        expr: up:down == 0
        for: 20s
      - alert: Followed
        expr: ALERTS{alertname="Down", alertstate="firing"} == 1
      - alert: Absent
        expr: absent(gone)
        for: 1m
`;

const fired = (histories: readonly History[]) =>
  histories.flatMap(({ rule, evaluations }) =>
    alertSpans(evaluations, rule).flatMap(({ labels, firedMs, endedMs = Infinity }) =>
      firedMs === undefined ? [] : [{ name: rule.name, labels, firedMs, endedMs }],
    ),
  );

describe.skipIf(typeof toolsForTests === 'string')('rules over stored data', () => {
  const tools = toolsForTests;
  if (typeof tools === 'string') return;
  let dir: string;
  let server: Server;
  const servers: Server[] = [];
  let histories: readonly History[];
  const window = { fromMs, toMs: fromMs + (length - 1) * stepMs, evaluationMs: stepMs };
  const evaluate = (text: string) => evaluateRules(server, readRules(text, 'a.yaml'), window);
  /** A server over data of its own: what is recorded stays in it. */
  const freshServer = async (more: Values = {}): Promise<Server> => {
    const data = mkdtempSync(join(dir, 'data-'));
    await makeData(tools, data, { ...series, ...more }, fromMs, stepMs);
    const fresh = await startServer(tools.prometheus, data, { lookbackMs: 300_000 });
    servers.push(fresh);
    return fresh;
  };
  const rule = (name: string, expr: string, more = '') =>
    `groups: [{ name: g, rules: [{ alert: ${name}, expr: ${JSON.stringify(expr)}${more} }] }]`;
  const secondsOf = (name: string) =>
    fired(histories)
      .filter((each) => each.name === name)
      .map(({ firedMs, endedMs }) => [(firedMs - fromMs) / 1000, (endedMs - fromMs) / 1000]);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'evaluate-'));
    server = await freshServer();
    histories = await evaluate(rules);
  });
  afterAll(async () => {
    await Promise.all(servers.map((each) => each.stop()));
    rmSync(dir, { recursive: true });
  });

  it('pending, firing, kept firing', () => {
    expect(secondsOf('Down')).toEqual([
      [130, 250],
      [290, 400],
    ]);
    expect(secondsOf('Slow')).toEqual([
      [220, 250],
      [380, 400],
    ]);
    expect(secondsOf('Held')).toEqual([
      [100, 460],
      [500, 570],
    ]);
    expect(
      histories
        .find(({ rule: { name } }) => name === 'Down')
        ?.evaluations[15]?.[1].values()
        .next().value,
    ).toEqual({ alertname: 'Down', job: 'a', pod: 'x', who: 'x' });
  });

  it('a recorded series ends when its expression has no result, and is what other rules read', () => {
    expect(secondsOf('Recorded')).toEqual([[120, 400]]);
    expect(secondsOf('Loud')[0]?.[0]).toBeGreaterThan(200);
    expect(secondsOf('Followed')).toEqual([
      [140, 260],
      [300, 400],
    ]);
  });

  it('says which series a rule can never fire without', async () => {
    const [history] = await evaluate(rule('Never', 'nowhere > 1'));
    expect(history).toMatchObject({ missing: ['nowhere'], evaluations: { length } });
  });

  it('an instant at which it cannot be evaluated is left out, and told', async () => {
    // Several series on both sides match while pod x is down, and only then.
    const [history] = await evaluate(
      rule('Broken', 'up * on (job) (up == 0 or (up{pod="y"} and on () (up{pod="x"} == 0)))'),
    );
    expect(history?.trouble).toMatch(/^fails at \d+ of 60 evaluations: .*many-to-one/);
    expect(history?.evaluations.length).toBeLessThan(length);
    const [twins] = await evaluate(rule('Twins', 'up', ', labels: { pod: same }'));
    expect(twins).toMatchObject({
      trouble: 'two alerts with the same labels at 60 of 60 evaluations',
      evaluations: [],
    });
    const [range] = await evaluate(rule('Now', 'up == 0 and up @ end() == 0'));
    expect(fired(range === undefined ? [] : [range])[0]?.firedMs).toBe(fromMs + 100_000);
  });

  it('what the data hold under the name of a recorded series is replaced', async () => {
    const own = await freshServer({
      'up:down{pod="old"}': values(() => 0),
      'ALERTS{alertname="Down",alertstate="firing"}': values(() => 1),
    });
    const names = fired(await evaluateRules(own, readRules(rules, 'a.yaml'), window)).filter(
      ({ name, firedMs }) => name === 'Recorded' || name === 'Followed' || firedMs < fromMs,
    );
    expect(names.map(({ firedMs }) => (firedMs - fromMs) / 1000)).toEqual([120, 140, 300]);
  });

  it('other intervals give other instants', async () => {
    const every = await evaluateRules(await freshServer(), readRules(rules, 'a.yaml'), { ...window, everyMs: 60_000 });
    expect(every.map(({ intervalMs }) => intervalMs)).toEqual(Array.from({ length: 7 }, () => 60_000));
    expect(fired(every).find(({ name }) => name === 'Down')?.firedMs).toBe(fromMs + 160_000);
  });

  /**
   * promtool's test is Prometheus' own state machine over its own TSDB: for each instant it is told which alerts this one says fire, and it fails if they are
   * others. Both evaluate at the same instants: promtool begins at the Unix zero, so its series begin there, too.
   */
  it("fires when Prometheus' own machine does", async () => {
    const notation = (list: readonly (number | undefined)[]) => list.map((v) => v ?? '_').join(' ');
    // Recorded after it is read in the same group: Prometheus shows a rule the value of the evaluation before, this the same one's.
    const same = rules.replace(/ {6}- alert: Loud\n.*\n/, '');
    const alerts = fired(
      await evaluateRules(
        await freshServer(),
        readRules(same.replace('interval: 20s', 'interval: 10s'), 'a.yaml'),
        window,
      ),
    );
    const names = [...same.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name);
    const tests = Array.from({ length: length - 1 }, (_, i) => i).flatMap((i) =>
      names.map((alertname) => ({
        eval_time: `${i * 10}s`,
        alertname,
        exp_alerts: alerts
          .filter((a) => a.name === alertname && a.firedMs <= fromMs + i * stepMs && a.endedMs > fromMs + i * stepMs)
          .map(({ labels }) => ({
            exp_labels: Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'alertname')),
          })),
      })),
    );
    writeFileSync(join(dir, 'same.yaml'), same.replace('interval: 20s', 'interval: 10s'));
    const test = (list: typeof tests) =>
      stringify({
        rule_files: ['same.yaml'],
        evaluation_interval: '10s',
        // Without it promtool evaluates groups in an order that differs from run to run.
        group_eval_order: ['first', 'second'],
        tests: [
          {
            interval: '10s',
            input_series: Object.entries(series).map(([name, list2]) => ({ series: name, values: notation(list2) })),
            alert_rule_test: list,
          },
        ],
      });
    writeFileSync(join(dir, 'same.test.yaml'), test(tests));
    const said = await realRunner.run(tools.promtool, ['test', 'rules', join(dir, 'same.test.yaml')]);
    expect(said.stdout + said.stderr).toContain('SUCCESS');
    expect(tests.filter(({ exp_alerts }) => exp_alerts.length > 0).length).toBeGreaterThan(100);
    // The same with one alert too few is found: the check can fail.
    const at = tests.findIndex(({ exp_alerts }) => exp_alerts.length > 0);
    writeFileSync(join(dir, 'other.test.yaml'), test(tests.map((t, i) => (i === at ? { ...t, exp_alerts: [] } : t))));
    expect((await realRunner.run(tools.promtool, ['test', 'rules', join(dir, 'other.test.yaml')])).ok).toBe(false);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolsForTests } from '../../../test/support/prometheus.ts';
import { loadRuleSet } from '../live/load.ts';
import { profiles } from '../../model/profile.ts';
import { selectorsOf } from '../promql.ts';
import { startServer } from '../server.ts';
import { grafanaDashboard, prometheusPage } from './grafana.ts';
import { marksOf, seriesOfMarks } from './marks.ts';
import { markMetric, panels } from './panels.ts';

const truth = {
  onset: { lo: 1000, hi: 3000 },
  firstSymptom: { sli: 'dns', interval: { lo: 4000, hi: 5000 } },
  witnessMs: 2500,
  changedMs: 9000,
};

describe('a dashboard of a trial', () => {
  it('draws metrics alone that are kept beside every trial', () => {
    const { metrics = [] } = loadRuleSet(['stock'], profiles.fast);
    const drawn = panels.flatMap(({ expr }) => selectorsOf(expr).flatMap(({ metric }) => metric ?? []));
    const own = [markMetric, 'ALERTS', 'up'];
    expect(drawn.filter((name) => !own.includes(name) && !metrics.includes(name))).toEqual([]);
  });

  it('has the marks as annotations, a panel for each expression and whatever Prometheus there is', () => {
    const board = JSON.parse(JSON.stringify(grafanaDashboard('a', 'b', { fromMs: 0, toMs: 60_000 }))) as {
      readonly annotations: { readonly list: readonly { readonly expr: string }[] };
      readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
      readonly time: object;
    };
    expect(board.annotations.list[0]?.expr).toBe(markMetric);
    expect(board.panels.flatMap((p) => p.targets.map(({ expr }) => expr))).toEqual(panels.map(({ expr }) => expr));
    expect(board.time).toEqual({ from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T00:01:00.000Z' });
  });

  it("is a link to Prometheus' own page as well", () => {
    const { searchParams } = new URL(prometheusPage('http://127.0.0.1:1', { fromMs: 0, toMs: 60_000 }));
    expect(searchParams.get('g1.expr')).toBe(panels[1]?.expr);
    expect([searchParams.get('g0.range_input'), searchParams.get('g0.end_input')]).toEqual([
      '60s',
      '1970-01-01 00:01:00',
    ]);
  });

  it('marks what is known, in its order', () => {
    expect(marksOf(truth)).toEqual([
      { mark: 'onset', atMs: 2000 },
      { mark: 'the fault is seen to be in effect', atMs: 2500 },
      { mark: 'users notice (dns)', atMs: 4500 },
      { mark: "the runbook's first change", atMs: 9000 },
    ]);
    expect(marksOf({})).toEqual([]);
  });
});

describe.skipIf(typeof toolsForTests === 'string')('over a real Prometheus', () => {
  it('the marks are there for one scrape', async () => {
    const data = await mkdtemp(join(tmpdir(), 'firedrill-marks-'));
    const server = await startServer(typeof toolsForTests === 'string' ? '' : toolsForTests.prometheus, data, {
      lookbackMs: 40_000,
    });
    try {
      const atMs = Date.now() - 100_000;
      await server.write(seriesOfMarks([{ mark: 'onset', atMs }], 2000));
      const [series] = await server.queryRange(markMetric, atMs - 5000, atMs + 20_000, 1000);
      expect(series?.labels['mark']).toBe('onset');
      expect(series?.points.length).toBeLessThanOrEqual(3);
      expect((await fetch(`${server.url}/-/ready`)).ok).toBe(true);
    } finally {
      await server.stop();
      await rm(data, { recursive: true });
    }
  });
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboard } from '../../harness/cli/commands/dashboard.ts';
import { keepTrial, keptTruth } from '../support/corpus.ts';
import { toolsForTests } from '../support/prometheus.ts';

const fromMs = 1_760_000_000_000;

describe.skipIf(typeof toolsForTests === 'string')('dashboard', () => {
  const tools = toolsForTests;
  if (typeof tools === 'string') return;
  let dir: string;
  let kept: string;
  const stop = new AbortController();
  const run = async (
    name: string,
    flags: Partial<Parameters<typeof dashboard>[2]> = {},
    onResult: (text: string) => void = () => undefined,
  ) => {
    let out = '';
    const context = {
      env: { ...process.env },
      signal: stop.signal,
      ignoreSignals: () => undefined,
      lendInterrupts: () => () => undefined,
      output: {
        result: (text: string) => {
          out += `${text}\n`;
          onResult(out);
        },
        tell: () => undefined,
        makeRoom: undefined,
        stderr: { isTty: false, columns: 100, colour: false, write: () => undefined },
        stdout: { isTty: false, columns: 100, colour: false },
      },
    };
    return { exitCode: await dashboard(context, name, { out: join(dir, 'none'), ...flags }), out };
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'dashboard-'));
    kept = join(dir, 'corpus', 'cni-wipe-1');
    const series = { 'up{job="kubelet"}': Array.from({ length: 61 }, (_, i) => (i >= 24 && i < 50 ? 0 : 1)) };
    await keepTrial(tools, join(dir, 'corpus'), 'cni-wipe-1', series, fromMs, 5000, keptTruth({}, fromMs));
  });
  afterAll(() => {
    rmSync(dir, { recursive: true });
  });

  it('is a page with the graphs and the marks, and for Grafana', async () => {
    const [html, json] = [join(dir, 'a.html'), join(dir, 'a.json')];
    expect((await run(kept, { html, json })).exitCode).toBe(0);
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('Targets that are down');
    expect(page).toContain('UTC: users notice (dns)');
    expect(page.match(/<svg class="plot"/g)).toHaveLength(1);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toHaveProperty('panels');
  });

  it('is a Prometheus with the marks until Ctrl-C, of which nothing is left', async () => {
    const unpacked = (): readonly string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('firedrill-metrics-'));
    const before = unpacked();
    let url = '';
    const grafana = join(dir, 'grafana');
    const { exitCode, out } = await run(kept, { grafana }, (said) => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (found === undefined || !said.includes('Grafana:')) return;
      url = found;
      void fetch(`${url}/api/v1/label/mark/values`)
        .then((answer) => answer.json())
        .then((answer) => {
          expect(answer).toMatchObject({ data: expect.arrayContaining(['onset']) as unknown });
        })
        .finally(() => {
          stop.abort(new Error('Ctrl-C'));
        });
    });
    expect(exitCode).toBe(0);
    expect(out).toContain('onset');
    expect(readFileSync(join(grafana, 'datasources', 'firedrill.yaml'), 'utf8')).toContain(url);
    expect(existsSync(join(grafana, 'firedrill.json'))).toBe(true);
    await expect(fetch(url)).rejects.toThrow();
    expect(unpacked()).toEqual(before);
  });

  it('says what to do where there are no metrics', async () => {
    await expect(run(join(import.meta.dirname, '..', '..', 'reports', 'examples', 'coredns-loop'))).rejects.toThrow(
      /has no metrics: no rules were evaluated beside its trials/,
    );
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agrees } from '../../harness/alerts/against-live.ts';
import { addToCorpus } from '../../harness/alerts/corpus.ts';
import { testTrial } from '../../harness/alerts/test-rules.ts';
import { freePorts } from '../../harness/host/ports.ts';
import { must, realRunner } from '../../harness/host/run.ts';
import { sleep } from '../../harness/host/time.ts';
import { keptTruth } from '../support/corpus.ts';
import { toolsForTests } from '../support/prometheus.ts';

const rules = `groups:
  - name: ours
    rules:
      - { record: 'job:up:min', expr: min by (job) (up) }
      - { alert: Down, expr: 'up{job="app"} == 0', for: 3s, labels: { who: '{{ $labels.job }}' } }
      - { alert: Recorded, expr: 'job:up:min == 0' }
      - { alert: Queue, expr: 'queue > 2', for: 2s, keep_firing_for: 4s }
      - { alert: Gone, expr: 'absent(queue) and on () count_over_time(up{job="app"}[1m]) > 3', for: 2s }
      - { alert: Busy, expr: 'rate(prometheus_http_requests_total{handler="/metrics"}[5s]) > 0' }
      - { alert: Slow, expr: 'up == 0', for: 10m }
`;

const second = 1000;

/**
 * The same rules in a Prometheus that runs, and again over what it stored: it scrapes itself and a program whose queue grows, which ends after fourteen seconds
 * and comes back after eight more. Each alert must have fired in both, within one evaluation of a second.
 */
it.skipIf(typeof toolsForTests === 'string')('a replay fires when the Prometheus that ran did', async () => {
  const tools = toolsForTests;
  if (typeof tools === 'string') return;
  const dir = mkdtempSync(join(tmpdir(), 'replay-'));
  let queue = 0;
  const serve = () =>
    createServer((_request, response) => {
      response.end(`queue ${++queue}\n`);
    });
  let app = serve().listen(0, '127.0.0.1');
  await once(app, 'listening');
  const target = (app.address() as AddressInfo).port;
  const [port = 0] = await freePorts(1);
  const data = join(dir, 'data');
  mkdirSync(data);
  writeFileSync(join(dir, 'rules.yaml'), rules);
  const statics = (job: string, at: number) =>
    `  - { job_name: ${job}, static_configs: [{ targets: ['127.0.0.1:${at}'] }] }`;
  writeFileSync(
    join(dir, 'prometheus.yaml'),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${join(dir, 'rules.yaml')}]
scrape_configs:
${statics('app', target)}
${statics('prometheus', port)}
`,
  );
  const live = spawn(
    tools.prometheus,
    [
      `--config.file=${join(dir, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-admin-api',
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(live, 'exit');
  try {
    const fromMs = Date.now();
    // Targets are known after five seconds.
    await sleep(14 * second);
    app.closeAllConnections();
    app.close();
    await sleep(8 * second);
    queue = 0;
    app = serve().listen(target, '127.0.0.1');
    await sleep(4 * second);
    const kept = await fetch(`http://127.0.0.1:${port}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
    expect(kept.ok).toBe(true);
    const snapshots = join(data, 'snapshots');
    const snapshot = join(snapshots, readdirSync(snapshots)[0] ?? '');
    const archive = join(dir, 'metrics.tar.gz');
    await must(realRunner, 'packing', 'tar', ['-czf', archive, '-C', snapshot, ...readdirSync(snapshot)]);
    const truth = keptTruth({ scrapeMs: second, evaluationMs: second, healthy: [] }, fromMs);
    const trial = await addToCorpus(join(dir, 'corpus'), 'here', archive, truth);
    const [tried] = await testTrial(tools.prometheus, trial, [join(dir, 'rules.yaml')], new Set(), {});
    const found = tried?.row.live ?? [];
    expect(found.map(({ name }) => name).sort()).toEqual(['Busy', 'Down', 'Gone', 'Queue', 'Recorded']);
    expect(found.filter((each) => !agrees(each, second))).toEqual([]);
  } finally {
    app.closeAllConnections();
    app.close();
    live.kill('SIGKILL');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
});

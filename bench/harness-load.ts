/**
 * What the instrument itself costs: `npm run bench harness-load`
 *
 * The real sampler sends HTTP requests on fresh connections to a server in another process, at growing rates; CPU and memory of
 * this process are read for each. The figure to keep is CPU per sample against that of the lowest rate: above 1 the sampler grows
 * faster than its work, and how late samples start says when it can no longer be believed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { parseArgs } from 'node:util';
import { startClock } from '../harness/engine/clock.ts';
import { quantile } from '../harness/sampling/health.ts';
import { sample } from '../harness/sampling/sampler.ts';
import { keep, table } from './support.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } });
const seconds = Number(values.seconds);
/** Samples a second in all; a trial of `cni-wipe` sends about 40. */
const rates = [10, 40, 160, 640];
const slis = 10;

const server = spawn(
  process.execPath,
  [
    '-e',
    "require('http').createServer((q, r) => r.end('ok')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const [line] = (await once(server.stdout, 'data')) as [Buffer];
const port = Number(line.toString());

const request = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false, signal }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        resolve();
      });
    }).once('error', reject);
  });

async function measure(rate: number) {
  const clock = startClock();
  const stop = new AbortController();
  let samples = 0;
  let bad = 0;
  const periodMs = (1000 * slis) / rate;
  const cpu = process.cpuUsage();
  const running = Array.from({ length: slis }, (_, i) =>
    sample(
      { sli: `s${i}`, periodMs, timeoutMs: 1000, attempt: (_n, signal) => request(signal) },
      {
        startMs: clock.now() + (i * periodMs) / slis,
        clock,
        signal: stop.signal,
        onSample: ({ ok }) => {
          samples++;
          if (!ok) bad++;
        },
      },
    ),
  );
  await clock.sleep(seconds * 1000);
  const used = process.cpuUsage(cpu);
  const lateness = running.flatMap((sampler) => [...sampler.takeLateness()]);
  await Promise.all(running.map((sampler) => sampler.stop()));
  stop.abort();
  const cpuMs = (used.user + used.system) / 1000;
  return {
    rate,
    samples,
    bad,
    cores: cpuMs / 1000 / seconds,
    cpuPerSampleMs: cpuMs / samples,
    lateP99Ms: quantile(lateness, 0.99),
    rssMiB: process.memoryUsage().rss / 2 ** 20,
  };
}

try {
  await measure(rates[0] ?? 10); // warm
  const found = [];
  for (const rate of rates) found.push(await measure(rate));
  const unit = found[0]?.cpuPerSampleMs ?? 1;
  process.stdout.write(
    `${table([
      ['samples/s', 'sent', 'bad', 'CPU cores', 'CPU/sample', 'against 10/s', 'late (p99)', 'memory'],
      ...found.map((m) => [
        String(m.rate),
        String(m.samples),
        String(m.bad),
        m.cores.toFixed(3),
        `${m.cpuPerSampleMs.toFixed(2)} ms`,
        (m.cpuPerSampleMs / unit).toFixed(2),
        `${m.lateP99Ms.toFixed(1)} ms`,
        `${m.rssMiB.toFixed(0)} MiB`,
      ]),
    ])}\n`,
  );
  await keep('harness-load', { seconds, found });
} finally {
  server.kill();
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { freePorts } from '../host/ports.ts';
import { sleep } from '../host/time.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { parseAs } from '../model/schema.ts';
import { formatDuration } from './durations.ts';
import type { Stored } from './against-live.ts';
import { writeRequest, type Series } from './remote-write.ts';

/** One series of an answer. Unix ms. */
export interface Answer {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

/** A Prometheus over stored data: it scrapes nothing and evaluates no rule by itself. */
export interface Server {
  /** Evaluates an expression at `fromMs`, `fromMs + stepMs`, … up to `toMs`. @throws Error with Prometheus' own words */
  queryRange(expr: string, fromMs: number, toMs: number, stepMs: number): Promise<readonly Answer[]>;
  /** The samples of a selector's series as they are stored, of the `rangeMs` before an instant. */
  samples(selector: string, atMs: number, rangeMs: number): Promise<readonly Stored[]>;
  /** The names of all metrics. */
  names(): Promise<ReadonlySet<string>>;
  /** Deletes the series of these names from its data. */
  forget(names: readonly string[]): Promise<void>;
  /** Adds series to its data. */
  write(series: readonly Series[]): Promise<void>;
  stop(): Promise<void>;
}

const startWithinMs = 60_000;
const stopWithinMs = 10_000;
const queryWithinMs = 120_000;

const answer = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z.unknown().optional(),
});
const matrix = z.object({
  result: z.array(
    z.object({
      metric: z.record(z.string(), z.string()),
      values: z.array(z.tuple([z.number(), z.string()])).optional(),
    }),
  ),
});

/**
 * Starts a Prometheus over a data directory, which it may write to, on a free port of loopback.
 * @param given.lookbackMs how long a series without a new sample still counts; Prometheus' default is five minutes
 * @throws FiredrillError `environment` when it does not come up, with its last words
 */
export async function startServer(
  prometheus: string,
  data: string,
  given: { readonly lookbackMs: number },
  signal?: AbortSignal,
): Promise<Server> {
  signal?.throwIfAborted();
  const [port = 0] = await freePorts(1);
  const config = join(data, 'firedrill.yml');
  // Recorded series are older than the newest block.
  await writeFile(config, 'storage: { tsdb: { out_of_order_time_window: 100y } }\n');
  const child = spawn(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--web.enable-admin-api',
      `--query.lookback-delta=${formatDuration(given.lookbackMs)}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-4000);
  });
  const ended = once(child, 'exit').catch((error: unknown) => {
    said += oneLine(error);
  });
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const killed = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killed);
  const stop = async (): Promise<void> => {
    if (!isOver) {
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(stopWithinMs)]);
      if (!isOver) child.kill('SIGKILL');
      await ended;
    }
    process.removeListener('exit', killed);
  };

  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  try {
    while (!(await isReady(url, signal))) {
      if (isOver || performance.now() - began > startWithinMs) {
        throw new FiredrillError(
          'environment',
          `${prometheus} did not start: ${oneLine(said.trim() || 'it said nothing')}`,
          {
            hint: `${prometheus} --version`,
          },
        );
      }
      await sleep(50, signal);
    }
  } catch (error) {
    await stop();
    throw error;
  }

  const ask = async (path: string, body: URLSearchParams): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { method: 'POST', body, signal: limited(queryWithinMs, signal) });
    const { status, error, data: found } = parseAs(answer, await response.text());
    if (status !== 'success') throw new Error(error ?? `HTTP ${response.status}`);
    return found;
  };
  return {
    stop,
    async queryRange(expr, fromMs, toMs, stepMs) {
      const found = await ask(
        '/api/v1/query_range',
        new URLSearchParams({
          query: expr,
          start: String(fromMs / 1000),
          end: String(toMs / 1000),
          step: String(stepMs / 1000),
        }),
      );
      return matrix.parse(found).result.map(({ metric, values = [] }) => ({
        labels: metric,
        points: values.map(([at, value]) => [Math.round(at * 1000), numberOf(value)] as const),
      }));
    },
    async samples(selector, atMs, rangeMs) {
      const query = `${selector}[${formatDuration(rangeMs)}]`;
      const found = await ask('/api/v1/query', new URLSearchParams({ query, time: String(atMs / 1000) }));
      return matrix.parse(found).result.map(({ metric, values = [] }) => ({
        labels: metric,
        timesMs: values.map(([at]) => Math.round(at * 1000)),
      }));
    },
    async names() {
      const response = await fetch(`${url}/api/v1/label/__name__/values`, { signal: limited(queryWithinMs, signal) });
      return new Set(z.object({ data: z.array(z.string()) }).parse(await response.json()).data);
    },
    async forget(names) {
      if (names.length === 0) return;
      const body = new URLSearchParams(
        names.map((name): [string, string] => ['match[]', `{__name__=${JSON.stringify(name)}}`]),
      );
      const response = await fetch(`${url}/api/v1/admin/tsdb/delete_series`, {
        method: 'POST',
        body,
        signal: limited(queryWithinMs, signal),
      });
      if (!response.ok) throw new Error(`Prometheus deletes no series: ${oneLine(await response.text())}`);
    },
    async write(series) {
      if (series.length === 0) return;
      const response = await fetch(`${url}/api/v1/write`, {
        method: 'POST',
        body: new Uint8Array(writeRequest(series)),
        headers: {
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'x-prometheus-remote-write-version': '0.1.0',
        },
        signal: limited(queryWithinMs, signal),
      });
      if (!response.ok) throw new Error(`Prometheus takes no recorded series: ${oneLine(await response.text())}`);
    },
  };
}

const limited = (ms: number, signal?: AbortSignal): AbortSignal =>
  signal === undefined ? AbortSignal.timeout(ms) : AbortSignal.any([signal, AbortSignal.timeout(ms)]);

async function isReady(url: string, signal?: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`, { signal: limited(2000, signal) })).ok;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** Prometheus writes numbers as text: `+Inf` and `NaN` are no JSON. */
const numberOf = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

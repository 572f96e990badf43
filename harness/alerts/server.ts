import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { freePorts } from '../host/ports.ts';
import { deadline, sleep } from '../host/time.ts';
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
  /** On loopback, without a path. */
  readonly url: string;
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
 * @param given.rules rule files that it has to take
 * @throws FiredrillError `environment` when it does not come up, with its last words; whole as the error's cause
 */
export async function startServer(
  prometheus: string,
  data: string,
  given: { readonly lookbackMs: number; readonly rules?: readonly string[] },
  signal?: AbortSignal,
): Promise<Server> {
  signal?.throwIfAborted();
  const [port = 0] = await freePorts(1);
  const config = join(data, 'firedrill.yml');
  // Recorded series are older than the newest block.
  const rules = (given.rules ?? []).map((file) => resolve(file));
  await writeFile(
    config,
    `storage: { tsdb: { out_of_order_time_window: 100y } }\nrule_files: ${JSON.stringify(rules)}\n`,
  );
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
  const over = new AbortController();
  void ended.then(() => {
    over.abort();
  });
  const killed = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killed);
  const stop = async (): Promise<void> => {
    if (!over.signal.aborted) {
      child.kill('SIGTERM');
      await Promise.allSettled([sleep(stopWithinMs, over.signal)]);
      child.kill('SIGKILL');
      await ended;
    }
    process.removeListener('exit', killed);
  };

  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  try {
    while (!(await isReady(url, signal))) {
      if (over.signal.aborted || performance.now() - began > startWithinMs) {
        throw new FiredrillError(
          'environment',
          `${prometheus} did not start: ${oneLine(said.trim() || 'it said nothing')}`,
          {
            hint: `${prometheus} --version`,
            cause: said,
          },
        );
      }
      await sleep(50, signal);
    }
  } catch (error) {
    await stop();
    throw error;
  }

  const request = async (path: string, init: RequestInit): Promise<{ readonly ok: boolean; readonly text: string }> => {
    using limit = deadline(queryWithinMs, signal);
    const response = await fetch(`${url}${path}`, { ...init, signal: limit.signal });
    return { ok: response.ok, text: await response.text() };
  };
  /** What Prometheus answers. @throws Error with its own words */
  const ask = async <S extends z.ZodType>(schema: S, path: string, init: RequestInit): Promise<z.output<S>> => {
    const { status, error, data } = parseAs(answer, (await request(path, init)).text);
    if (status !== 'success') throw new Error(error ?? status);
    return schema.parse(data);
  };
  const query = (path: string, words: Readonly<Record<string, string>>) =>
    ask(matrix, path, { method: 'POST', body: new URLSearchParams(words) });
  const tell = async (what: string, path: string, init: RequestInit): Promise<void> => {
    const { ok, text } = await request(path, { ...init, method: 'POST' });
    if (!ok) throw new Error(`Prometheus ${what}: ${oneLine(text)}`);
  };
  return {
    url,
    stop,
    async queryRange(expr, fromMs, toMs, stepMs) {
      const [start, end, step] = [fromMs, toMs, stepMs].map((ms) => String(ms / 1000)) as [string, string, string];
      const { result } = await query('/api/v1/query_range', { query: expr, start, end, step });
      return result.map(({ metric, values = [] }) => ({
        labels: metric,
        points: values.map(([at, value]) => [Math.round(at * 1000), numberOf(value)] as const),
      }));
    },
    async samples(selector, atMs, rangeMs) {
      const words = { query: `${selector}[${formatDuration(rangeMs)}]`, time: String(atMs / 1000) };
      const { result } = await query('/api/v1/query', words);
      return result.map(({ metric, values = [] }) => ({
        labels: metric,
        timesMs: values.map(([at]) => Math.round(at * 1000)),
      }));
    },
    async names() {
      return new Set(await ask(z.array(z.string()), '/api/v1/label/__name__/values', {}));
    },
    async forget(names) {
      if (names.length === 0) return;
      const matches = names.map((name): [string, string] => ['match[]', `{__name__=${JSON.stringify(name)}}`]);
      await tell('deletes no series', '/api/v1/admin/tsdb/delete_series', { body: new URLSearchParams(matches) });
    },
    async write(series) {
      if (series.length === 0) return;
      await tell('takes no recorded series', '/api/v1/write', {
        body: new Uint8Array(writeRequest(series)),
        headers: {
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'x-prometheus-remote-write-version': '0.1.0',
        },
      });
    },
  };
}

async function isReady(url: string, signal?: AbortSignal): Promise<boolean> {
  using limit = deadline(2000, signal);
  try {
    return (await fetch(`${url}/-/ready`, { signal: limit.signal })).ok;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** Prometheus writes numbers as text: `+Inf` and `NaN` are no JSON. */
const numberOf = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

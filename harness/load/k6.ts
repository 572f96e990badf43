import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import type { Cluster } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { EventOf } from '../model/events.ts';
import { LoadSeconds } from './seconds.ts';

const script = fileURLToPath(new URL('../../manifests/k6/user-load.js', import.meta.url));

/** The script gives up on a request after 2 s; then it writes the line. */
const answeredWithinMs = 2500;

export interface LoadOptions {
  /** k6's image, which this Docker has; its entrypoint is `k6`. */
  readonly image: string;
  readonly cluster: Pick<Cluster, 'name' | 'network'>;
  readonly runId: string;
  /** URLs that are asked in turn, by addresses of the cluster's own network: the load comes from beside the nodes. */
  readonly targets: readonly string[];
  readonly ratePerSecond: number;
  /** k6 ends by itself after this, should nobody be left to stop it. */
  readonly maxSeconds: number;
  /** Wall time of the trial's zero, ms since the epoch: k6 has no other clock in common with the harness. */
  readonly zeroEpochMs: number;
  /** Called for each second of the load, in order and each once, some 3 s after it is over; not for the last ones. */
  readonly onSecond: (load: EventOf<'load'>) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts the user load: k6 in a container on the cluster's network, behind its fence. The arrival rate is fixed, so an outage
 * shows as bad and dropped requests and never as fewer of them. Resolves when the container runs; it is stopped and
 * removed by its own id, by `stop()` or when the signal aborts.
 *
 * Testcontainers' own cleaner (Ryuk) is not used: its image cannot be had everywhere, and the labels on the container put it
 * under firedrill's own `clean`, which the nodes need anyway.
 *
 * @throws FiredrillError `environment` when the container cannot be started; the signal's reason when aborted meanwhile
 */
export async function startLoad(options: LoadOptions): Promise<{ stop(): Promise<void> }> {
  const { signal, targets, ratePerSecond, maxSeconds } = options;
  signal.throwIfAborted();
  const seconds = new LoadSeconds({
    ratePerSecond,
    zeroEpochMs: options.zeroEpochMs,
    answeredWithinMs,
    onSecond: options.onSecond,
  });

  const container = new GenericContainer(options.image)
    .withAutoCleanup(false)
    .withName(`${options.cluster.name}-load`)
    .withNetworkMode(options.cluster.network)
    .withLabels({ firedrill: '1', 'firedrill.run': options.runId, 'firedrill.cluster': options.cluster.name })
    .withResourcesQuota({ memory: 0.25 })
    .withCopyContentToContainer([{ content: await readFile(script, 'utf8'), target: '/user-load.js', mode: 0o644 }])
    .withCommand([
      'run',
      '--quiet',
      '--no-color',
      '--no-summary',
      '--no-usage-report',
      '--log-format=raw',
      '--log-output=stdout',
      `--env=TARGETS=${targets.join(',')}`,
      `--env=RATE=${ratePerSecond}`,
      `--env=SECONDS=${maxSeconds}`,
      '/user-load.js',
    ])
    .withStartupTimeout(60_000)
    .withLogConsumer((stream) => {
      readLines(stream, (line) => seconds.line(line));
    });

  let started: StartedTestContainer;
  try {
    started = await container.start();
  } catch (error) {
    signal.throwIfAborted();
    throw new FiredrillError('environment', `the user load (k6, ${options.image}) did not start: ${oneLine(error)}`, {
      hint: 'npm run firedrill -- doctor',
      cause: error,
    });
  }

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      signal.removeEventListener('abort', onAbort);
      await started.stop({ timeout: 3000, remove: true, removeVolumes: true });
    })();
    return stopping;
  };
  const onAbort = (): void => {
    // Whoever calls stop() later gets the same promise, with its error.
    stop().catch(() => undefined);
  };
  if (signal.aborted) {
    await stop().catch(() => undefined);
    signal.throwIfAborted();
  }
  signal.addEventListener('abort', onAbort, { once: true });
  return { stop };
}

/** Calls back for each whole line of a stream of text. */
function readLines(stream: Readable, onLine: (line: string) => unknown): void {
  let rest = '';
  stream.on('data', (chunk: Buffer | string) => {
    rest += chunk.toString();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  // A stream that breaks ends the counting; the container is stopped by its id all the same.
  stream.on('error', () => undefined);
}

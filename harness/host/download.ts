import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { deadline } from './time.ts';

interface DownloadOptions {
  /** What the file must be. Hexadecimal. */
  readonly sha256: string;
  readonly signal?: AbortSignal;
  /** Called as bytes arrive; `total` where the server says it. Both count what an earlier attempt fetched. */
  readonly onBytes?: (received: number, total: number | undefined) => void;
  readonly fetcher?: typeof fetch;
}

/** How long a server may send nothing before it counts as gone. The whole may take as long as it likes. */
const silentMs = 30_000;

/**
 * Fetches a large file to `path`, where it appears only when it is complete and matches. What an interrupted attempt fetched lies beside it as
 * `<path>.part`, and the next one goes on from there.
 * @throws FiredrillError `environment` when it cannot be had, or is not what it must be
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { sha256, signal, onBytes, fetcher = fetch } = options;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  const had = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  using limit = deadline(silentMs, signal);
  try {
    const response = await fetcher(url, {
      signal: limit.signal,
      redirect: 'follow',
      ...(had === 0 ? {} : { headers: { range: `bytes=${had}-` } }),
    });
    // 416: it was complete already.
    if (response.status !== 416) {
      if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
      const resumed = response.status === 206;
      const length = Number(response.headers.get('content-length') ?? Number.NaN);
      const before = resumed ? had : 0;
      let received = before;
      let sounded = performance.now();
      const total = Number.isFinite(length) ? before + length : undefined;
      limit.lift();
      const watch = setInterval(() => {
        if (performance.now() - sounded > silentMs) limit.abort(new Error(`nothing came for ${silentMs / 1000} s`));
      }, 1_000);
      const count = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          sounded = performance.now();
          received += chunk.length;
          onBytes?.(received, total);
          done(null, chunk);
        },
      });
      try {
        await pipeline(
          Readable.fromWeb(response.body),
          count,
          createWriteStream(part, { flags: resumed ? 'a' : 'w' }),
          { signal: limit.signal },
        );
      } finally {
        clearInterval(watch);
      }
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw new FiredrillError('environment', `cannot fetch ${url}: ${oneLine(reasonOf(cause))}`, { cause });
  }
  if ((await sha256Of(part)) !== sha256) {
    await rm(part, { force: true });
    throw new FiredrillError('environment', `${url} does not match its checksum`, { hint: 'try again' });
  }
  await rename(part, path);
}

/** `fetch` says no more than "fetch failed"; why is its cause. */
const reasonOf = (error: unknown): unknown => (error instanceof Error ? (error.cause ?? error) : error);

/** The SHA-256 of a file, hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

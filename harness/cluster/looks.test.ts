import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import type { NodeStream } from '../model/cluster.ts';
import { millis } from '../model/units.ts';
import { looksBy } from './looks.ts';
import { Queue } from './queue.ts';

/** This machine in a node's place: the same shell, its process counted. */
function here() {
  let opened = 0;
  const attach = (_node: string, command: string, signal: AbortSignal): NodeStream => {
    opened += 1;
    const child = spawn('sh', ['-ec', command], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const queue = new Queue<string>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      queue.push(line);
    });
    child.stdin.on('error', () => undefined);
    const exited = new Promise<void>((resolve) =>
      child.on('close', () => {
        queue.close();
        resolve();
      }),
    );
    const close = async (): Promise<void> => {
      if (child.exitCode === null && child.pid !== undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          /* it has ended meanwhile */
        }
      }
      await exited;
    };
    signal.addEventListener('abort', () => void close(), { once: true });
    return { lines: queue, write: (line) => child.stdin.write(`${line}\n`), close };
  };
  return { look: looksBy(attach), opened: () => opened };
}

describe('looksBy', () => {
  let mine = new AbortController();
  afterEach(() => {
    mine.abort();
    mine = new AbortController();
  });

  it('answers as a command of its own would, by one shell', async () => {
    const { look, opened } = here();
    const options = { signal: mine.signal };
    expect(await look('n', 'echo \'a "b"\'; echo ü >&2; echo; echo c', options)).toEqual({
      exitCode: 0,
      stdout: 'a "b"\n\nc\n',
      stderr: 'ü\n',
    });
    expect(await look('n', 'false; echo not reached', options)).toEqual({ exitCode: 1, stdout: '', stderr: '' });
    expect(await look('n', 'cat; exit 7', options)).toEqual({ exitCode: 7, stdout: '', stderr: '' });
    expect(await look('n', 'kill -KILL $$', options)).toMatchObject({ exitCode: 137 });
    expect(
      (await look('n', 'head -c 300000 /dev/zero | tr "\\0" x; head -c 300000 /dev/zero >&2', options)).stdout,
    ).toHaveLength(300_000);
    expect(opened()).toBe(1);
  });

  it('opens another where one is busy, and uses both again', async () => {
    const { look, opened } = here();
    const options = { signal: mine.signal };
    const twice = () => Promise.all([look('n', 'sleep 0.1; echo 1', options), look('n', 'sleep 0.1; echo 2', options)]);
    expect((await twice()).map((r) => r.stdout)).toEqual(['1\n', '2\n']);
    await twice();
    expect(opened()).toBe(2);
    await look('m', 'true', options);
    expect(opened()).toBe(3);
  });

  it('gives up what does not answer in time, and never takes its answer for that of the next question', async () => {
    const { look, opened } = here();
    const options = { signal: mine.signal, timeoutMs: millis(50) };
    expect(await look('n', 'sleep 5; echo late', options)).toMatchObject({ exitCode: 124 });
    expect(await look('n', 'echo next', { signal: mine.signal })).toMatchObject({ exitCode: 0, stdout: 'next\n' });
    expect(opened()).toBe(2);
  });

  it('says that nobody answers when the node goes away, and opens another when it is back', async () => {
    const { look, opened } = here();
    const options = { signal: mine.signal };
    expect(await look('n', 'kill -KILL $PPID; sleep 1', options)).toMatchObject({ exitCode: 137 });
    expect(await look('n', 'echo back', options)).toMatchObject({ stdout: 'back\n' });
    expect(opened()).toBe(2);
  });

  it('ends with its signal, also in the middle of a look', async () => {
    const { look } = here();
    const told = look('n', 'sleep 5', { signal: mine.signal });
    setImmediate(() => {
      mine.abort();
    });
    expect(await told).toMatchObject({ exitCode: 130 });
    expect(await look('n', 'true', { signal: mine.signal })).toMatchObject({ exitCode: 130 });
  });

  it('keeps the shells of two signals apart', async () => {
    const { look, opened } = here();
    const other = new AbortController();
    await look('n', 'true', { signal: mine.signal });
    await look('n', 'true', { signal: other.signal });
    expect(opened()).toBe(2);
    other.abort();
    expect(await look('n', 'echo mine', { signal: mine.signal })).toMatchObject({ stdout: 'mine\n' });
  });
});

import { expect, it } from 'vitest';
import type { RunProcess } from '../../cluster/process.ts';
import { startReceiver } from './receiver.ts';

const { signal } = new AbortController();
const given = {
  name: 'r',
  options: ['--network', 'container:p'],
  image: 'node',
  port: 9099,
  address: '127.0.0.1',
  signal,
  onEnded: () => undefined,
};

it('hands on each line once it listens, and leaves out what its reader refuses', async () => {
  let say: (line: string) => void = () => undefined;
  const run: RunProcess = (_file, args, options) => {
    expect(args).toEqual([
      ...['run', '--rm', '-i', '--name', 'r', '--network', 'container:p'],
      ...['--entrypoint', 'perl', 'node', '-', '9099', '127.0.0.1'],
    ]);
    expect(options?.input).toContain('IO::Socket::INET');
    say = options?.onLine ?? say;
    queueMicrotask(() => {
      say('ready');
    });
    return new Promise(() => undefined);
  };
  const lines: string[] = [];
  const onLine = (line: string) => {
    if (line === 'noise') throw new Error('no JSON');
    lines.push(line);
  };
  await startReceiver({ ...given, run, onLine });
  for (const line of ['{"a":1}', 'noise', '{"a":2}']) say(line);
  expect(lines).toEqual(['{"a":1}', '{"a":2}']);
});

it('says why it did not start, and that it ended', async () => {
  const ended: string[] = [];
  const run: RunProcess = () => Promise.resolve({ exitCode: 125, stdout: '', stderr: 'no such container: p' });
  const start = startReceiver({ ...given, run, onLine: () => undefined, onEnded: (why) => ended.push(why) });
  await expect(start).rejects.toThrow('the receiver of notifications ended (exit 125): no such container: p');
  expect(ended).toHaveLength(1);
});

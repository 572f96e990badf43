import { describe, expect, it } from 'vitest';
import { runProcess } from './process.ts';

describe('runProcess', () => {
  it('tells each line of stdout as it comes, and all of it at the end', async () => {
    const lines: string[] = [];
    const { exitCode, stdout } = await runProcess('sh', ['-c', 'echo one; read -r go; echo "$go"'], {
      input: 'two\n',
      onLine: (line) => lines.push(line),
    });
    expect({ exitCode, stdout, lines }).toEqual({ exitCode: 0, stdout: 'one\ntwo\n', lines: ['one', 'two'] });
  });

  it('tells by the exit code what ended it, as a shell does', async () => {
    const stop = new AbortController();
    const aborted = runProcess('sleep', ['60'], { signal: stop.signal });
    stop.abort();
    expect((await aborted).exitCode).toBe(130);
    expect((await runProcess('sleep', ['60'], { timeoutMs: 50 })).exitCode).toBe(124);
    expect((await runProcess('sh', ['-c', 'kill -KILL $$'])).exitCode).toBe(137);
    await expect(runProcess('firedrill-no-such-program', [])).rejects.toThrow('cannot run firedrill-no-such-program');
  });
});

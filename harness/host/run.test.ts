import { describe, expect, it } from 'vitest';
import { execute, realRunner } from './run.ts';

const sh = (script: string): [string, string, string] => ['sh', '-c', script];
const shell = (script: string): [string, string[]] => ['sh', ['-c', script]];

describe('a program', () => {
  it('is told of line by line from both outputs, and without the last line’s end', async () => {
    const lines: string[] = [];
    const ended = await realRunner.run(...shell('echo one; echo two >&2; printf three'), {
      onLine: (line) => lines.push(line),
    });
    expect(lines.toSorted()).toEqual(['one', 'three', 'two']);
    expect(ended).toMatchObject({ ok: true, exitCode: 0, stdout: 'one\nthree', stderr: 'two', timedOut: false });
  });

  it('that is not there is missing; one that fails is not', async () => {
    expect(await realRunner.run('firedrill-no-such-program', [])).toMatchObject({ ok: false, missing: true });
    expect(await realRunner.run(...shell('exit 3'))).toMatchObject({ ok: false, exitCode: 3, missing: false });
  });

  it('is killed when it does not end in time, also when it ignores being told, or its children hold its output', async () => {
    const stubborn = await execute(...shell("trap '' TERM; sleep 60 & wait; wait"), {
      timeoutMs: 100,
      killAfterMs: 100,
    });
    expect(stubborn).toMatchObject({ ok: false, cut: 'late' });
  });

  it('ends with the caller’s reason when that aborts', async () => {
    const stop = new AbortController();
    const ended = realRunner.run(...shell('sleep 60'), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
  });

  it('adds to the environment, or has only what it is given', async () => {
    const show = shell('echo "$HOME/$X"');
    expect((await execute(...show, { env: { X: 'x' } })).stdout).toBe(`${process.env['HOME'] ?? ''}/x\n`);
    expect((await execute(...show, { env: { X: 'x' }, onlyEnv: true })).stdout).toBe('/x\n');
  });
});

describe('what is said of one program piped into another', () => {
  it('is the words of the first where it failed by itself: the other only misses its input', async () => {
    const both = await realRunner.pipe(
      sh('echo "no such image" >&2; exit 1'),
      sh('cat > /dev/null; echo "unexpected EOF" >&2; exit 1'),
    );
    expect(both).toMatchObject({ ok: false, stderr: 'no such image' });
  });

  it('is the words of the second where that ended first', async () => {
    const both = await realRunner.pipe(['yes'], sh('echo "not an image" >&2; exit 1'));
    expect(both).toMatchObject({ ok: false, stderr: 'not an image' });
  });

  it('ends when the second does, whether or not that has read anything, and however often', async () => {
    for (let i = 0; i < 20; i++) {
      const both = await realRunner.pipe(['yes'], sh(i % 2 === 0 ? 'exit 1' : 'head -c 100000 >/dev/null; exit 1'));
      expect(both).toMatchObject({ ok: false, exitCode: 1 });
    }
  });

  it('is well when both are, also where the second has read enough', async () => {
    expect(await realRunner.pipe(sh('echo all'), ['cat'])).toMatchObject({ ok: true, stdout: 'all' });
  });
});

import { describe, expect, it } from 'vitest';
import { realRunner } from './run.ts';

const sh = (script: string): [string, string, string] => ['sh', '-c', script];

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

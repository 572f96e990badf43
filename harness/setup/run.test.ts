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
});

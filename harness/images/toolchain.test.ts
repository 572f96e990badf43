import { describe, expect, it } from 'vitest';
import type { RunOptions, RunResult } from '../setup/run.ts';
import { compile } from './toolchain.ts';

const answer = (ok: boolean, stdout: string, stderr = ''): RunResult => ({
  ok,
  exitCode: ok ? 0 : 1,
  stdout,
  stderr,
  missing: false,
  timedOut: false,
});

/** A `go` that lists three packages, and builds with these lines. */
function fakeGo(build: readonly string[], ok = true) {
  const calls: (readonly string[])[] = [];
  const run = (_file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
    calls.push(args);
    if (args[0] === 'list') {
      options.onLine?.('go: downloading example.org/a v1.0.0');
      return Promise.resolve(answer(true, 'internal/goarch\nexample.org/a\nexample.org/a/cmd/x\n'));
    }
    for (const line of build) options.onLine?.(line);
    return Promise.resolve(answer(ok, '', build.join('\n')));
  };
  return { run, calls };
}

const of = {
  name: 'x',
  cwd: '/recipes/x',
  args: ['build', '-trimpath'],
  cgo: false,
  packages: ['example.org/a/cmd/x'],
  out: '/o',
};

describe('compile', () => {
  it('says how many packages are done', async () => {
    const go = fakeGo(['example.org/a', 'example.org/a/cmd/x']);
    const said: string[] = [];
    await compile(go, of, { say: (what) => said.push(what) });
    expect(said).toEqual([
      'go: downloading example.org/a v1.0.0',
      'compiling package 1 of at most 3',
      'compiling package 2 of at most 3',
    ]);
    expect(go.calls[1]).toEqual(['build', '-trimpath', '-v', '-o', '/o/', 'example.org/a/cmd/x']);
  });

  it('fails with what the compiler said, not with the names of packages', async () => {
    const go = fakeGo(['# example.org/a', 'a.go:3:1: syntax error', 'example.org/b', 'example.org/c', 'd/e'], false);
    await expect(compile(go, of, { say: () => undefined })).rejects.toMatchObject({
      code: 'environment',
      message: 'building x failed: # example.org/a | a.go:3:1: syntax error',
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { RunOptions, RunResult } from '../host/run.ts';
import { compile, compilerFor, goEnv, toolsOf } from './toolchain.ts';

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
  architecture: 'arm64' as const,
  cgo: false,
  packages: ['example.org/a/cmd/x'],
  out: '/o',
};

describe('for another architecture', () => {
  it('Go is told so, and gets the cross compiler only where it calls one', () => {
    expect(goEnv('arm64', false, 'amd64')).toEqual({
      ...{ CGO_ENABLED: '0', GOWORK: 'off', GOOS: 'linux', GOARCH: 'arm64' },
    });
    expect(goEnv('arm64', true, 'amd64')).toMatchObject({ GOARCH: 'arm64', CC: 'aarch64-linux-gnu-gcc' });
    expect(goEnv('amd64', true, 'amd64')).toEqual({
      ...{ CGO_ENABLED: '1', GOWORK: 'off', GOOS: 'linux', GOARCH: 'amd64' },
    });
    expect(compilerFor('amd64', 'arm64')).toBe('x86_64-linux-gnu-gcc');
    expect(compilerFor('arm64', 'arm64')).toBe('gcc');
  });

  it('a C compiler is asked for where C is compiled, and mmdebstrap where a root is made', () => {
    const packages = (steps: readonly string[], own: 'amd64' | 'arm64') =>
      toolsOf(steps, 'arm64', own).flatMap((tool) => tool.packages);
    expect(packages(['go-k6', 'go-etcd'], 'amd64')).toEqual([]);
    expect(packages(['c-pause'], 'amd64')).toEqual(['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross']);
    expect(packages(['go-flannel', 'root-node'], 'arm64')).toEqual([
      ...['gcc', 'libc6-dev', 'mmdebstrap', 'debian-archive-keyring'],
    ]);
    expect(packages(['go-runc'], 'amd64')).toContain('libseccomp-dev:arm64');
  });
});

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

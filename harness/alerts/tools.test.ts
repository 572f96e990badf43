import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realRunner, type RunResult, type Runner } from '../host/run.ts';
import { ensureTools, findTools, versionIn } from './tools.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tools-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** A folder with both programs, of which the server says that it is this version. */
function folder(name: string, version: string): string {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  for (const program of ['prometheus', 'promtool']) {
    writeFileSync(join(path, program), `#!/bin/sh\necho '${program}, version ${version} (branch: x)'\n`);
    chmodSync(join(path, program), 0o755);
  }
  return path;
}

const nothing: RunResult = {
  ok: false,
  exitCode: 1,
  stdout: '',
  stderr: 'E: not here',
  missing: false,
  timedOut: false,
};
/** Runs what is there, except apt and Go, of which it does what the test says. */
const runner = (
  given: Readonly<Record<string, (cwd: string, env: Readonly<Record<string, string>>) => RunResult>>,
): Runner => ({
  ...realRunner,
  run: async (file, args, options = {}) =>
    file === 'apt-get' || file === 'go' || file === 'sh'
      ? (given[file]?.(options.cwd ?? '', options.env ?? {}) ?? { ...nothing, missing: true })
      : realRunner.run(file, args, options),
});

describe('Prometheus on this machine', () => {
  it("is the user's own before the PATH's before the cache's", async () => {
    const cacheDir = join(dir, 'cache');
    const [own, path] = [folder('own', '3.0.0'), folder('path', '2.50.0')];
    folder('cache/bin/prometheus', '2.42.0+ds');
    const found = async (env: Readonly<Record<string, string>>) => (await findTools({ env, cacheDir }))?.version;
    expect(await found({ FIREDRILL_PROMETHEUS: own, PATH: path })).toBe('3.0.0');
    expect(await found({ FIREDRILL_PROMETHEUS: join(own, 'prometheus'), PATH: path })).toBe('3.0.0');
    expect(await found({ PATH: `${join(dir, 'none')}:${path}` })).toBe('2.50.0');
    expect(await found({ PATH: join(dir, 'none') })).toBe('2.42.0+ds');
    rmSync(join(own, 'promtool'));
    expect(await findTools({ env: { FIREDRILL_PROMETHEUS: own } })).not.toHaveProperty('promtool');
    rmSync(cacheDir, { recursive: true });
    expect(await found({ PATH: join(dir, 'none') })).toBeUndefined();
  });

  it('that the user names and is none is told, not passed over', async () => {
    mkdirSync(join(dir, 'empty'));
    const env = { FIREDRILL_PROMETHEUS: join(dir, 'empty'), PATH: folder('path', '2.50.0') };
    await expect(findTools({ env, cacheDir: dir })).rejects.toThrow('no prometheus that runs is there');
  });

  it('comes from Debian, once, and stays', async () => {
    let fetched = 0;
    const options = {
      env: { PATH: '' },
      cacheDir: join(dir, 'cache'),
      runner: runner({
        'apt-get': () => ({ ...nothing, ok: true }),
        sh: (cwd) => {
          fetched++;
          folder(join('cache', 'bin', cwd.split('/').at(-2) ?? '', 'out'), '2.42.0+ds');
          return { ...nothing, ok: true };
        },
      }),
    };
    const states: string[] = [];
    const note = (event: { readonly type: string; readonly state?: string }) => states.push(event.state ?? '');
    expect(await ensureTools(options, note as never)).toMatchObject({ version: '2.42.0+ds', from: "Debian's package" });
    expect(await ensureTools(options, note as never)).toMatchObject({ from: 'the cache' });
    expect([fetched, states]).toEqual([1, ['started', 'done']]);
    expect(readdirSync(join(dir, 'cache', 'bin'))).toEqual(['prometheus']);
  });

  it('is compiled where there is no apt', async () => {
    const given = runner({
      go: (_cwd, { GOBIN = '' }) => {
        folder(GOBIN.slice(dir.length + 1), '3.16.0');
        return { ...nothing, ok: true };
      },
    });
    const tools = await ensureTools(
      { env: { PATH: '' }, cacheDir: join(dir, 'cache'), runner: given },
      () => undefined,
    );
    expect(tools).toMatchObject({ version: '3.16.0', from: 'Go' });
  });

  it('that cannot be had says why, and leaves nothing', async () => {
    const given = runner({ 'apt-get': () => nothing });
    const attempt = ensureTools({ env: { PATH: '' }, cacheDir: dir, runner: given }, () => undefined);
    await expect(attempt).rejects.toThrow(
      "could not be obtained (Debian's package: E: not here; Go: `go` is not installed)",
    );
    expect(readdirSync(join(dir, 'bin'))).toEqual([]);
    expect(existsSync(join(dir, 'bin', 'prometheus'))).toBe(false);
  });
});

it('the version in what the server says', () => {
  expect(versionIn('prometheus, version 2.42.0+ds (branch: debian/sid)\n  go version: go1.19')).toBe('2.42.0+ds');
  expect(versionIn('usage: prometheus')).toBeUndefined();
});

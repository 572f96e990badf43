import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Runner, RunResult } from '../host/run.ts';
import type { ProgressEvent } from '../model/progress.ts';
import { realK3s, releaseFiles } from './k3s.ts';

let cacheDir: string;
let told: ProgressEvent[];
let asked: string[];
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'firedrill-k3s-'));
  told = [];
  asked = [];
});
afterEach(() => {
  rmSync(cacheDir, { recursive: true, force: true });
});

const program = Buffer.alloc(64);
program.write('\x7fELF', 0, 'latin1');
program[4] = 2;
program[5] = 1;
program.writeUInt16LE(62, 18);

const sum = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const release: Readonly<Record<string, string | Buffer>> = {
  k3s: program,
  'k3s-airgap-images-amd64.tar.zst': 'images',
  'sha256sum-amd64.txt': `${sum('images')}  k3s-airgap-images-amd64.tar.zst\n${sum(program)}  k3s\n`,
};
const served =
  (files: Readonly<Record<string, string | Buffer>>): typeof fetch =>
  (url) => {
    const path = url instanceof Request ? url.url : url.toString();
    asked.push(path);
    const content = files[path.split('/').at(-1) ?? ''];
    return Promise.resolve(
      content === undefined ? new Response('', { status: 404 }) : new Response(new Uint8Array(Buffer.from(content))),
    );
  };
const noNetwork: typeof fetch = () =>
  Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND github.com') }));
const runner: Runner = {
  run: () =>
    Promise.resolve({
      ...{ ok: true, exitCode: 0, stderr: '', missing: false, timedOut: false },
      stdout: 'k3s version v1.34.3+k3s1 (48ffa7b6)\n',
    } satisfies RunResult),
  pipe: () => Promise.reject(new Error('no')),
};

const ask = (mode: 'auto' | 'pull' | 'build', fetcher: typeof fetch, env = {}) =>
  realK3s(mode, (event) => told.push(event), undefined, { env, runner, architecture: 'amd64', cacheDir, fetcher });

describe('the real k3s', () => {
  it("is upstream's release, fetched once and checked", async () => {
    const k3s = await ask('auto', served(release));
    expect(k3s).toMatchObject({ version: 'v1.34.3+k3s1' });
    expect(readFileSync(k3s?.images ?? '', 'utf8')).toBe('images');
    expect(statSync(k3s?.program ?? '').mode & 0o777).toBe(0o755);
    expect(asked[0]).toBe('https://github.com/k3s-io/k3s/releases/download/v1.34.3%2Bk3s1/sha256sum-amd64.txt');
    const before = asked.length;
    expect((await ask('auto', noNetwork))?.key).toBe(k3s?.key);
    expect(asked).toHaveLength(before);
  });

  it('is not there without a network: nodes run the stand-in, and that is said', async () => {
    expect(await ask('auto', noNetwork)).toBeUndefined();
    expect(told).toEqual([
      {
        type: 'note',
        level: 'warning',
        text: expect.stringMatching(/stand-in.*not k3s v1\.34\.3\+k3s1: .*ENOTFOUND github\.com/) as string,
      },
    ]);
  });

  it('is demanded where everything has to be pulled', async () => {
    await expect(ask('pull', noNetwork)).rejects.toThrow(/ENOTFOUND/);
  });

  it('is not asked for where everything is built', async () => {
    expect(await ask('build', served(release))).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("is the user's where one is named, in every mode", async () => {
    const there = await ask('auto', served(release));
    const env = { FIREDRILL_K3S: there?.program, FIREDRILL_K3S_IMAGES: there?.images };
    expect(await ask('build', noNetwork, env)).toMatchObject({ program: there?.program });
  });

  it('is not taken from a release whose files are something else', async () => {
    expect(await ask('auto', served({ ...release, k3s: 'other' }))).toBeUndefined();
    expect(told.at(-1)).toMatchObject({ text: expect.stringMatching(/does not match its checksum/) as string });
    expect(await ask('auto', served({ ...release, 'sha256sum-amd64.txt': '' }))).toBeUndefined();
    expect(told.at(-1)).toMatchObject({ text: expect.stringMatching(/has no k3s/) as string });
  });

  it('goes by its own names on each architecture', () => {
    expect(releaseFiles('arm64')).toEqual({
      program: 'k3s-arm64',
      images: 'k3s-airgap-images-arm64.tar.zst',
      sums: 'sha256sum-arm64.txt',
    });
  });
});

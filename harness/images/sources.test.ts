import { describe, expect, it } from 'vitest';

import { machineArchitecture } from '../host/architecture.ts';
import type { RunOptions, Runner, RunResult } from '../host/run.ts';
import { hashLabel } from './build.ts';
import { fullName, splitRef } from '../model/image-name.ts';
import { type ImageMode, type ImageSpec } from './refs.ts';
import {
  classifyPullFailure,
  findLocal,
  judgeLocal,
  parseInspect,
  publishedName,
  Puller,
  pullError,
  unfit,
  whyUnusable,
  type LocalImage,
} from './sources.ts';

const spec: ImageSpec = { id: 'x', ref: 'ghcr.io/a/b:1', role: 'preload', pullBytes: 1 };
const result = (over: Partial<RunResult>): RunResult => ({
  ok: true,
  exitCode: 0,
  stdout: '',
  stderr: '',
  missing: false,
  timedOut: false,
  ...over,
});
const refused = result({
  ok: false,
  exitCode: 1,
  stderr: 'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host',
});

function fake(answer: (args: readonly string[], options?: RunOptions) => RunResult | Promise<RunResult>) {
  const asked: string[] = [];
  const runner: Runner = {
    run: async (file, args, options) => {
      asked.push([file, ...args].join(' '));
      return answer(args, options);
    },
    pipe: () => Promise.reject(new Error('not here')),
  };
  return { runner, asked };
}

describe('Puller', () => {
  it('pulls under the upstream name', async () => {
    const { runner, asked } = fake(() => result({}));
    expect(await new Puller(runner, undefined).pull(spec)).toBeUndefined();
    expect(asked).toEqual(['docker pull ghcr.io/a/b:1']);
  });

  it('pulls what is pinned by its digest, and leaves the tag to whoever has it', async () => {
    const { runner, asked } = fake(() => result({}));
    await new Puller(runner, undefined).pull({ ...spec, ref: 'kindest/node:v1', digest: 'sha256:ab' });
    expect(asked).toEqual(['docker pull docker.io/kindest/node@sha256:ab']);
  });

  it('goes through a mirror, by repository path', async () => {
    const { runner, asked } = fake(() => result({}));
    await new Puller(runner, 'localhost:5000').pull({ ...spec, ref: 'postgres:15' });
    expect(asked).toEqual(['docker pull localhost:5000/library/postgres:15']);
  });

  it('asks for what was published from this recipe first, then for what is mirrored, and moves no tag', async () => {
    const published = 'localhost:5000/library/postgres:15-abc';
    const there = fake(() => result({}));
    const postgres = { ...spec, ref: 'postgres:15' };
    await new Puller(there.runner, 'localhost:5000').pull(postgres, { published });
    expect(there.asked).toEqual([`docker pull ${published}`]);
    const mirror = fake((args) =>
      args.at(-1) === published ? result({ ok: false, exitCode: 1, stderr: 'manifest unknown' }) : result({}),
    );
    expect(await new Puller(mirror.runner, 'localhost:5000').pull(postgres, { published })).toBeUndefined();
    expect(mirror.asked.slice(1)).toEqual(['docker pull localhost:5000/library/postgres:15']);
    const nobody = fake(() => refused);
    await new Puller(nobody.runner, 'localhost:5000').pull(postgres, { published });
    expect(nobody.asked).toHaveLength(1);
  });

  it('asks a registry that does not answer only once', async () => {
    const { runner, asked } = fake(() => refused);
    const puller = new Puller(runner, undefined);
    expect(await puller.pull(spec)).toMatch(/no such host/);
    expect(await puller.pull({ ...spec, ref: 'ghcr.io/c/d:2' })).toMatch(/no such host/);
    expect(asked).toHaveLength(1);
    expect(puller.silence(spec)).toMatch(/^ghcr.io: /);
  });

  it('asks on when only the image is missing', async () => {
    const { runner, asked } = fake(() => result({ ok: false, exitCode: 1, stderr: 'manifest unknown' }));
    const puller = new Puller(runner, undefined);
    await puller.pull(spec);
    await puller.pull(spec);
    expect(asked).toHaveLength(2);
    expect(puller.silence(spec)).toBeUndefined();
  });

  it('gives up on a registry that says nothing at all', async () => {
    const { runner } = fake(
      (_, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => {
            reject(new Error('aborted'));
          });
        }),
    );
    const puller = new Puller(runner, undefined, 1);
    expect(await puller.pull(spec)).toMatch(/no answer/);
    expect(puller.silence(spec)).toBeDefined();
  });

  it('lets the caller stop it', async () => {
    const stop = new AbortController();
    const { runner } = fake(() => {
      stop.abort(new Error('enough'));
      throw new Error('aborted');
    });
    await expect(new Puller(runner, undefined).pull(spec, { signal: stop.signal })).rejects.toThrow('enough');
  });
});

it.each([
  ['manifest for x not found: manifest unknown', 'image'],
  ['pull access denied for x, repository does not exist', 'image'],
  ['dial tcp 127.0.0.1:5000: connect: connection refused', 'registry'],
  ['toomanyrequests: You have reached your pull rate limit', 'registry'],
] as const)('a pull that failed with "%s" says something about the %s', (said, kind) => {
  expect(classifyPullFailure(said, false)).toBe(kind);
});

it.each([
  ['unauthorized: authentication required', true, /^`docker login ghcr.io`, .*`--images build`$/],
  [
    'toomanyrequests: You have reached your pull rate limit',
    true,
    /^wait, or `docker login ghcr.io` .*`--images build`$/,
  ],
  ['dial tcp: lookup ghcr.io: no such host', true, /^name a mirror with FIREDRILL_REGISTRY.*`--images build`$/],
  ['dial tcp: lookup ghcr.io: no such host', false, /^name a mirror .* omit `--kubernetes`: 1.34 can be built/],
])('after "%s" the error says which image, why, and what to do instead', (why, canBuild, hint) => {
  expect(pullError(spec, 'ghcr.io', why, canBuild)).toMatchObject({
    code: 'environment',
    message: `cannot pull ghcr.io/a/b:1: ${why}`,
    hint: expect.stringMatching(hint) as string,
  });
});

describe('judgeLocal', () => {
  const users: LocalImage = {
    id: 'sha256:1',
    repoDigests: ['ghcr.io/a/b@sha256:2'],
    labels: {},
    architecture: machineArchitecture(),
  };
  const ours = (key: string): LocalImage => ({ ...users, repoDigests: [], labels: { [hashLabel]: key } });
  const foreign = { ...users, architecture: 'riscv64' };

  it('auto takes what is there, unless it is ours and old', () => {
    expect(judgeLocal(users, spec, 'auto', 'k')).toBe('use');
    expect(judgeLocal({ ...users, repoDigests: [] }, spec, 'auto', 'k')).toBe('use');
    expect(judgeLocal(ours('k'), spec, 'auto', 'k')).toBe('built');
    expect(judgeLocal(ours('old'), spec, 'auto', 'k')).toBe('ignore');
    expect(judgeLocal(undefined, spec, 'auto', 'k')).toBe('ignore');
  });

  it('pull takes only what came from a registry', () => {
    expect(judgeLocal(users, spec, 'pull', 'k')).toBe('use');
    expect(judgeLocal(ours('k'), spec, 'pull', 'k')).toBe('ignore');
    const mirrored = { ...ours('k'), repoDigests: ['localhost:5000/a/b@sha256:2'] };
    expect(judgeLocal(mirrored, spec, 'pull', 'k', 'localhost:5000')).toBe('use');
  });

  it('takes nothing that is for another architecture or of another recipe, from wherever it came', () => {
    expect(unfit({ ...users, architecture: 'riscv64' }, 'k')).toMatch(`it is for riscv64, and this machine is `);
    expect(unfit({ ...users, architecture: machineArchitecture() }, 'k')).toBeUndefined();
    expect(unfit(ours('old'), 'k')).toBe("it was built from another version's recipe");
    expect(unfit(ours('k'), 'k')).toBeUndefined();
    const old = { ...ours('old'), repoDigests: ['localhost:5000/a/b@sha256:2'] };
    for (const mode of ['auto', 'pull'] as const) {
      expect(judgeLocal({ ...users, architecture: 'riscv64' }, spec, mode, 'k')).toBe('ignore');
      expect(judgeLocal(old, spec, mode, 'k', 'localhost:5000')).toBe('ignore');
    }
  });

  it('looks for a published image first, and believes its label and not its name', async () => {
    const published = publishedName('localhost:5000/x', 'postgres:15', '0123456789abcdef');
    expect(published).toBe('localhost:5000/x/library/postgres:15-0123456789ab');
    const json = `{"Id":"sha256:1","RepoDigests":[],"Config":{"Labels":{"${hashLabel}":"k"}}}`;
    const { runner } = fake((args) =>
      args.at(-1) === published ? result({ stdout: json }) : result({ ok: false, exitCode: 1 }),
    );
    const wanted = { registry: 'localhost:5000/x', published };
    const find = (mode: ImageMode, key: string) => findLocal(runner, spec, { ...wanted, mode, key });
    expect(await find('auto', 'k')).toMatchObject({ verdict: 'use', name: published });
    expect(await find('pull', 'k')).toMatchObject({ verdict: 'use', name: published });
    expect(await find('pull', 'new')).toMatchObject({ verdict: 'ignore' });
    expect(await find('build', 'k')).toMatchObject({ verdict: 'ignore' });
  });

  it('takes a pinned image by its digest, and not what another release left under its tag', () => {
    const pinned = { ...spec, digest: 'sha256:2' };
    for (const mode of ['auto', 'pull'] as const) {
      expect(judgeLocal(users, pinned, mode, 'k')).toBe('use');
      expect(judgeLocal(users, { ...spec, digest: 'sha256:9' }, mode, 'k')).toBe('ignore');
    }
    expect(judgeLocal({ ...users, repoDigests: [] }, pinned, 'auto', 'k')).toBe('ignore');
    expect(judgeLocal(ours('k'), pinned, 'auto', 'k')).toBe('built');
    const mirrored = { ...users, repoDigests: ['localhost:5000/a/b@sha256:7'] };
    expect(judgeLocal(mirrored, pinned, 'pull', 'k', 'localhost:5000')).toBe('use');
  });

  it('looks for a pinned image by its digest first', async () => {
    const json = '{"Id":"sha256:1","RepoDigests":["ghcr.io/a/b@sha256:2"],"Config":{"Labels":null}}';
    const { runner, asked } = fake((args) =>
      args.at(-1)?.includes('@') === true ? result({ stdout: json }) : result({ ok: false, exitCode: 1 }),
    );
    const pinned = { ...spec, digest: 'sha256:2' };
    const found = await findLocal(runner, pinned, { mode: 'auto', key: 'k' });
    expect(found).toMatchObject({ verdict: 'use', name: 'ghcr.io/a/b@sha256:2' });
    await findLocal(runner, pinned, { mode: 'build', key: 'k' });
    expect(asked.map((line) => line.split(' ').at(-1))).toEqual(['ghcr.io/a/b@sha256:2', 'ghcr.io/a/b:1']);
  });

  it('takes nothing of another architecture, whatever its digest: a pull for one leaves both under the same names', async () => {
    expect(judgeLocal(foreign, spec, 'auto', 'k')).toBe('ignore');
    expect(judgeLocal(foreign, { ...spec, digest: 'sha256:2' }, 'pull', 'k')).toBe('ignore');
    expect(judgeLocal({ ...ours('k'), architecture: 'riscv64' }, spec, 'build', 'k')).toBe('ignore');
    const json = '{"Id":"sha256:1","Architecture":"riscv64","RepoDigests":["ghcr.io/a/b@sha256:2"],"Config":{}}';
    const { runner } = fake(() => result({ stdout: json }));
    expect(await findLocal(runner, { ...spec, digest: 'sha256:2' }, { mode: 'auto', key: 'k' })).toMatchObject({
      verdict: 'ignore',
    });
  });

  it('says why one that has the name cannot be used', () => {
    expect(whyUnusable(users, spec)).toBeUndefined();
    expect(whyUnusable(ours('old'), { digest: 'sha256:9' })).toBeUndefined();
    expect(whyUnusable(foreign, spec)).toBe(`it is for riscv64, and this machine is ${machineArchitecture()}`);
    expect(whyUnusable(users, { digest: `sha256:${'9'.repeat(64)}` })).toBe(
      'it is not the pinned sha256:999999999999…',
    );
    expect(whyUnusable(users, { digest: 'sha256:9' }, 'localhost:5000')).toBeUndefined();
  });

  it('build takes only what was built from this recipe', () => {
    expect(judgeLocal(users, spec, 'build', 'k')).toBe('ignore');
    expect(judgeLocal(ours('k'), spec, 'build', 'k')).toBe('built');
  });
});

it('reads docker image inspect', () => {
  expect(parseInspect('{"Id":"sha256:1","RepoDigests":null,"Config":{"Labels":null}}')).toEqual({
    id: 'sha256:1',
    repoDigests: [],
    labels: {},
    architecture: '',
  });
  expect(parseInspect('{"Id":"sha256:1","Architecture":"arm64"}')).toMatchObject({ architecture: 'arm64' });
  expect(parseInspect('nonsense')).toBeUndefined();
});

it('splits names as containerd does', () => {
  expect(splitRef('localhost:5000/a/b:1')).toEqual({ host: 'localhost:5000', path: 'a/b', tag: '1' });
  expect(fullName('postgres:15')).toBe('docker.io/library/postgres:15');
  expect(fullName('firedrill/built/pause:abc')).toBe('docker.io/firedrill/built/pause:abc');
});

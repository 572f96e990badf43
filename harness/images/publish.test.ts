import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machineArchitecture } from '../host/architecture.ts';
import type { Runner, RunResult } from '../host/run.ts';
import { buildGraph, hashLabel } from './build.ts';
import { recipesDir, short } from './keys.ts';
import {
  indexCommands,
  join,
  planPublish,
  publishImages,
  publishIndexes,
  readPublication,
  type Publication,
} from './publish.ts';
import { images } from './refs.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const of = (manifests: Publication['images'][string]['manifests'], more: { name?: string; tag?: string } = {}) => ({
  images: { k6: { name: 'r.example/x/grafana/k6', tag: '1.8.1-abc', manifests, ...more } },
});

/** A Docker that has every image that is asked for, as `inspected`. */
function fake(inspected: object = {}) {
  const asked: string[] = [];
  const runner: Runner = {
    run: (_file, args) => {
      asked.push(args.join(' '));
      const ok: RunResult = { ok: true, exitCode: 0, stdout: '', stderr: '', missing: false, timedOut: false };
      if (args[0] === 'manifest') return Promise.resolve({ ...ok, stdout: `${digest('3')}\n` });
      if (args[0] !== 'image' || args[1] !== 'inspect') return Promise.resolve(ok);
      return Promise.resolve({ ...ok, stdout: JSON.stringify(inspected) });
    },
    pipe: () => Promise.reject(new Error('nothing is piped')),
  };
  return { asked, runner };
}
const ignore = (): void => undefined;
const graph = buildGraph({ runner: fake().runner, cacheDir: '/cache', recipesDir, durations: {} });
const k6 = {
  key: graph.steps.find(({ id }) => id === 'k6')?.key ?? '',
  recipe: short(graph.recipes.get('k6') ?? ''),
  built: graph.built.get('k6') ?? '',
};
const own = machineArchitecture();

describe('publish', () => {
  it('would push every image that can be pulled, under its upstream name and its recipe, and asks no registry', async () => {
    const { runner, asked } = fake();
    const { build, push } = await planPublish({ to: 'r.example/x', runner, cacheDir: '/cache' });
    expect(build).toEqual([]);
    expect(push.map(({ id }) => id)).toEqual(images.map(({ id }) => id));
    expect(push.find(({ id }) => id === 'k6')).toEqual({
      ...{ id: 'k6', from: k6.built, name: 'r.example/x/grafana/k6', tag: `1.8.1-${k6.recipe}` },
    });
    expect(asked.filter((line) => !line.startsWith('image inspect'))).toEqual([]);
  });

  it('says what would be built first', async () => {
    const plan = await planPublish({
      ...{ to: 'r.example/x', only: ['k6'], cacheDir: '/nowhere' },
      runner: { ...fake().runner, run: () => Promise.resolve({ ...failed }) },
    });
    expect(plan.build).toEqual(['k6 from source', 'image grafana/k6:1.8.1']);
  });

  it('pushes under the tag of this architecture, tells the digest, and leaves no name behind', async () => {
    const { runner, asked } = fake({
      ...{ Id: 'sha256:1', RepoDigests: [`r.example/x/grafana/k6@${digest('2')}`], Architecture: own },
      Config: { Labels: { [hashLabel]: k6.key } },
    });
    const done = await publishImages({ to: 'r.example/x', only: ['k6'], runner, cacheDir: '/cache' }, ignore);
    expect(done.images).toEqual({
      k6: { name: 'r.example/x/grafana/k6', tag: `1.8.1-${k6.recipe}`, manifests: { [own]: digest('2') } },
    });
    const ref = `r.example/x/grafana/k6:1.8.1-${k6.recipe}-${own}`;
    expect(asked.filter((line) => !line.startsWith('image inspect'))).toEqual([
      ...[`tag ${k6.built} ${ref}`, `push ${ref}`, `image rm ${ref}`],
    ]);
  });

  it('pushes nothing that is for another architecture', async () => {
    const { runner, asked } = fake({ Id: 'sha256:1', Architecture: own === 'amd64' ? 'arm64' : 'amd64' });
    await expect(
      publishImages({ to: 'r.example/x', only: ['k6'], runner, cacheDir: '/cache' }, ignore),
    ).rejects.toThrow(/cannot be published: it is for /);
    expect(asked.filter((line) => line.startsWith('push'))).toEqual([]);
  });

  it.each(['R.example/X', 'https://r.example', 'r.example/x:', ''])('refuses to publish to %j', async (to) => {
    await expect(planPublish({ to, runner: fake().runner })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the index', () => {
  it('is made of digests, over HTTP on loopback only', async () => {
    const both = of({ amd64: digest('1'), arm64: digest('2') });
    const { create, push } = indexCommands(both.images.k6);
    const ref = 'r.example/x/grafana/k6:1.8.1-abc';
    const manifests = [`r.example/x/grafana/k6@${digest('1')}`, `r.example/x/grafana/k6@${digest('2')}`];
    expect(create).toEqual(['manifest', 'create', ref, ...manifests]);
    expect(push).toEqual(['manifest', 'push', '--purge', ref]);
    for (const host of ['localhost:5000', '127.0.0.1:5000', 'localhost']) {
      expect(indexCommands({ ...both.images.k6, name: `${host}/x` }).create).toContain('--insecure');
    }
    expect(indexCommands({ ...both.images.k6, name: 'localhost.example/x' }).create).not.toContain('--insecure');
    const { runner, asked } = fake();
    const done = await publishIndexes(both, { runner }, ignore);
    expect(done.images['k6']).toEqual({ ...both.images.k6, digest: digest('3') });
    expect(asked[0]).toBe(`manifest rm ${ref}`);
  });

  it('joins one part of each architecture', () => {
    const [one, two] = [of({ amd64: digest('1') }), of({ arm64: digest('2') })];
    expect(join([one, two])).toEqual(of({ amd64: digest('1'), arm64: digest('2') }));
  });

  it.each([
    ['nothing', [], /nothing to join/],
    ['two of one architecture', [of({ amd64: digest('1') }), of({ amd64: digest('2') })], /two .* for amd64/],
    [
      'two recipes',
      [of({ amd64: digest('1') }), of({ arm64: digest('2') }, { tag: 'y' })],
      /differ in recipe or registry/,
    ],
    [
      'two registries',
      [of({ amd64: digest('1') }), of({ arm64: digest('2') }, { name: 'z' })],
      /differ in recipe or registry/,
    ],
    ['other images', [of({ amd64: digest('1') }), { images: {} }], /describe different images/],
  ] as const)('refuses %s', (_name, parts, why) => {
    expect(() => join(parts)).toThrow(why);
  });

  it('reads what was written, and nothing else', async () => {
    const dir = mkdtempSync(joinPath(tmpdir(), 'firedrill-publish-'));
    const file = joinPath(dir, 'part.json');
    writeFileSync(file, JSON.stringify(of({ amd64: digest('1') })));
    expect(await readPublication(file)).toEqual(of({ amd64: digest('1') }));
    writeFileSync(file, JSON.stringify(of({ amd64: 'latest' })));
    await expect(readPublication(file)).rejects.toMatchObject({ code: 'usage' });
    await expect(readPublication(joinPath(dir, 'none'))).rejects.toMatchObject({ code: 'usage' });
    rmSync(dir, { recursive: true });
  });
});

const failed: RunResult = { ok: false, exitCode: 1, stdout: '', stderr: '', missing: false, timedOut: false };

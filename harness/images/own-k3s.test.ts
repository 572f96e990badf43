import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Runner, RunResult } from '../host/run.ts';
import { imagesOf, nodeBaseOf, ownK3dNode, ownK3sNode } from './bases.ts';
import { buildGraph } from './build.ts';
import { reachable } from './dag.ts';
import { recipesDir } from './keys.ts';
import { archiveName, ownK3s } from './own-k3s.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-own-k3s-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** The head of a program for a machine. */
const elf = (machine: number): Uint8Array => {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 0, 'latin1');
  head[4] = 2;
  head[5] = 1;
  head.writeUInt16LE(machine, 18);
  return head;
};
const put = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
const says = (stdout: string): Runner => ({
  run: () =>
    Promise.resolve({ ok: true, exitCode: 0, stdout, stderr: '', missing: false, timedOut: false } satisfies RunResult),
  pipe: () => Promise.reject(new Error('no')),
});
const real = says('k3s version v1.34.3+k3s1 (48ffa7b6)\ngo version go1.24.11\n');

describe("a k3s of the user's own", () => {
  const given = () => ({
    FIREDRILL_K3S: put('k3s', elf(62)),
    FIREDRILL_K3S_IMAGES: put('k3s-airgap-images-amd64.tar.zst', 'images'),
  });

  it('is none where nothing is named', async () => {
    expect(await ownK3s({}, real, 'amd64')).toBeUndefined();
  });

  it('is known by its version, and by what is in its files', async () => {
    const env = given();
    const one = await ownK3s(env, real, 'amd64');
    expect(one).toMatchObject({ version: 'v1.34.3+k3s1', program: env.FIREDRILL_K3S });
    expect((await ownK3s(env, real, 'amd64'))?.key).toBe(one?.key);
    put('k3s', Buffer.concat([elf(62), Buffer.from('other')]));
    expect((await ownK3s(env, real, 'amd64'))?.key).not.toBe(one?.key);
  });

  const wrong: readonly (readonly [string, () => Record<string, string>, Runner, RegExp])[] = [
    ['no images', () => ({ FIREDRILL_K3S: put('k3s', elf(62)) }), real, /needs its images/],
    ['no program', () => ({ FIREDRILL_K3S_IMAGES: put('a.tar', '') }), real, /FIREDRILL_K3S is not/],
    [
      'a program that is not there',
      () => ({ ...given(), FIREDRILL_K3S: join(dir, 'none') }),
      real,
      /FIREDRILL_K3S: ENOENT/,
    ],
    [
      'an archive that is not there',
      () => ({ ...given(), FIREDRILL_K3S_IMAGES: join(dir, 'no.tar') }),
      real,
      /IMAGES: ENOENT/,
    ],
    [
      'an archive of another kind',
      () => ({ ...given(), FIREDRILL_K3S_IMAGES: put('a.zip', '') }),
      real,
      /no archive that k3s imports/,
    ],
    [
      'another architecture',
      () => ({ ...given(), FIREDRILL_K3S: put('k3s', elf(183)) }),
      real,
      /is for arm64, and this machine is amd64/,
    ],
    [
      'no program at all',
      () => ({ ...given(), FIREDRILL_K3S: put('k3s', '#!/bin/sh\n') }),
      real,
      /is no Linux program/,
    ],
    [
      'another version',
      given,
      says('k3s version v1.30.1+k3s1 (x)'),
      /is k3s v1\.30\.1\+k3s1, and the outages are for 1\.34/,
    ],
    ['something else', given, says('hello'), /does not say which k3s it is: hello/],
  ];
  it.each(wrong)('is refused in one line: %s', async (_, env, runner, message) => {
    await expect(ownK3s(env(), runner, 'amd64')).rejects.toThrow(message);
    await expect(ownK3s(env(), runner, 'amd64')).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringMatching(/./) as string,
    });
  });

  it("takes the stand-in's place in the node, under its own name, with its images beside it", async () => {
    const k3s = await ownK3s(given(), real, 'amd64');
    if (k3s === undefined) throw new Error('none');
    const [base] = imagesOf({ distribution: 'k3s', k3s });
    expect(base).toMatchObject({ id: ownK3sNode, ref: 'firedrill/k3s-own-node:v1.34.3-k3s1' });
    expect(imagesOf({ distribution: 'k3d', k3s })[0]).toMatchObject({
      id: ownK3dNode,
      ref: 'firedrill/k3d-own-node:v1.34.3-k3s1',
    });
    expect(nodeBaseOf({ distribution: 'k3s', k3s }).kubectl('x')).toMatchObject({ version: 'v1.34.3+k3s1' });
    const place = { runner: real, cacheDir: dir, recipesDir, durations: {} };
    expect(reachable(buildGraph(place).steps, ['k3s-node']).map(({ id }) => id)).not.toContain('own-k3s');
    const graph = buildGraph({ ...place, k3s });
    expect(reachable(graph.steps, [ownK3sNode]).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['own-k3s', 'k3s-node']),
    );
    expect(reachable(graph.steps, [ownK3dNode]).map(({ id }) => id)).toContain(ownK3sNode);
    mkdirSync(join(dir, 'artifacts'), { recursive: true });
    const step = graph.steps.find(({ id }) => id === 'own-k3s');
    await step?.run({ signal: new AbortController().signal, say: () => undefined });
    expect(await step?.present(new AbortController().signal)).toBe(true);
  });

  it.each([
    ['a.tar', 'images-k3s.tar'],
    ['a.tar.gz', 'images-k3s.tar.gz'],
    ['k3s-airgap-images-amd64.tar.zst', 'images-k3s.tar.zst'],
  ])('keeps the ending of %s, by which k3s knows it', (images, name) => {
    expect(archiveName({ images })).toBe(name);
  });
});

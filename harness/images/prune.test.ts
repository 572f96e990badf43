import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Runner, RunResult } from '../host/run.ts';
import { architectures } from '../host/architecture.ts';
import { buildGraph } from './build.ts';
import { recipesDir, short } from './keys.ts';
import { findStale, removeStale } from './prune.ts';

let cacheDir = '';
let calls: (readonly string[])[] = [];
let listed: Record<string, readonly string[]> = {};
const runner: Runner = {
  run: (_file, args) => {
    calls.push(args);
    const reference = /^reference=(.*)$/.exec(args[3] ?? '')?.[1] ?? '';
    const stdout = (listed[reference] ?? []).join('\n');
    return Promise.resolve<RunResult>({ ok: true, exitCode: 0, stdout, stderr: '', missing: false, timedOut: false });
  },
  pipe: () => Promise.reject(new Error('nothing is piped')),
};

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'firedrill-prune-'));
  calls = [];
});
afterEach(async () => {
  await rm(cacheDir, { recursive: true });
});

it('finds what no step of today makes, and removes nothing else', async () => {
  const graph = buildGraph({ runner, cacheDir, recipesDir, durations: {} });
  const today = graph.built.get('etcd') ?? '';
  const step = graph.steps.find(({ id }) => id === 'go-etcd');
  const artifact = `go-etcd-${short(step?.key ?? '')}`;
  const cross = architectures.map((architecture) => {
    const { steps } = buildGraph({ runner, cacheDir, recipesDir, durations: {}, architecture });
    return `go-etcd-${short(steps.find(({ id }) => id === 'go-etcd')?.key ?? '')}`;
  });
  expect(cross).toContain(artifact);
  for (const name of [...cross, 'go-etcd-0123456789ab', 'cni-bridge-v1'])
    await mkdir(join(cacheDir, 'artifacts', name), { recursive: true });
  listed = {
    'firedrill/built/*': [today, 'firedrill/built/etcd:0123456789ab'],
    // No image of the node carries today's label here: all of them are old.
    'firedrill/node': ['firedrill/node:v1-old', 'firedrill/node:<none>'],
  };
  const stale = await findStale({ runner, cacheDir }, undefined);
  expect(stale).toEqual({
    images: ['firedrill/built/etcd:0123456789ab', 'firedrill/node:v1-old'],
    artifacts: [join(cacheDir, 'artifacts', 'go-etcd-0123456789ab')],
  });
  await removeStale(stale, { runner });
  expect(calls.at(-1)).toEqual(['image', 'rm', ...stale.images]);
  expect((await readdir(join(cacheDir, 'artifacts'))).sort()).toEqual(['cni-bridge-v1', ...cross].sort());
});

it('starts nothing when there is nothing', async () => {
  await removeStale({ images: [], artifacts: [] }, { runner });
  expect(calls).toEqual([]);
});

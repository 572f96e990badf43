import { describe, expect, it, vi } from 'vitest';
import type { ProgressEvent } from '../model/progress.ts';
import { machineArchitecture } from '../host/architecture.ts';
import type { Runner, RunResult } from '../host/run.ts';
import { hashLabel } from './build.ts';
import { obtain } from './obtain.ts';
import { PullPace } from './pace.ts';
import { kubernetesMinors, nodeImages, type ImageMode, type KubernetesMinor } from './refs.ts';
import { Puller } from './sources.ts';
import { wantedOf, worldOf } from './world.ts';

const failed: RunResult = { ok: false, exitCode: 1, stdout: '', stderr: '', missing: false, timedOut: false };
const noRegistry: RunResult = { ...failed, stderr: 'dial tcp: lookup docker.io: no such host' };

/** A machine without images and without a registry, or with what `inspect` and `pull` say. */
async function base(
  mode: ImageMode,
  kubernetes?: KubernetesMinor,
  says: { readonly inspect?: string; readonly pull?: RunResult } = {},
) {
  const asked: string[] = [];
  const events: ProgressEvent[] = [];
  const image = says.inspect === undefined ? failed : { ...failed, ok: true, exitCode: 0, stdout: says.inspect };
  const runner: Runner = {
    run: (file, args) => {
      asked.push([file, ...args].join(' '));
      if (args[0] === 'pull') return Promise.resolve(says.pull ?? noRegistry);
      // By its tag only: a build of ours is not there.
      const named = args.includes('{{json .}}') && args.at(-1)?.includes('@') === false;
      return Promise.resolve(named ? image : failed);
    },
    pipe: () => Promise.reject(new Error('not here')),
  };
  const world = await worldOf({ mode, runner, ...(kubernetes === undefined ? {} : { kubernetes }) });
  const spec = world.images.find(({ role }) => role === 'base');
  if (spec === undefined) throw new Error('no base');
  const count = { index: 1, of: 1, began: 0, pace: new PullPace([spec.pullBytes]) };
  const puller = new Puller(runner, undefined);
  return { spec, asked, events, had: () => obtain(world, spec, mode, puller, (event) => events.push(event), count) };
}

describe('the base of the node image', () => {
  it('is built where nothing can be pulled, or where that is asked for', async () => {
    for (const mode of ['auto', 'build', 'strict'] as const) {
      expect(await (await base(mode)).had(), mode).toEqual({ origin: 'built' });
    }
  });

  it('is the one of the Kubernetes version that was asked for, by its digest', async () => {
    for (const minor of kubernetesMinors) {
      const { spec, asked, had } = await base('auto', minor);
      await had().catch(() => undefined);
      expect(spec.ref).toBe(`kindest/node:${nodeImages[minor].version}`);
      expect(asked).toContain(`docker pull docker.io/kindest/node@${nodeImages[minor].digest}`);
    }
  });

  it('of another version is never built: its name would be of the one and its content of the other', async () => {
    for (const mode of ['auto', 'build', 'strict'] as const) {
      await expect((await base(mode, '1.33')).had(), mode).rejects.toMatchObject({
        code: 'environment',
        ...(mode === 'auto'
          ? {
              message: 'cannot pull kindest/node:v1.33.7: docker.io: dial tcp: lookup docker.io: no such host',
              hint: expect.stringMatching(/FIREDRILL_REGISTRY=.*omit `--kubernetes`/) as string,
            }
          : {
              message: 'kindest/node:v1.33.7 must be pulled: only Kubernetes 1.34 can be built here',
              hint: expect.stringMatching(/--images pull/) as string,
            }),
      });
    }
  });
});

describe('an image that has the name and cannot be used', () => {
  const another = `{"Id":"sha256:1","Architecture":"${machineArchitecture()}","RepoDigests":["kindest/node@sha256:1"],"Config":{}}`;
  const foreign = '{"Id":"sha256:1","Architecture":"riscv64","RepoDigests":[],"Config":{}}';
  const pulls = { ...failed, ok: true, exitCode: 0 };

  it('is said to be one, and why, before it is asked for elsewhere', async () => {
    const { had, asked, events } = await base('auto', undefined, { inspect: another });
    expect(await had()).toEqual({ origin: 'built' });
    expect(events[0]).toMatchObject({ type: 'note', level: 'warning' });
    expect(events[0]).toHaveProperty(
      'text',
      'not using the local image kindest/node:v1.34.3: it is not the pinned sha256:08497ee19eac…',
    );
    expect(asked.some((line) => line.startsWith('docker pull'))).toBe(true);
    expect(events.at(-1)).toMatchObject({ state: 'skipped', detail: expect.stringMatching(/no such host/) as string });
  });

  it('is not taken from a registry either', async () => {
    const both = { inspect: foreign, pull: pulls };
    await expect((await base('pull', undefined, both)).had()).rejects.toMatchObject({
      message: `cannot pull kindest/node:v1.34.3: it is for riscv64, and this machine is ${machineArchitecture()}`,
      hint: expect.stringMatching(/--images build/) as string,
    });
    const { had, events } = await base('auto', undefined, both);
    expect(await had()).toEqual({ origin: 'built' });
    expect(events.at(-1)).toMatchObject({ state: 'skipped', detail: expect.stringMatching(/riscv64/) as string });
  });

  it('that was pulled and is not there is an error', async () => {
    await expect((await base('pull', undefined, { pull: pulls })).had()).rejects.toThrow(
      'pulled, but Docker does not have it',
    );
  });
});

describe('with a registry', () => {
  /** What it has by its name there, with the key that its label tells; asked for k6. */
  async function registry(mode: ImageMode, has: (published: string, key: string) => Readonly<Record<string, string>>) {
    const there = new Map<string, string>();
    const local = new Map<string, string>();
    const runner: Runner = {
      run: (_file, args) => {
        const [verb = '', name = ''] = [args[0], args.at(-1)];
        if (verb === 'pull') {
          const key = there.get(name);
          if (key === undefined) return Promise.resolve({ ...failed, stderr: 'manifest unknown' });
          local.set(name, key);
        } else if (verb === 'image') {
          const key = local.get(name);
          if (key === undefined) return Promise.resolve(failed);
          const image = {
            ...{ Id: 'sha256:1', RepoDigests: [`${name.slice(0, name.lastIndexOf(':'))}@sha256:2`] },
            ...{ Config: { Labels: key === '' ? null : { [hashLabel]: key } } },
          };
          return Promise.resolve({ ...failed, ok: true, stdout: JSON.stringify(image) });
        }
        return Promise.resolve({ ...failed, ok: true });
      },
      pipe: () => Promise.reject(new Error('not here')),
    };
    const world = await worldOf({ mode, runner, registry: 'r.example' });
    const spec = world.images.find(({ id }) => id === 'k6');
    if (spec === undefined) throw new Error('no k6');
    const key = world.keys.get('k6') ?? '';
    const { published = '' } = wantedOf(world, spec, mode);
    for (const [name, value] of Object.entries(has(published, key))) there.set(name, value);
    const events: ProgressEvent[] = [];
    const puller = new Puller(runner, 'r.example');
    const count = { index: 1, of: 1, began: 0, pace: new PullPace([spec.pullBytes]) };
    return { key, published, events, had: () => obtain(world, spec, mode, puller, (e) => events.push(e), count) };
  }

  it('takes what was published from this recipe, and knows it again', async () => {
    for (const mode of ['auto', 'pull'] as const) {
      const { key, published, had } = await registry(mode, (name, k) => ({ [name]: k }));
      const image = { from: published, digest: 'sha256:2', key };
      expect(await had()).toEqual({ origin: 'pulled', ...image });
      expect(await had()).toEqual({ origin: 'local', ...image });
    }
  });

  it('takes what it mirrors of upstream, or of ours from this recipe', async () => {
    for (const mode of ['auto', 'pull'] as const) {
      const upstream = await registry(mode, () => ({ 'r.example/grafana/k6:1.8.1': '' }));
      expect(await upstream.had()).toMatchObject({ origin: 'pulled', from: 'r.example/grafana/k6:1.8.1' });
      const ours = await registry(mode, (_name, k) => ({ 'r.example/grafana/k6:1.8.1': k }));
      expect(await ours.had()).toMatchObject({ origin: 'pulled', from: 'r.example/grafana/k6:1.8.1', key: ours.key });
    }
  });

  it('says in one line that ours there is of another recipe, and builds it, or does not', async () => {
    const stale = () => ({ 'r.example/grafana/k6:1.8.1': 'old' });
    const auto = await registry('auto', stale);
    expect(await auto.had()).toEqual({ origin: 'built' });
    expect(auto.events.at(-1)).toMatchObject({
      state: 'skipped',
      detail: "building grafana/k6:1.8.1 instead: it was built from another version's recipe",
    });
    const pull = await registry('pull', stale);
    await expect(pull.had()).rejects.toThrow(
      "cannot pull grafana/k6:1.8.1: it was built from another version's recipe",
    );
  });

  it('builds what it has not', async () => {
    expect(await (await registry('auto', () => ({}))).had()).toEqual({ origin: 'built' });
  });
});

describe('a pull', () => {
  it('tells how far it is while it goes on, and nothing before the registry answers or after the end', async () => {
    vi.useFakeTimers();
    try {
      let answer: ((line: string) => void) | undefined;
      let end: ((result: RunResult) => void) | undefined;
      const runner: Runner = {
        run: (_file, args, options) => {
          if (args[0] !== 'pull') return Promise.resolve(failed);
          answer = options?.onLine;
          return new Promise((resolve) => {
            end = resolve;
          });
        },
        pipe: () => Promise.reject(new Error('not here')),
      };
      const world = await worldOf({ mode: 'auto', runner });
      const spec = world.images.find(({ id }) => id === 'k6');
      if (spec === undefined) throw new Error('no k6');
      let received = 0;
      const pace = new PullPace([spec.pullBytes], () => Promise.resolve(received));
      const count = { index: 1, of: 1, began: 0, pace };
      const events: ProgressEvent[] = [];
      const had = obtain(world, spec, 'auto', new Puller(runner, undefined), (e) => events.push(e), count);
      await vi.advanceTimersByTimeAsync(6_000);
      expect(events).toHaveLength(1);
      answer?.('a1b2: Pulling fs layer');
      received = 10e6;
      await vi.advanceTimersByTimeAsync(2_000);
      expect(events.at(-1)).toMatchObject({ state: 'working', detail: '10 of about 40 MB', etaMs: 24_000 });
      end?.(noRegistry);
      expect(await had).toEqual({ origin: 'built' });
      const told = events.length;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(events).toHaveLength(told);
    } finally {
      vi.useRealTimers();
    }
  });
});

import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../model/progress.ts';
import type { Runner, RunResult } from '../setup/run.ts';
import { obtain } from './obtain.ts';
import { imageArch, kubernetesMinors, nodeImages, type ImageMode, type KubernetesMinor } from './refs.ts';
import { Puller } from './sources.ts';
import { worldOf } from './world.ts';

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
  const count = { index: 1, of: 1, began: 0 };
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
              hint: expect.stringMatching(/FIREDRILL_REGISTRY=.*leave `--kubernetes` away/) as string,
            }
          : {
              message: 'kindest/node:v1.33.7 can only be pulled; just Kubernetes 1.34 can be built here',
              hint: expect.stringMatching(/--images pull/) as string,
            }),
      });
    }
  });
});

describe('an image that has the name and cannot be used', () => {
  const another = `{"Id":"sha256:1","Architecture":"${imageArch()}","RepoDigests":["kindest/node@sha256:1"],"Config":{}}`;
  const foreign = '{"Id":"sha256:1","Architecture":"riscv64","RepoDigests":[],"Config":{}}';
  const pulls = { ...failed, ok: true, exitCode: 0 };

  it('is said to be one, and why, before it is asked for elsewhere', async () => {
    const { had, asked, events } = await base('auto', undefined, { inspect: another });
    expect(await had()).toEqual({ origin: 'built' });
    expect(events[0]).toMatchObject({ type: 'note', level: 'warning' });
    expect(events[0]).toHaveProperty(
      'text',
      'the image kindest/node:v1.34.3 that is here is not taken: it is not the pinned sha256:08497ee19eac…',
    );
    expect(asked.some((line) => line.startsWith('docker pull'))).toBe(true);
    expect(events.at(-1)).toMatchObject({ state: 'skipped', detail: expect.stringMatching(/no such host/) as string });
  });

  it('is not taken from a registry either', async () => {
    const both = { inspect: foreign, pull: pulls };
    await expect((await base('pull', undefined, both)).had()).rejects.toMatchObject({
      message: `cannot pull kindest/node:v1.34.3: it is for riscv64, and this machine is ${imageArch()}`,
      hint: expect.stringMatching(/--images build/) as string,
    });
    const { had, events } = await base('auto', undefined, both);
    expect(await had()).toEqual({ origin: 'built' });
    expect(events.at(-1)).toMatchObject({ state: 'skipped', detail: expect.stringMatching(/riscv64/) as string });
  });

  it('that was pulled and is not there is an error', async () => {
    await expect((await base('pull', undefined, { pull: pulls })).had()).rejects.toThrow('pulled, and then not there');
  });
});

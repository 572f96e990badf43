import { describe, expect, it } from 'vitest';
import type { Runner, RunResult } from '../setup/run.ts';
import { obtain } from './obtain.ts';
import { kubernetesMinors, nodeImages, type ImageMode, type KubernetesMinor } from './refs.ts';
import { Puller } from './sources.ts';
import { worldOf } from './world.ts';

const failed: RunResult = { ok: false, exitCode: 1, stdout: '', stderr: '', missing: false, timedOut: false };
const noRegistry: RunResult = { ...failed, stderr: 'dial tcp: lookup docker.io: no such host' };

/** A machine without images and without a registry. */
async function base(mode: ImageMode, kubernetes?: KubernetesMinor) {
  const asked: string[] = [];
  const runner: Runner = {
    run: (file, args) => {
      asked.push([file, ...args].join(' '));
      return Promise.resolve(args[0] === 'pull' ? noRegistry : failed);
    },
    pipe: () => Promise.reject(new Error('not here')),
  };
  const world = await worldOf({ mode, runner, ...(kubernetes === undefined ? {} : { kubernetes }) });
  const spec = world.images.find(({ role }) => role === 'base');
  if (spec === undefined) throw new Error('no base');
  const count = { index: 1, of: 1, began: 0 };
  const puller = new Puller(runner, undefined);
  return { spec, asked, had: () => obtain(world, spec, mode, puller, () => undefined, count) };
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
      await expect((await base(mode, '1.33')).had(), mode).rejects.toThrow(
        'kindest/node:v1.33.7 can only be pulled; just Kubernetes 1.34 can be built here',
      );
    }
  });
});

import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { machineArchitecture } from '../host/architecture.ts';
import type { Runner, RunResult } from '../host/run.ts';
import { derive, findNode } from './node-image.ts';
import type { Had } from './obtain.ts';
import { removeHalfMade } from './preload.ts';
import { images, versions } from './refs.ts';
import { inNode, worldOf } from './world.ts';

const done: RunResult = { ok: true, exitCode: 0, stdout: '', stderr: '', missing: false, timedOut: false };
const failed: RunResult = { ...done, ok: false, exitCode: 1 };

/** What is in a container, or in the image that was made from it. */
interface Content {
  readonly pid: string;
  /** Images that its containerd was given. */
  readonly imported: readonly string[];
  /** Whether containerd ended by itself, and so has written all. */
  readonly stopped: boolean;
}

/** As much of a Docker engine as making a node image needs: containers by name, images by tag. */
function fakeDocker() {
  const containers = new Map<string, Content>();
  const images = new Map<string, { readonly labels: ReadonlyMap<string, string>; readonly content: Content }>();
  const change = (name: string, what: (content: Content) => Partial<Content>): RunResult => {
    const content = containers.get(name);
    if (content === undefined) return { ...failed, stderr: `no container ${name}` };
    containers.set(name, { ...content, ...what(content) });
    return done;
  };
  /** `docker save <image>` into `docker exec -i <container> ctr … images import … -`. */
  const importInto = (image: string, container: string): RunResult =>
    change(container, ({ imported }) => ({ imported: [...imported, image] }));
  const after = (args: readonly string[], flag: string): readonly string[] =>
    args.flatMap((arg, i) => (arg === flag ? [args[i + 1] ?? ''] : []));
  const answer = (args: readonly string[]): RunResult => {
    const last = args.at(-1) ?? '';
    const [command, kind] = args;
    if (command === 'rm') containers.delete(last);
    if (command === 'run' && args.includes('-d')) {
      const [name = ''] = after(args, '--name');
      if (containers.has(name)) return { ...failed, stderr: `the name ${name} is taken` };
      containers.set(name, { pid: after(args, '--label')[0]?.split('=')[1] ?? '', imported: [], stopped: false });
    }
    if (command === 'ps')
      return { ...done, stdout: [...containers].map(([name, { pid }]) => `${name}\t${pid}`).join('\n') };
    if (command === 'wait') return { ...change(last, () => ({ stopped: true })), stdout: '0' };
    if (command === 'commit') {
      const content = containers.get(args.at(-2) ?? '');
      if (content === undefined) return failed;
      const labels = after(args, '-c').flatMap((change) => {
        const [, key = '', value = ''] = /^LABEL ([^=]+)=(.*)$/.exec(change) ?? [];
        return key === '' ? [] : [[key, JSON.parse(value) as string] as const];
      });
      images.set(last, { labels: new Map(labels), content });
    }
    if (command !== 'image') return done;
    if (kind === 'ls') {
      const [, key = '', value = ''] = /^label=([^=]+)=(.*)$/.exec(after(args, '--filter')[0] ?? '') ?? [];
      return {
        ...done,
        stdout: [...images].flatMap(([ref, { labels }]) => (labels.get(key) === value ? [ref] : [])).join('\n'),
      };
    }
    const labels = images.get(last)?.labels;
    if (labels === undefined) return failed;
    const image = {
      Id: 'sha256:1',
      Architecture: machineArchitecture(),
      Config: { Labels: Object.fromEntries(labels) },
    };
    return { ...done, stdout: args.includes('{{json .}}') ? JSON.stringify(image) : '1000' };
  };
  return { containers, images, answer, importInto };
}

const cacheDir = await mkdtemp(join(tmpdir(), 'firedrill-node-image-'));
const plain = await worldOf({ mode: 'pull', cacheDir });
afterAll(async () => {
  await rm(cacheDir, { recursive: true });
});

/** Tries to make a node image. The command of number `cut` fails, ends the process, or is interrupted; undefined: none. */
async function attempt(
  docker: ReturnType<typeof fakeDocker>,
  cut?: number,
  how: 'fails' | 'killed' | 'interrupted' = 'fails',
): Promise<{ readonly commands: number; readonly error: unknown }> {
  const stop = new AbortController();
  let commands = 0;
  /** Undefined: let it through. */
  const cutOff = (signal?: AbortSignal): RunResult | undefined => {
    const now = ++commands === cut;
    if (how === 'killed' && cut !== undefined && commands >= cut) throw new Error('killed');
    if (now && how === 'interrupted') stop.abort(new Error('interrupted'));
    signal?.throwIfAborted();
    return now && how === 'fails' ? { ...failed, stderr: 'cut' } : undefined;
  };
  const runner: Runner = {
    run: async (_, args, options) => cutOff(options?.signal) ?? docker.answer(args),
    pipe: async (from, to, options) => cutOff(options?.signal) ?? docker.importInto(from.at(-1) ?? '', to[3] ?? ''),
  };
  const world = { ...plain, runner };
  const had = new Map<string, Had>(
    inNode(world.images).map((spec) => [spec.id, { origin: 'pulled', from: spec.ref, digest: 'sha256:2' }]),
  );
  const { step } = derive(world, had, 'pull', () => undefined);
  try {
    await step.run({ signal: stop.signal, say: () => undefined });
    return { commands, error: undefined };
  } catch (error) {
    return { commands, error };
  }
}

const found = async (docker: ReturnType<typeof fakeDocker>) => {
  const runner: Runner = {
    run: (_, args) => Promise.resolve(docker.answer(args)),
    pipe: () => Promise.reject(new Error('not here')),
  };
  return await findNode({ ...plain, runner }, 'pull');
};

describe('a node image', async () => {
  await mkdir(join(cacheDir, 'artifacts', `cni-${versions.cniPlugins}`), { recursive: true });
  await writeFile(join(cacheDir, 'artifacts', `cni-${versions.cniPlugins}`, 'bridge'), '');
  const first = fakeDocker();
  const whole = await attempt(first);
  const all = Array.from({ length: whole.commands }, (_, i) => i + 1);
  const [content] = [...first.images.values()].map((image) => image.content);

  it('is found when it is whole', async () => {
    expect(whole.error).toBeUndefined();
    expect(content?.imported).toHaveLength(images.filter(({ role }) => role === 'preload').length);
    expect(content?.stopped).toBe(true);
    expect(await found(first)).toMatchObject({ ref: [...first.images.keys()][0] });
    expect(first.containers.size).toBe(0);
  });

  it.each(['fails', 'killed', 'interrupted'] as const)(
    'that was cut off is never taken, wherever a command is cut (%s), and the next try makes a whole one',
    async (how) => {
      let none = 0;
      for (const cut of all) {
        const docker = fakeDocker();
        const { error } = await attempt(docker, cut, how);
        const taken = await found(docker);
        if (taken === undefined) {
          none++;
          expect(error, `after ${String(cut)}`).toBeDefined();
        } else expect(docker.images.get(taken.ref)?.content, `after ${String(cut)}`).toEqual(content);
        const next = await attempt(docker);
        expect(next.error, `after ${String(cut)}`).toBeUndefined();
        expect(docker.images.get((await found(docker))?.ref ?? '')?.content).toEqual(content);
        expect(docker.containers.size).toBe(0);
      }
      expect(none).toBeGreaterThan(3);
    },
  );

  it('is not made of a containerd that was killed', async () => {
    const docker = fakeDocker();
    const answer = docker.answer;
    const { error } = await attempt({
      ...docker,
      answer: (args) => (args[0] === 'wait' ? { ...done, stdout: '137' } : answer(args)),
    });
    expect(error).toMatchObject({ message: expect.stringMatching(/containerd exited with 137/) as string });
    expect(await found(docker)).toBeUndefined();
    expect(docker.containers.size).toBe(0);
  });

  it('names the image that cannot be imported, and what to do about it', async () => {
    const { error } = await attempt({ ...fakeDocker(), importInto: () => ({ ...failed, stderr: 'unexpected EOF' }) });
    expect(error).toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/^importing \S+pause\S* into the node failed: unexpected EOF$/) as string,
      hint: expect.stringMatching(/docker image rm \S+pause/) as string,
    });
  });

  it('that a killed process left half made is taken away, and one that is being made is not', async () => {
    const docker = fakeDocker();
    docker.containers.set('firedrill-preload-left', { pid: '999999999', imported: [], stopped: false });
    docker.containers.set('firedrill-preload-busy', { pid: String(process.pid), imported: [], stopped: false });
    await removeHalfMade({
      run: (_, args) => Promise.resolve(docker.answer(args)),
      pipe: () => Promise.reject(new Error('not here')),
    });
    expect([...docker.containers.keys()]).toEqual(['firedrill-preload-busy']);
  });
});

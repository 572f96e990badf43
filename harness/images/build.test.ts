import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Runner } from '../host/run.ts';
import { buildGraph, packageList, strictBase } from './build.ts';
import { compiled } from './cross.ts';
import { acceptable, parseInputs } from './node-image.ts';
import { timingTable } from './timings.ts';
import { recipesDir, short } from './keys.ts';
import { images, versions } from './refs.ts';
import { atLeast, goDirective, goVersion } from './toolchain.ts';

const runner: Runner = {
  run: () => Promise.reject(new Error('nothing may be started')),
  pipe: () => Promise.reject(new Error('nothing may be started')),
};
const graph = (durations = {}) => buildGraph({ runner, cacheDir: '/cache', recipesDir, durations });

describe('buildGraph', () => {
  const { steps, built } = graph();

  it('defines each step after what it needs', () => {
    const seen = new Set<string>();
    for (const step of steps) {
      for (const need of step.needs) expect(seen, `${step.id} needs ${need}`).toContain(need);
      seen.add(step.id);
    }
  });

  it('can build every image that can be pulled', () => {
    for (const image of images) expect(built.has(image.id)).toBe(true);
  });

  it('has the same keys each time, and one for each step', () => {
    expect(graph().steps.map((s) => s.key)).toEqual(steps.map((s) => s.key));
    expect(new Set(steps.map((s) => s.key)).size).toBe(steps.length);
  });

  it("takes this machine's own durations where it has some, without changing a key", () => {
    const own = graph({ 'go-k6': 7 }).steps.find((s) => s.id === 'go-k6');
    expect(own?.ms).toBe(7);
    expect(own?.key).toBe(steps.find((s) => s.id === 'go-k6')?.key);
  });
});

describe('another architecture', () => {
  const own = buildGraph({ runner, cacheDir: '/cache', recipesDir, durations: {}, architecture: 'amd64' });
  const other = buildGraph({ runner, cacheDir: '/cache', recipesDir, durations: {}, architecture: 'arm64' });

  it('has the same recipes and no key in common, of files nor of images', () => {
    expect([...other.recipes]).toEqual([...own.recipes]);
    const keys = new Set(own.steps.map(({ key }) => key));
    expect(other.steps.filter(({ key }) => keys.has(key))).toEqual([]);
    const names = new Set(own.built.values());
    expect([...other.built.values()].filter((name) => names.has(name))).toEqual([]);
  });

  it('compiles whatever is compiled for the images, and makes no root and no image', () => {
    const ids = compiled(other, 'build');
    expect(ids).toEqual(own.steps.map(({ id }) => id).filter((id) => ids.includes(id)));
    expect(ids).toEqual(expect.arrayContaining(['go-kubernetes', 'go-etcd', 'go-k6', 'go-flannel', 'c-pause']));
    expect(ids.filter((id) => !/^(go|c)-/.test(id))).toEqual([]);
    expect(compiled(other, 'strict')).toEqual(expect.arrayContaining(['go-containerd', 'go-runc', 'go-cni']));
    expect(ids).not.toContain('go-runc');
  });

  it('is named by no recipe without the first one', () => {
    for (const file of readdirSync(recipesDir, { recursive: true, encoding: 'utf8' })) {
      if (/go\.(mod|sum)$/.test(file) || statSync(join(recipesDir, file)).isDirectory()) continue;
      const text = readFileSync(join(recipesDir, file), 'utf8');
      expect([file, /x86_64|amd64/.test(text)]).toEqual([file, /aarch64|arm64/.test(text)]);
    }
  });
});

it("gives both nodes the kubelet's groups of cgroup v2, by one script that is a file in what Docker builds from", async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'firedrill-build-'));
  try {
    const found: Record<string, boolean> = {};
    const looking: Runner = {
      ...runner,
      run: (file, args) => {
        if (file === 'docker' && args[0] === 'build') {
          const dir = args.at(-1) ?? '';
          const script = lstatSync(join(dir, 'files/kind/bin/kubelet-cgroup-v2'));
          const started = readFiles(join(dir, 'files/etc/systemd/system'), /^ExecStartPre=.*kubelet-cgroup-v2/m);
          found[/image-([\w-]+)-\d+$/.exec(dir)?.[1] ?? ''] = script.isFile() && (script.mode & 0o100) !== 0 && started;
        }
        return Promise.resolve({ ok: true, exitCode: 0, stdout: '', stderr: '', missing: false, timedOut: false });
      },
    };
    const { steps } = buildGraph({ runner: looking, cacheDir, recipesDir, durations: {} });
    const step = (id: string) => steps.find((one) => one.id === id);
    for (const id of ['node-root', 'strict-node-root']) {
      for (const need of step(id)?.needs ?? []) {
        const dir = join(cacheDir, 'artifacts', `${need}-${short(step(need)?.key ?? '')}`);
        mkdirSync(dir, { recursive: true });
        for (const name of programs) writeFileSync(join(dir, name), '');
      }
      await step(id)?.run({ signal: new AbortController().signal, say: () => undefined });
    }
    expect(found).toEqual({ 'node-root': true, 'strict-node-root': true });
  } finally {
    rmSync(cacheDir, { recursive: true });
  }
});

/** Whatever a step of the two nodes hands on. */
const programs =
  'root.tar kubelet kubeadm kubectl etcdctl crictl containerd ctr containerd-shim-runc-v2 host-local loopback ptp portmap runc'.split(
    ' ',
  );

/** Whether a file below a folder has such a line. */
const readFiles = (dir: string, line: RegExp): boolean =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).some(
    (name) => lstatSync(join(dir, name)).isFile() && line.test(readFileSync(join(dir, name), 'utf8')),
  );

it('the recipes ask for the versions that refs.ts names', () => {
  const mod = (name: string): string => readFileSync(join(recipesDir, name, 'go.mod'), 'utf8');
  expect(mod('kubernetes')).toContain(`k8s.io/kubernetes ${versions.kubernetes}`);
  expect(mod('etcd')).toContain(`go.etcd.io/etcd/server/v3 ${versions.etcd}`);
  expect(mod('crictl')).toContain(`sigs.k8s.io/cri-tools ${versions.crictl}`);
  expect(mod('coredns')).toContain(`github.com/coredns/coredns ${versions.coredns}`);
  expect(mod('flannel')).toContain(`github.com/flannel-io/flannel ${versions.flannel}`);
  expect(mod('k6')).toContain(`go.k6.io/k6 ${versions.k6}`);
  expect(mod('kube-state-metrics')).toContain(`k8s.io/kube-state-metrics/v2 ${versions.kubeStateMetrics}`);
  // It speaks to this Kubernetes as its own programs do: client-go of the same minor version.
  const minor = versions.kubernetes.split('.')[1] ?? '';
  expect(mod('kube-state-metrics')).toMatch(new RegExp(`k8s.io/client-go v0\\.${minor}\\.`));
  expect(mod('cni')).toContain(`github.com/containernetworking/plugins ${versions.cniPlugins}`);
  expect(readFileSync(join(recipesDir, 'node/files/etc/containerd/config.toml'), 'utf8')).toContain(
    `pause:${versions.pause}`,
  );
});

it('reads package lists', () => {
  expect(packageList('# why\na b # more\n\n c\n')).toEqual(['a', 'b', 'c']);
});

describe('acceptable', () => {
  const keys = new Map(graph().steps.map((s) => [s.id, s.key]));
  const built = Object.fromEntries(
    images.map((i) => [i.id, { origin: 'built' as const, identity: keys.get(i.id) ?? '' }]),
  );
  const pulled = Object.fromEntries(
    images.map((i) => [i.id, { origin: 'pulled' as const, identity: `${i.ref}@sha256:1` }]),
  );

  it('takes a node image made either way in auto, and one way only where it is forced', () => {
    expect([acceptable(images, built, 'auto', keys), acceptable(images, pulled, 'auto', keys)]).toEqual([true, true]);
    expect([acceptable(images, built, 'pull', keys), acceptable(images, pulled, 'pull', keys)]).toEqual([false, true]);
    expect([acceptable(images, built, 'build', keys), acceptable(images, pulled, 'build', keys)]).toEqual([
      true,
      false,
    ]);
  });

  it('takes the strict base for the strict node only', () => {
    const strict = { ...built, 'node-base': { origin: 'built' as const, identity: keys.get(strictBase) ?? '' } };
    const modes = ['auto', 'build', 'strict'] as const;
    expect(modes.map((mode) => acceptable(images, strict, mode, keys))).toEqual([false, false, true]);
    expect(acceptable(images, built, 'strict', keys)).toBe(false);
  });

  it('refuses one that was built from another recipe, pulled under another name, or lacks an image', () => {
    expect(acceptable(images, { ...built, flannel: { origin: 'built', identity: 'old' } }, 'auto', keys)).toBe(false);
    expect(
      acceptable(images, { ...pulled, podinfo: { origin: 'pulled', identity: 'x:1@sha256:1' } }, 'auto', keys),
    ).toBe(false);
    expect(acceptable(images, {}, 'auto', keys)).toBe(false);
  });

  it('takes a published image of ours from this recipe only', () => {
    const of = (key: (id: string) => string) =>
      Object.fromEntries(
        images.map((i) => [i.id, { origin: 'pulled' as const, identity: `${i.ref}@sha256:1`, key: key(i.id) }]),
      );
    const now = of((id) => keys.get(id) ?? '');
    expect([acceptable(images, now, 'auto', keys), acceptable(images, now, 'pull', keys)]).toEqual([true, true]);
    const old = of(() => 'old');
    expect([acceptable(images, old, 'auto', keys), acceptable(images, old, 'pull', keys)]).toEqual([false, false]);
  });

  it('reads its label, or nothing', () => {
    expect(parseInputs('{"a":{"origin":"built","identity":"k"}}')).toEqual({ a: { origin: 'built', identity: 'k' } });
    expect(parseInputs('{')).toBeUndefined();
    expect(parseInputs(undefined)).toBeUndefined();
  });
});

it('the table of timings is longest first and counts what was skipped', () => {
  const lines = timingTable([
    { id: 'a', title: 'a', state: 'done', ms: 1_000 },
    { id: 'b', title: 'b', state: 'done', ms: 60_000 },
    { id: 'c', title: 'c', state: 'skipped', ms: 0 },
  ]);
  expect(lines.map((l) => l.trim())).toEqual(['60 s  b', '1.0 s  a', '1 steps were there already']);
});

it('compares Go versions by their parts', () => {
  expect(goDirective('module x\n\ngo 1.25.3\n')).toEqual([1, 25]);
  expect(goVersion('go1.26.8')).toEqual([1, 26]);
  expect([atLeast([1, 9], [1, 25]), atLeast([1, 26], [1, 25]), atLeast([2, 0], [1, 25])]).toEqual([false, true, true]);
});

import { chmod, copyFile, cp, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { FiredrillError } from '../model/errors.ts';
import { pauseImage } from '../model/instruments.ts';
import { architectures, machineArchitecture, type Architecture } from '../host/architecture.ts';
import type { Runner } from '../host/run.ts';
import { must } from '../host/run.ts';
import type { Step, StepContext } from './dag.ts';
import { programArchitecture } from './elf.ts';
import { contentKey, pathKey, short } from './keys.ts';
import { preload, preloadRecipe } from './preload.ts';
import { k3dNode, k3sContainerd, k3sNode, ownK3dNode, ownK3sNode } from './bases.ts';
import { archiveName, type OwnK3s } from './own-k3s.ts';
import { baseImages, corednsImage, images, versions, type ImageMode, k3sVersion } from './refs.ts';
import { builderEnv, compile, compilerFor, moduleDir } from './toolchain.ts';

/** The label that says which key an image of ours was built for. */
export const hashLabel = 'firedrill.image.hash';

/** Where and with what things are built. */
export interface BuildContext {
  readonly runner: Runner;
  /** Holds artifacts/, tmp/, durations.json. */
  readonly cacheDir: string;
  readonly recipesDir: string;
  /** How long steps took on this machine, by id. */
  readonly durations: Readonly<Record<string, number>>;
  /** What is built for; default: this machine's. */
  readonly architecture?: Architecture;
  /** The k3s that the user names; without one there is no step for it. */
  readonly k3s?: OwnK3s;
}

/** The steps that build everything, and what each image is called when it is built. */
export interface BuildGraph {
  readonly steps: readonly Step[];
  /** By step id: the name under which Docker has the image once its step is done. */
  readonly built: ReadonlyMap<string, string>;
  /** By step id: its key without the architecture, which the images of all architectures have in common. */
  readonly recipes: ReadonlyMap<string, string>;
}

const kubernetesCommands = [
  'kubelet',
  'kubeadm',
  'kubectl',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
];

/**
 * Kubernetes writes its version in by the linker; kubeadm refuses to work without it. The date is that of the release,
 * so that two builds of one recipe are the same.
 */
const kubernetesLdflags = (gitVersion: string): string =>
  ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .flatMap((p) => {
      const [major = '', minor = ''] = versions.kubernetes.slice(1).split('.');
      const values = { gitVersion, gitMajor: major, gitMinor: minor, gitTreeState: 'archive' };
      return Object.entries({ ...values, buildDate: '2025-12-09T00:00:00Z' }).map(([k, v]) => `-X ${p}.${k}=${v}`);
    })
    .join(' ');

const cniPlugins = 'github.com/containernetworking/plugins/plugins';

/** The plug-ins that k3s' CNI configuration leads to, besides its own `flannel`. */
const k3sPlugins = ['main/bridge', 'ipam/host-local', 'main/loopback', 'meta/portmap', 'meta/bandwidth'];

/** What runs in every k3s cluster, under the names of the images that are built here. */
const k3sImages = `-X main.sandboxImage=${pauseImage} -X main.corednsImage=${corednsImage}`;

/** Typical durations with cold caches on two cores, in milliseconds. */
const typical: Readonly<Record<string, number>> = {
  'go-kubernetes': 600_000,
  'go-etcd': 50_000,
  'go-crictl': 60_000,
  'go-coredns': 70_000,
  'go-flannel': 120_000,
  'go-podinfo': 60_000,
  'go-k6': 135_000,
  'go-kube-state-metrics': 90_000,
  'c-pause': 1_000,
  'root-node': 60_000,
  'root-iptables': 20_000,
  'root-postgres': 30_000,
  'root-monitoring': 40_000,
  'go-containerd': 150_000,
  'go-runc': 60_000,
  'go-cni': 30_000,
  'root-strict-node': 80_000,
  'go-k3s': 600_000,
  'k3s-node-root': 15_000,
  'k3s-node': 20_000,
  'k3d-node': 5_000,
  'node-root': 15_000,
  'node-base': 30_000,
};
const typicalImageMs = 3_000;

/** All that can be built, in an order in which each comes after what it needs. Reads the recipes; starts nothing. */
export function buildGraph(context: BuildContext): BuildGraph {
  const { runner, recipesDir, cacheDir, architecture = machineArchitecture() } = context;
  const steps: Step[] = [];
  const built = new Map<string, string>();
  const keys = new Map<string, string>();
  const recipes = new Map<string, string>();
  const recipe = (name: string): string => join(recipesDir, name);
  const artifact = (id: string): string => join(cacheDir, 'artifacts', `${id}-${short(keyOf(id))}`);
  const defined = (map: ReadonlyMap<string, string>, id: string): string => {
    const key = map.get(id);
    if (key === undefined) throw new Error(`step ${id} is used before it is defined`);
    return key;
  };
  const keyOf = (id: string): string => defined(keys, id);

  const add = (step: Omit<Step, 'ms' | 'key'>, parts: readonly string[]): void => {
    const recipe = contentKey([step.id, ...parts, ...step.needs.map((id) => defined(recipes, id))]);
    recipes.set(step.id, recipe);
    // One recipe, a key for each architecture: what was made for another one is never taken for this one's.
    const key = architecture === architectures[0] ? recipe : contentKey([recipe, architecture]);
    keys.set(step.id, key);
    steps.push({ ...step, key, ms: context.durations[step.id] ?? typical[step.id] ?? typicalImageMs });
  };

  /** A step whose result is a folder of files; it appears under its name only when it is complete. */
  const files = (
    id: string,
    title: string,
    lane: Step['lane'],
    parts: readonly string[],
    make: (out: string, step: StepContext) => Promise<void>,
  ): void => {
    add(
      {
        id,
        title,
        lane,
        needs: [],
        present: () => exists(artifact(id)),
        run: async (step) => {
          const out = join(cacheDir, 'tmp', `${id}-${process.pid}`);
          await rm(out, { recursive: true, force: true });
          await mkdir(out, { recursive: true });
          await make(out, step);
          await mkdir(join(cacheDir, 'artifacts'), { recursive: true });
          await rename(out, artifact(id));
          return undefined;
        },
      },
      parts,
    );
  };

  const go = (
    name: string,
    title: string,
    packages: readonly string[],
    more: {
      readonly cgo?: true;
      readonly flags?: readonly string[];
      readonly ldflags?: string;
      readonly rename?: Readonly<Record<string, string>>;
      readonly after?: (out: string, step: StepContext) => Promise<void>;
    } = {},
  ): void => {
    const args = ['build', '-trimpath', ...(more.flags ?? []), '-ldflags', `-s -w ${more.ldflags ?? ''}`.trim()];
    const renames = more.rename ?? {};
    files(
      `go-${name}`,
      title,
      'cpu',
      [pathKey(recipe(name)), ...args, ...packages, JSON.stringify(renames)],
      async (out, step) => {
        const cgo = more.cgo === true;
        await compile(runner, { name, cwd: recipe(name), args, architecture, cgo, packages, out }, step);
        for (const file of await readdir(out)) await requireArchitecture(join(out, file), architecture);
        for (const [from, to] of Object.entries(renames)) await rename(join(out, from), join(out, to));
        await more.after?.(out, step);
      },
    );
  };

  /** A Debian root as one tar. `extract` roots are only unpacked, which makes them small and quick; their recipe configures them. */
  const root = (name: string, title: string, variant: 'minbase' | 'extract'): void => {
    const suite = 'bookworm';
    const mirror = process.env['FIREDRILL_DEBIAN_MIRROR'] ?? '';
    files(`root-${name}`, title, 'net', [pathKey(recipe(name)), variant, suite], async (out, step) => {
      const packages = packageList(await readFile(join(recipe(name), 'packages'), 'utf8'));
      // The shell gets the script's path as an argument of its own: it may hold spaces.
      const hook = `${variant === 'extract' ? '--extract-hook' : '--customize-hook'}=sh ${shellWord(join(recipe(name), 'customize'))} "$1"`;
      const merged = variant === 'extract' ? ['--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr'] : [];
      const args = [
        `--variant=${variant}`,
        `--architectures=${architecture}`,
        ...merged,
        `--include=${packages.join(',')}`,
        hook,
        suite,
        join(out, 'root.tar'),
      ];
      // In a mount namespace of its own: what mmdebstrap mounts inside the root is gone with it, even when it is killed.
      const own = process.getuid?.() === 0 ? ['unshare', '--mount', 'mmdebstrap'] : ['mmdebstrap'];
      const [program = '', ...before] = own;
      await must(runner, `making the ${name} root`, program, [...before, ...args, ...(mirror === '' ? [] : [mirror])], {
        env: { TMPDIR: out },
        signal: step.signal,
        onLine: (line) => {
          step.say(line.slice(0, 120));
        },
        hint: 'mmdebstrap needs root (or user namespaces) and a Debian mirror; FIREDRILL_DEBIAN_MIRROR names another one',
      });
    });
  };

  const image = (
    id: string,
    options: {
      readonly ref?: string;
      readonly recipe: string;
      /** [step, file in its result, name in the build context] */
      readonly files: readonly (readonly [string, string, string])[];
      readonly base?: string;
      readonly args?: Readonly<Record<string, string>>;
      readonly text?: Readonly<Record<string, string>>;
    },
  ): void => {
    const needs = [
      ...new Set([...options.files.map(([step]) => step), ...(options.base === undefined ? [] : [options.base])]),
    ];
    const dockerfile = pathKey(recipe(options.recipe));
    const parts = [
      dockerfile,
      options.ref ?? '',
      JSON.stringify([options.files, options.args ?? {}, options.text ?? {}]),
    ];
    const name = (): string => `firedrill/built/${id}:${short(keyOf(id))}`;
    add(
      {
        id,
        title: `image ${options.ref ?? id}`,
        lane: 'docker',
        needs,
        present: (signal) => hasImage(runner, name(), signal),
        run: async (step) => {
          const dir = join(cacheDir, 'tmp', `image-${id}-${process.pid}`);
          await rm(dir, { recursive: true, force: true });
          await mkdir(dir, { recursive: true });
          try {
            for (const entry of await readdir(recipe(options.recipe))) {
              if (/^(go\.(mod|sum)|packages|customize|.*\.(c|go))$/.test(entry)) continue;
              // Recipes may share a file: it is a link.
              await cp(join(recipe(options.recipe), entry), join(dir, entry), { recursive: true, dereference: true });
            }
            for (const [from, file, as] of options.files) await place(join(artifact(from), file), join(dir, as));
            for (const [file, text] of Object.entries(options.text ?? {})) await writeFile(join(dir, file), text);
            const args = {
              ...options.args,
              ...(options.base === undefined ? {} : { BASE: built.get(options.base) ?? '' }),
            };
            await must(
              runner,
              `building the image ${options.ref ?? id}`,
              'docker',
              [
                'build',
                '-q',
                ...Object.entries(args).flatMap(([k, v]) => ['--build-arg', `${k}=${v}`]),
                '--label',
                `${hashLabel}=${keyOf(id)}`,
                '-t',
                name(),
                dir,
              ],
              { env: await builderEnv(runner, step.signal), signal: step.signal },
            );
          } finally {
            await rm(dir, { recursive: true, force: true });
          }
          return undefined;
        },
      },
      parts,
    );
    built.set(id, name());
  };

  go(
    'kubernetes',
    'Kubernetes from source (seven binaries)',
    kubernetesCommands.map((c) => `k8s.io/kubernetes/cmd/${c}`),
    {
      ldflags: kubernetesLdflags(versions.kubernetes),
    },
  );
  go('etcd', 'etcd and etcdctl from source', ['go.etcd.io/etcd/server/v3', 'go.etcd.io/etcd/etcdctl/v3'], {
    rename: { server: 'etcd' },
  });
  go('crictl', 'crictl from source', ['sigs.k8s.io/cri-tools/cmd/crictl'], {
    ldflags: `-X sigs.k8s.io/cri-tools/pkg/version.Version=${versions.crictl}`,
  });
  go('coredns', 'CoreDNS from source', ['.']);
  // Its wireguard and udp backends are C; upstream's Makefile links them statically, too.
  go('flannel', 'flannel from source', ['github.com/flannel-io/flannel'], {
    cgo: true,
    flags: ['-tags', 'netgo,osusergo'],
    ldflags: `-X github.com/flannel-io/flannel/pkg/version.Version=${versions.flannel} -extldflags "-static"`,
    rename: { flannel: 'flanneld' },
  });
  go(
    'podinfo',
    'podinfo from source',
    ['podinfo', 'podcli'].map((c) => `github.com/stefanprodan/podinfo/cmd/${c}`),
    {
      after: async (out, step) => {
        const sources = await moduleDir(runner, recipe('podinfo'), 'github.com/stefanprodan/podinfo', step.signal);
        // The module cache is read-only, and a read-only folder can neither be filled nor removed.
        await mkdir(join(out, 'ui'));
        for (const file of await readdir(join(sources, 'ui'))) {
          await writeFile(join(out, 'ui', file), await readFile(join(sources, 'ui', file)));
        }
      },
    },
  );
  go('k6', 'k6 from source', ['go.k6.io/k6']);
  // As upstream's Makefile: the version by the linker, no C.
  go('kube-state-metrics', 'kube-state-metrics from source', ['k8s.io/kube-state-metrics/v2'], {
    ldflags: `-X github.com/prometheus/common/version.Version=${versions.kubeStateMetrics}`,
  });
  files('c-pause', 'pause from source', 'docker', [pathKey(recipe('pause'))], async (out, step) => {
    await must(
      runner,
      'building pause',
      compilerFor(architecture),
      ['-O2', '-static', '-s', '-o', join(out, 'pause'), join(recipe('pause'), 'pause.c')],
      {
        signal: step.signal,
        hint: 'a static binary needs libc6-dev',
      },
    );
    await requireArchitecture(join(out, 'pause'), architecture);
  });
  go(
    'containerd',
    'containerd from source',
    ['containerd', 'ctr', 'containerd-shim-runc-v2'].map((c) => `github.com/containerd/containerd/v2/cmd/${c}`),
    {
      cgo: true,
      flags: ['-tags', 'no_btrfs no_devmapper no_zfs'],
      ldflags: `-X github.com/containerd/containerd/v2/version.Version=${versions.containerd}`,
    },
  );
  go('runc', 'runc from source', ['github.com/opencontainers/runc'], {
    cgo: true,
    flags: ['-tags', 'seccomp'],
    ldflags: `-X main.version=${versions.runc.slice(1)}`,
  });
  go(
    'cni',
    "kind's four CNI plug-ins from source",
    ['ipam/host-local', 'main/loopback', 'main/ptp', 'meta/portmap'].map((c) => `${cniPlugins}/${c}`),
  );
  // Static, as k3s' own binary is: one file for every node. SQLite is C; kine looks into its table `dbstat`.
  go('k3s', 'k3s (stand-in) from source', ['.', './flannel', ...k3sPlugins.map((c) => `${cniPlugins}/${c}`)], {
    cgo: true,
    flags: ['-tags', 'netgo,osusergo,sqlite_omit_load_extension,sqlite_dbstat'],
    ldflags: `${kubernetesLdflags(k3sVersion)} ${k3sImages} -extldflags "-static"`,
  });
  root('node', 'Debian root of the node', 'minbase');
  root('strict-node', 'Debian root of the strict node', 'minbase');
  root('iptables', 'Debian root with iptables', 'extract');
  root('postgres', 'Debian root with PostgreSQL', 'extract');
  root('monitoring', 'Debian root with Prometheus and its exporters', 'extract');

  const refOf = (id: string): string => [...images, ...baseImages].find((i) => i.id === id)?.ref ?? id;
  image('pause', { ref: refOf('pause'), recipe: 'pause', files: [['c-pause', 'pause', 'pause']] });
  for (const id of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
    image(id, { ref: refOf(id), recipe: 'control-plane', files: [['go-kubernetes', id, id]], args: { BINARY: id } });
  }
  image('etcd', {
    ref: refOf('etcd'),
    recipe: 'etcd',
    files: [
      ['go-etcd', 'etcd', 'etcd'],
      ['go-etcd', 'etcdctl', 'etcdctl'],
    ],
  });
  image('coredns', { ref: refOf('coredns'), recipe: 'coredns', files: [['go-coredns', 'coredns', 'coredns']] });
  image('iptables', { recipe: 'iptables', files: [['root-iptables', 'root.tar', 'root.tar']] });
  image('kube-proxy', {
    ref: refOf('kube-proxy'),
    recipe: 'kube-proxy',
    base: 'iptables',
    files: [['go-kubernetes', 'kube-proxy', 'kube-proxy']],
  });
  image('flannel', {
    ref: refOf('flannel'),
    recipe: 'flannel',
    base: 'iptables',
    files: [['go-flannel', 'flanneld', 'flanneld']],
  });
  image('podinfo', {
    ref: refOf('podinfo'),
    recipe: 'podinfo',
    base: 'iptables',
    files: [
      ['go-podinfo', 'podinfo', 'podinfo'],
      ['go-podinfo', 'podcli', 'podcli'],
      ['go-podinfo', 'ui', 'ui'],
    ],
  });
  image('postgres', { ref: refOf('postgres'), recipe: 'postgres', files: [['root-postgres', 'root.tar', 'root.tar']] });
  image('k6', { ref: refOf('k6'), recipe: 'k6', files: [['go-k6', 'k6', 'k6']] });
  image('kube-state-metrics', {
    ref: refOf('kube-state-metrics'),
    recipe: 'kube-state-metrics',
    files: [['go-kube-state-metrics', 'kube-state-metrics', 'kube-state-metrics']],
  });
  for (const id of ['prometheus', 'alertmanager', 'node-exporter', 'blackbox-exporter', 'postgres-exporter']) {
    image(id, { ref: refOf(id), recipe: id, files: [['root-monitoring', 'root.tar', 'root.tar']] });
  }
  image('node-root', {
    recipe: 'node',
    files: [
      ['root-node', 'root.tar', 'root.tar'],
      ...['kubelet', 'kubeadm', 'kubectl'].map((c) => ['go-kubernetes', c, c] as const),
      ['go-etcd', 'etcdctl', 'etcdctl'],
      ['go-crictl', 'crictl', 'crictl'],
    ],
    text: { version: `${versions.kubernetes}\n` },
  });

  image('strict-node-root', {
    recipe: 'strict-node',
    files: [
      ['root-strict-node', 'root.tar', 'root.tar'],
      ...['kubelet', 'kubeadm', 'kubectl'].map((c) => ['go-kubernetes', c, c] as const),
      ...['containerd', 'ctr', 'containerd-shim-runc-v2'].map((c) => ['go-containerd', c, c] as const),
      ...['host-local', 'loopback', 'ptp', 'portmap'].map((c) => ['go-cni', c, c] as const),
      ['go-runc', 'runc', 'runc'],
      ['go-crictl', 'crictl', 'crictl'],
    ],
    text: { version: versions.kubernetes },
  });

  image('k3s-node-root', {
    recipe: 'k3s-node',
    files: [
      ['root-node', 'root.tar', 'root.tar'],
      ...['k3s', 'flannel', ...k3sPlugins.map((c) => basename(c))].map((c) => ['go-k3s', c, c] as const),
      ...['containerd', 'ctr', 'containerd-shim-runc-v2'].map((c) => ['go-containerd', c, c] as const),
      ['go-runc', 'runc', 'runc'],
      ['go-crictl', 'crictl', 'crictl'],
    ],
  });

  const inBase = baseImages.map((i) => i.id);
  /** What a node image is derived from: a root with the control plane's images in its containerd. */
  const base = (
    id: string,
    title: string,
    root: string,
    more: {
      readonly packed?: true;
      readonly nameOf?: (image: { readonly id: string; readonly ref: string }) => string;
    } = {},
  ): void => {
    const { nameOf = (image: { readonly ref: string }): string => image.ref, ...how } = more;
    const name = (): string => `firedrill/built/${id}:${short(keyOf(id))}`;
    add(
      {
        id,
        title,
        lane: 'docker',
        needs: [root, ...inBase],
        present: (signal) => hasImage(runner, name(), signal),
        run: async (step) =>
          preload(runner, {
            base: built.get(root) ?? '',
            images: baseImages.map((i) => ({ from: built.get(i.id) ?? '', as: nameOf(i) })),
            ...how,
            tag: name(),
            labels: { [hashLabel]: keyOf(id) },
            container: `firedrill-preload-${short(keyOf(id))}`,
            signal: step.signal,
            say: step.say,
          }),
      },
      [preloadRecipe],
    );
    built.set(id, name());
  };
  base('node-base', `image kindest/node:${versions.kubernetes} (with the control plane's images)`, 'node-root');
  // As kind publishes it: the sandbox image under the version of its containerd's configuration, all layers packed.
  base(strictBase, `image ${strictBase} (what kindest/node holds, and nothing else)`, 'strict-node-root', {
    packed: true,
    nameOf: ({ id, ref }) => (id === 'pause' ? `registry.k8s.io/pause:${versions.kindSandbox}` : ref),
  });
  const k3sNodeName = (): string => `firedrill/built/${k3sNode}:${short(keyOf(k3sNode))}`;
  const inK3s = baseImages.filter(({ ref }) => ref === pauseImage || ref === corednsImage);
  add(
    {
      id: k3sNode,
      title: 'image of a node for k3s (stand-in)',
      lane: 'docker',
      needs: ['k3s-node-root', ...inK3s.map(({ id }) => id)],
      present: (signal) => hasImage(runner, k3sNodeName(), signal),
      run: async (step) =>
        preload(runner, {
          base: built.get('k3s-node-root') ?? '',
          images: inK3s.map(({ id, ref }) => ({ from: built.get(id) ?? '', as: ref })),
          containerd: k3sContainerd,
          archive: k3sArchive,
          masked: true,
          tag: k3sNodeName(),
          labels: { [hashLabel]: keyOf(k3sNode) },
          container: `firedrill-preload-${short(keyOf(k3sNode))}`,
          signal: step.signal,
          say: step.say,
        }),
    },
    [preloadRecipe, ...k3sContainerd],
  );
  built.set(k3sNode, k3sNodeName());
  image(k3dNode, { recipe: k3dNode, base: k3sNode, files: [] });
  const { k3s } = context;
  if (k3s !== undefined) {
    const archive = archiveName(k3s);
    files('own-k3s', `k3s ${k3s.version}, the real one`, 'docker', [k3s.key], async (out) => {
      await copyFile(k3s.program, join(out, 'k3s'));
      await copyFile(k3s.images, join(out, archive));
    });
    image(ownK3sNode, {
      recipe: 'k3s-own',
      base: k3sNode,
      files: [
        ['own-k3s', 'k3s', 'k3s'],
        ['own-k3s', archive, archive],
      ],
    });
    image(ownK3dNode, { recipe: k3dNode, base: ownK3sNode, files: [] });
  }
  return { steps, built, recipes };
}

/** Images of k3s' own that lie beside it for an installation without internet. */
const k3sArchive = '/usr/local/lib/k3s/images.tar';

/** The id of the base that stands for kindest/node where none can be pulled. */
export const strictBase = 'strict-base';

/** The step that builds an image of the node. */
export const stepOf = (id: string, mode: ImageMode): string =>
  id === 'node-base' && mode === 'strict' ? strictBase : id;

/** The packages of a recipe's list: words, with `#` comments. */
export function packageList(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, ''))
    .join(' ')
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Whether Docker has an image under this name. */
export async function hasImage(runner: Runner, ref: string, signal?: AbortSignal): Promise<boolean> {
  const found = await runner.run('docker', ['image', 'inspect', '-f', '{{.Id}}', ref], { signal, timeoutMs: 30_000 });
  return found.ok;
}

/** Puts a file or folder into a build context: by a hard link where that works, since these are hundreds of megabytes. */
async function place(from: string, to: string): Promise<void> {
  if ((await stat(from)).isDirectory()) {
    await cp(from, to, { recursive: true });
    return;
  }
  await link(from, to).catch(() => cp(from, to));
  if (!to.endsWith('.tar')) await chmod(to, 0o755);
}

/** @throws FiredrillError `environment` when a program is for another architecture: a compiler that is not what its name says */
async function requireArchitecture(path: string, wanted: Architecture): Promise<void> {
  const is = await programArchitecture(path);
  if (is === wanted) return;
  throw new FiredrillError('environment', `${path} was built for ${is ?? 'another architecture'}, not for ${wanted}`, {
    hint: 'check `go version` and the C compiler',
  });
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

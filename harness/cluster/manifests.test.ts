import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { nodePorts } from './ports.ts';
import { profiles } from '../model/profile.ts';
import {
  countPods,
  countWorkloadPods,
  imagesOf,
  isOwnWorkload,
  placeholders,
  projectManifests,
  renderManifest,
  writeManifests,
  type ManifestFolder,
} from './manifests.ts';

const manifests = fileURLToPath(new URL('../../manifests', import.meta.url));
const nodes = ['c-control-plane', 'c-worker', 'c-worker2'];
const values = placeholders(nodes);

interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly timeoutSeconds?: number;
}
interface Container {
  readonly name: string;
  readonly imagePullPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}
interface Thing {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly topologySpreadConstraints?: readonly unknown[];
        readonly nodeSelector?: unknown;
      };
    };
    readonly ports?: readonly { readonly nodePort?: number }[];
  };
}
const read = async (file: string, profile: 'stock' | 'fast' = 'stock'): Promise<Thing[]> =>
  parseAllDocuments(renderManifest(await readFile(file, 'utf8'), file, values, profiles[profile])).map(
    (d) => d.toJS() as Thing,
  );
const resurrection = async (profile: 'stock' | 'fast' = 'stock'): Promise<Thing[]> => {
  const dir = join(manifests, 'resurrection');
  const files = (await readdir(dir)).filter((name) => name.endsWith('.yaml'));
  return (await Promise.all(files.map((name) => read(join(dir, name), profile)))).flat();
};

describe('the workload of postmortem 002', () => {
  it('is counted without rendering it', async () => {
    expect(await countWorkloadPods(join(manifests, 'resurrection'))).toBe(23);
    expect(await countWorkloadPods(join(manifests, 'cascade'))).toBe(62);
    expect(await countWorkloadPods(join(manifests, 'none'))).toBe(0);
  });

  it('is 23 pods in 5 namespaces', async () => {
    const dir = join(manifests, 'resurrection');
    const counts = new Map<string, number>();
    for (const name of (await readdir(dir)).filter((n) => n.endsWith('.yaml'))) {
      const text = renderManifest(await readFile(join(dir, name), 'utf8'), name, values, profiles.stock);
      for (const [namespace, n] of countPods(text, name)) counts.set(namespace, (counts.get(namespace) ?? 0) + n);
    }
    expect([...counts.keys()].sort()).toEqual(['chromadb', 'convocanvas', 'librechat', 'monitoring', 'ollama']);
    expect([...counts.values()].reduce((a, b) => a + b, 0)).toBe(23);
  });

  it('has readiness and liveness probes everywhere, and pulls nothing', async () => {
    const containers = (await resurrection()).flatMap((t) => t.spec?.template?.spec.containers ?? []);
    expect(containers.length).toBeGreaterThan(15);
    for (const c of containers.filter(({ name }) => name !== 'vantage')) {
      expect(c.readinessProbe, c.name).toMatchObject({ periodSeconds: 10, timeoutSeconds: 2 });
      expect(c.livenessProbe, c.name).toMatchObject({ periodSeconds: 10, timeoutSeconds: 2 });
      expect(c.imagePullPolicy, c.name).toBe('IfNotPresent');
    }
  });

  it('crash-loops without DNS: most services check another by its name, and that service exists', async () => {
    const things = await resurrection();
    const services = new Set(
      things.filter((t) => t.kind === 'Service').map((t) => `${t.metadata.name}.${t.metadata.namespace ?? ''}`),
    );
    const checked = things
      .flatMap((t) => t.spec?.template?.spec.containers ?? [])
      .map((c) => c.livenessProbe?.exec?.command.join(' ') ?? '')
      .filter((command) => command.startsWith('podcli check'));
    expect(checked.length).toBeGreaterThanOrEqual(10);
    for (const command of checked) {
      const name = /([a-z-]+\.[a-z-]+)\.svc\.cluster\.local:\d+/.exec(command)?.[1] ?? '';
      expect(services, command).toContain(name);
    }
  });

  it('runs its probes at the profile’s period', async () => {
    const containers = (await resurrection('fast')).flatMap((t) => t.spec?.template?.spec.containers ?? []);
    for (const c of containers.filter(({ name }) => name !== 'vantage')) {
      expect(c.livenessProbe?.periodSeconds, c.name).toBe(profiles.fast.podProbeMs / 1000);
      expect(c.readinessProbe?.periodSeconds, c.name).toBe(profiles.fast.readinessMs / 1000);
      // Asked more often, given up as late.
      const patience = (c.readinessProbe?.periodSeconds ?? 0) * (c.readinessProbe?.failureThreshold ?? 3);
      expect(c.readinessProbe?.timeoutSeconds, c.name).toBeLessThanOrEqual(c.readinessProbe?.periodSeconds ?? 0);
      expect(Math.abs(patience - (3 * profiles.fast.podProbeMs) / 1000), c.name).toBeLessThanOrEqual(1);
    }
  });

  it('spreads every service over the workers, where the data do not pin it to one', async () => {
    const specs = (await resurrection()).flatMap(({ kind, metadata, spec }) =>
      kind === 'Deployment' || kind === 'StatefulSet' ? [{ name: metadata.name, pod: spec?.template?.spec }] : [],
    );
    expect(specs.length).toBeGreaterThan(15);
    for (const { name, pod } of specs)
      expect(pod?.topologySpreadConstraints?.length ?? (pod?.nodeSelector === undefined ? 0 : 1), name).toBe(1);
  });

  it('has one place for the DNS probe to look from, which is never restarted by itself', async () => {
    const vantages = (await resurrection())
      .flatMap((t) => t.spec?.template?.spec.containers ?? [])
      .filter((c) => c.env?.some((e) => e.name === 'FIREDRILL_VANTAGE' && e.value === '1'));
    expect(vantages).toHaveLength(1);
    expect(vantages[0]?.livenessProbe).toBeUndefined();
  });

  it('does not bring the documents back by itself: they are in no manifest', async () => {
    const dir = join(manifests, 'resurrection');
    for (const name of (await readdir(dir)).filter((n) => n.endsWith('.yaml'))) {
      expect(await readFile(join(dir, name), 'utf8')).not.toMatch(/generate_series|CREATE TABLE/i);
    }
    expect(await readFile(join(dir, 'seed.sql'), 'utf8')).toMatch(/generate_series\(1, 1133\)/);
  });

  it('has the node ports that the cluster publishes', async () => {
    const things = [...(await resurrection()), ...(await read(join(manifests, 'instruments.yaml')))];
    const ports = things.flatMap((t) => t.spec?.ports?.map((p) => p.nodePort) ?? []).filter((p) => p !== undefined);
    expect(ports.sort()).toEqual([30080, 30081, 30432]);
  });
});

describe('the workload with a replicated volume', () => {
  it('is that of postmortem 002 and the volume beside it, at the port that the cluster publishes', async () => {
    const [files, before] = await Promise.all([
      readdir(join(manifests, 'storage')),
      readdir(join(manifests, 'resurrection')),
    ]);
    expect(files.filter((name) => !before.includes(name))).toEqual(['60-volume.yaml']);
    expect(before.filter((name) => !files.includes(name))).toEqual([]);
    const things = await read(join(manifests, 'storage', '60-volume.yaml'));
    const ports = things.flatMap((t) => t.spec?.ports?.map((p) => p.nodePort) ?? []).filter((p) => p !== undefined);
    expect(ports).toEqual([nodePorts.volume]);
  });
});

describe("a workload's folder", () => {
  it.each([
    [projectManifests, false],
    [join(projectManifests, '002'), false],
    [`${projectManifests}/../manifests/002`, false],
    [`${projectManifests}-mine`, true],
    ['/srv/shop', true],
  ])('%s is the user’s own: %s', (folder, own) => {
    expect(isOwnWorkload(folder)).toBe(own);
  });
});

describe('renderManifest', () => {
  it('fills node names in, and says which placeholder it does not know', () => {
    expect(renderManifest('a: ${WORKER_2}\n', 'f.yaml', values, profiles.stock)).toBe('a: c-worker2\n');
    expect(() => renderManifest('a: ${WORKER_X}\n', 'f.yaml', values, profiles.stock)).toThrow(
      /f\.yaml: \$\{WORKER_X\}/,
    );
    expect(() => renderManifest('a: [\n', 'f.yaml', values, profiles.stock)).toThrow(/^f\.yaml: /);
  });
  it('leaves the shell variables of flannel and comments alone', async () => {
    const file = join(manifests, 'flannel.yaml');
    const text = renderManifest(await readFile(file, 'utf8'), file, values, profiles.stock);
    expect(text).toContain('${FLANNEL_SUBNET%.1/*}');
    expect(text).toMatch(/name: KUBERNETES_SERVICE_HOST, value: '?c-control-plane'?/);
  });
  it('only touches periods that are the stock ones', () => {
    const text = 'livenessProbe: { periodSeconds: 2, initialDelaySeconds: 2 }\nreadinessProbe: { periodSeconds: 10 }\n';
    expect(renderManifest(text, 'f', values, profiles.fast)).toBe(
      `livenessProbe: { periodSeconds: 2, initialDelaySeconds: 2 }\nreadinessProbe: { periodSeconds: ${profiles.fast.readinessMs / 1000}, failureThreshold: 15 }\n`,
    );
  });
  it('uses the last worker there is', () => {
    expect(placeholders(['c-control-plane', 'c-worker'])['WORKER_2']).toBe('c-worker');
  });
});

describe('writeManifests', () => {
  let dir: string;
  let folder: ManifestFolder;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'firedrill-manifests-'));
    folder = await writeManifests({
      shared: manifests,
      workloadDir: join(manifests, 'resurrection'),
      workDir: dir,
      nodes,
      profile: profiles.fast,
    });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('counts what will run and names every image', () => {
    expect(folder.pods.get('firedrill')).toBe(1);
    expect([...folder.pods.values()].reduce((a, b) => a + b, 0)).toBe(24);
    expect(folder.images.every((image) => image.includes(':'))).toBe(true);
    expect(folder.images).toContain('postgres:15');
    expect(imagesOf('kind: Pod\nspec: { containers: [{ image: a:1 }] }\n', 'f')).toEqual(['a:1']);
  });
  it('deploys namespaces before what is in them, and keeps the data out of the repository', async () => {
    const [bin, asked] = [join(dir, 'bin'), join(dir, 'asked')];
    await mkdir(bin);
    await writeFile(join(bin, 'kubectl'), '#!/bin/sh\nprintf "%s\\n" "$*" >> "$ASKED"\n', { mode: 0o755 });
    const env = { ASKED: asked, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    await promisify(execFile)('sh', [join(folder.dir, 'deploy.sh')], { env });
    const applied = (await readFile(asked, 'utf8')).split('\n').filter((line) => line.startsWith('apply'));
    const workload = (await readdir(join(folder.dir, 'workload'))).sort();
    expect(workload[0]).toBe('00-namespaces.yaml');
    expect(applied).toEqual([
      'apply -f flannel.yaml -f instruments.yaml',
      `apply ${workload.map((name) => `-f workload/${name}`).join(' ')}`,
    ]);
    expect(await readdir(join(folder.dir, 'workload'))).not.toContain('seed.sql');
    expect(folder.data).toMatchObject({ seed: join(dir, 'data', 'seed.sh'), reset: join(dir, 'data', 'reset.sh') });
  });
});

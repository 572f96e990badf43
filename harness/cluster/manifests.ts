import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseAllDocuments, visit, type Document } from 'yaml';
import { FiredrillError } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import { shellScript } from './shell.ts';

/** The project's own manifests: what is deployed beside every workload, and a folder for each workload. */
export const projectManifests = fileURLToPath(new URL('../../manifests', import.meta.url));

/** The folder of a workload: one of the project's, or a user's own by its absolute path. */
export const workloadDir = (workload: string): string => resolve(projectManifests, workload);

/** Whether a workload's folder is a user's. What one of the project's asks for is in every node image. */
export const isOwnWorkload = (folder: string): boolean =>
  !`${resolve(folder)}${sep}`.startsWith(`${projectManifests}${sep}`);

/** A user's SLIs, which may lie beside the manifests and are none. */
export const sliFileName = 'slis.yaml';

/** What is filled into the manifests: `${CONTROL_PLANE}`, `${WORKER_1}`, `${WORKER_2}` (the last worker when there is one only). */
export function placeholders(nodes: readonly string[]): Record<string, string> {
  const [controlPlane = '', ...workers] = nodes;
  const worker = (n: number): string => workers[Math.min(n, workers.length) - 1] ?? controlPlane;
  return { CONTROL_PLANE: controlPlane, WORKER_1: worker(1), WORKER_2: worker(2), WORKER_3: worker(3) };
}

/**
 * One manifest as it is applied: node names filled in, and every liveness and readiness probe that runs at the stock
 * profile's 10 s set to the profile's periods. The files themselves are valid and hold the stock values.
 * @throws FiredrillError `usage` naming the file when a placeholder is unknown or the YAML is broken
 */
export function renderManifest(
  text: string,
  file: string,
  values: Readonly<Record<string, string>>,
  profile: Profile,
): string {
  const filled = text.replace(/\$\{([A-Z][A-Z0-9_]*)\}/g, (whole: string, key: string, offset: number) => {
    const value = values[key];
    if (value !== undefined) return value;
    // A comment may speak of one; a shell variable in a script is written in lower case or without braces, or is known here.
    const line = text.slice(text.lastIndexOf('\n', offset) + 1, offset);
    if (/^\s*#/.test(line) || key.startsWith(shellPrefix)) return whole;
    throw new FiredrillError('usage', `${file}: ${whole} is not known`, {
      hint: `known are ${Object.keys(values).join(', ')}`,
    });
  });
  const documents = parse(filled, file);
  for (const document of documents) setProbePeriods(document, profile);
  return documents.map((document) => document.toString({ lineWidth: 0 })).join('');
}

/** flannel's start script reads these from its own subnet.env. */
const shellPrefix = 'FLANNEL_';

function parse(text: string, file: string): Document[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error) throw new FiredrillError('usage', `${file}: ${error.message.split('\n')[0] ?? ''}`, { cause: error });
  }
  return documents;
}

function setProbePeriods(document: Document, profile: Profile): void {
  const liveness = Math.round(profile.podProbeMs / 1000);
  const readiness = Math.round(profile.readinessMs / 1000);
  visit(document, {
    Pair(_, pair) {
      const key = String(pair.key);
      if ((key !== 'livenessProbe' && key !== 'readinessProbe') || !isMap(pair.value)) return;
      if (pair.value.get('periodSeconds') === 10) {
        pair.value.set('periodSeconds', key === 'livenessProbe' ? liveness : readiness);
        if (key === 'readinessProbe' && readiness !== liveness) {
          pair.value.set('failureThreshold', Math.round((failuresInARow * liveness) / readiness));
          // One that waits for longer than its period is asked less often than that, and given up later.
          const timeout = pair.value.get('timeoutSeconds');
          if (typeof timeout === 'number') pair.value.set('timeoutSeconds', Math.min(timeout, readiness));
        }
      }
      const delay = pair.value.get('initialDelaySeconds');
      if (typeof delay === 'number' && delay > 3)
        pair.value.set('initialDelaySeconds', Math.min(delay, Math.max(3, 2 * liveness)));
    },
  });
}

/** Kubernetes' default `failureThreshold`. */
const failuresInARow = 3;

/** How many pods the rendered manifests ask for, by namespace: Deployments, StatefulSets and bare pods. */
export function countPods(rendered: string, file: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const document of parse(rendered, file)) {
    if (!isMap(document.contents)) continue;
    const kind = document.get('kind');
    const pods =
      kind === 'Deployment' || kind === 'StatefulSet'
        ? Number(document.getIn(['spec', 'replicas']) ?? 1)
        : kind === 'Pod'
          ? 1
          : 0;
    if (pods === 0) continue;
    const given = document.getIn(['metadata', 'namespace']);
    const namespace = typeof given === 'string' ? given : 'default';
    counts.set(namespace, (counts.get(namespace) ?? 0) + pods);
  }
  return counts;
}

/** How many pods a workload (`manifests/<name>`) asks for; none when it is not there, which whoever runs it is told. */
export async function countWorkloadPods(workloadDir: string): Promise<number> {
  let pods = 0;
  for (const file of existsSync(workloadDir) ? await yamlIn(workloadDir) : []) {
    const path = join(workloadDir, file);
    for (const count of countPods(await readFile(path, 'utf8'), path).values()) pods += count;
  }
  return pods;
}

/** A folder's manifests, in the order in which they are applied; patches are none. */
const yamlIn = async (from: string): Promise<string[]> =>
  (await readdir(from))
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('.patch.yaml') && name !== sliFileName)
    .sort();

/** Every container image that the rendered manifests name, sorted. */
export function imagesOf(rendered: string, file: string): readonly string[] {
  const images = new Set<string>();
  for (const document of parse(rendered, file)) {
    visit(document, {
      Pair(_, pair) {
        if (String(pair.key) !== 'containers' && String(pair.key) !== 'initContainers') return;
        if (!isSeq(pair.value)) return;
        // A patch names a container without its image.
        for (const item of pair.value.items)
          if (isMap(item) && item.has('image')) images.add(String(item.get('image')));
      },
    });
  }
  return [...images].sort();
}

interface Rendered {
  readonly text: string;
  readonly pods: ReadonlyMap<string, number>;
  readonly images: readonly string[];
}

/** Taking all files apart costs half a CPU-second, and the clusters of a run have the same names again and again. */
const remembered = new Map<string, Rendered>();

function rememberedRender(
  source: string,
  file: string,
  values: Readonly<Record<string, string>>,
  profile: Profile,
): Rendered {
  const key = JSON.stringify([file, source, values, profile]);
  let rendered = remembered.get(key);
  if (rendered === undefined) {
    const text = renderManifest(source, file, values, profile);
    rendered = { text, pods: countPods(text, file), images: imagesOf(text, file) };
    remembered.set(key, rendered);
  }
  return rendered;
}

/** What was written for a workstation. */
export interface ManifestFolder {
  /** The folder that `$MANIFESTS` names. */
  readonly dir: string;
  /** Pods by namespace, ours (`firedrill`) included. */
  readonly pods: ReadonlyMap<string, number>;
  readonly images: readonly string[];
  /** The workload's own scripts, where it has them; outside `dir`, for no runbook runs them. */
  readonly data: {
    /** `seed.sh`: brings the data in, once. */
    readonly seed: string | undefined;
    /** `reset.sh`: takes away what probes wrote. */
    readonly reset: string | undefined;
    /** `state.sh`: prints the data as lines `<what>\t<value or digest>`. */
    readonly state: string | undefined;
  };
}

/**
 * Writes what a person would have in the repository that the cluster was deployed from: the network, CoreDNS' placement,
 * the workload, and `deploy.sh`, which applies all of it in order (also onto a cluster that was rebuilt from nothing).
 *
 * @param options.shared folder with flannel.yaml, CoreDNS' patches and instruments.yaml
 * @param options.workloadDir folder with the workload's own *.yaml, seed.sh, reset.sh and state.sh
 * @param options.workDir gets `manifests/` and `data/`
 */
export async function writeManifests(options: {
  readonly shared: string;
  readonly workloadDir: string;
  readonly workDir: string;
  readonly nodes: readonly string[];
  readonly profile: Profile;
  /** Whether the pods' network is deployed with the rest; a distribution may bring its own. */
  readonly network?: boolean;
  /** The file of `shared` that places CoreDNS; default: kubeadm's. */
  readonly dnsPatch?: string;
}): Promise<ManifestFolder> {
  const dir = join(options.workDir, 'manifests');
  const values = placeholders(options.nodes);
  await mkdir(join(dir, 'workload'), { recursive: true });

  const pods = new Map<string, number>();
  const images = new Set<string>();
  const render = async (from: string, to: string): Promise<void> => {
    const rendered = rememberedRender(await readFile(from, 'utf8'), from, values, options.profile);
    for (const [namespace, count] of rendered.pods) pods.set(namespace, (pods.get(namespace) ?? 0) + count);
    for (const image of rendered.images) images.add(image);
    await writeFile(to, rendered.text);
  };
  const own = [...(options.network === false ? [] : ['flannel.yaml']), 'instruments.yaml'];
  for (const name of own) await render(join(options.shared, name), join(dir, name));
  await render(join(options.shared, options.dnsPatch ?? 'coredns.patch.yaml'), join(dir, 'coredns.patch.yaml'));
  for (const name of await yamlIn(options.workloadDir))
    await render(join(options.workloadDir, name), join(dir, 'workload', name));

  await writeFile(join(dir, 'deploy.sh'), shellScript('deploy.sh'));
  const scripts = join(options.workDir, 'data');
  const there = (await readdir(options.workloadDir)).filter((name) => !name.endsWith('.yaml'));
  await mkdir(scripts, { recursive: true });
  for (const name of there) {
    await cp(join(options.workloadDir, name), join(scripts, name), { dereference: true });
  }
  const script = (name: string): string | undefined => (there.includes(name) ? join(scripts, name) : undefined);
  const data = { seed: script('seed.sh'), reset: script('reset.sh'), state: script('state.sh') };
  return { dir, pods, images: [...images].sort(), data };
}

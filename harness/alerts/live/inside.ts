import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import type { Docker } from '../../cluster/docker.ts';
import { bringImages } from '../../cluster/own-images.ts';
import { realRunner } from '../../host/run.ts';
import { sleep } from '../../host/time.ts';
import type { Cluster } from '../../model/cluster.ts';
import { FiredrillError, oneLine } from '../../model/errors.ts';
import { seconds } from '../../model/units.ts';
import { ports } from './config.ts';
import type { AlertFeed } from './feed.ts';
import { modestGo, type MonitoringPart, type StackImages } from './parts.ts';
import { failuresUntilSilent, parseActiveAlerts } from './prometheus.ts';

/*
 * The same monitoring once more where most people have theirs: as a pod of the cluster that it watches. It has what the one outside has (rules,
 * targets, credentials), and the pods' network, the scheduler and the kubelet to live on.
 */

/** A namespace of its own: the workload may have one called monitoring. */
const namespace = 'firedrill-monitoring';
const name = 'monitoring';

/** Files by their paths below a folder. */
type Files = Readonly<Record<string, string>>;

/** A part's folder of configurations as a Secret, whose keys cannot hold slashes: a number for each path. */
const secretOf = (folder: string, files: Files) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: folder, namespace },
  stringData: Object.fromEntries(Object.values(files).map((text, i) => [`f${i}`, text])),
});

/**
 * The pod and what it needs: one pod for all parts, which find each other on loopback as they do outside.
 * @param files by folder; every folder that a part names
 */
export function insideManifests(
  parts: readonly MonitoringPart[],
  images: StackImages,
  files: Readonly<Record<string, Files>>,
): readonly object[] {
  const mounts = (part: MonitoringPart) => [
    ...(part.files === undefined ? [] : [{ name: part.files.folder, mountPath: part.files.at }]),
    ...(part.data === undefined ? [] : [{ name: `data-${part.name}`, mountPath: part.data }]),
  ];
  const volumes = parts.flatMap((part) => [
    ...(part.files === undefined
      ? []
      : [
          {
            name: part.files.folder,
            secret: {
              secretName: part.files.folder,
              items: Object.keys(files[part.files.folder] ?? {}).map((path, i) => ({ key: `f${i}`, path })),
            },
          },
        ]),
    ...(part.data === undefined ? [] : [{ name: `data-${part.name}`, emptyDir: {} }]),
  ]);
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...Object.entries(files).map(([folder, own]) => secretOf(folder, own)),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: {
        selector: { matchLabels: { app: name } },
        strategy: { type: 'Recreate' },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            // Nobody, as their images have it: the data's folders are to be theirs.
            securityContext: { runAsUser: 65534, fsGroup: 65534 },
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 5,
            containers: parts.map((part) => ({
              name: part.name,
              image: images[part.image],
              imagePullPolicy: 'Never',
              args: part.command,
              env: Object.entries({ ...modestGo, ...part.env }).map(([key, value]) => ({ name: key, value })),
              ...(part.name === 'prometheus' ? { resources: { requests: { cpu: '100m' } } } : {}),
              volumeMounts: mounts(part),
            })),
            volumes,
          },
        },
      },
    },
  ];
}

/** Asks the pod from the node on which it is, for nothing outside of a cluster has a route to its pods. HTTP 1.0: the answer in one piece. */
export const askCommand = (address: string): string =>
  `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${ports.prometheus} && printf "GET /api/v1/alerts HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3'`;

/** @throws Error when it is no good answer */
export function bodyOf(answer: string): unknown {
  const [head = '', ...body] = answer.split(/\r?\n\r?\n/);
  if (!/^HTTP\/1\.\d 200 /.test(head)) throw new Error(`it says ${oneLine(head.slice(0, 100)) || 'nothing'}`);
  return JSON.parse(body.join('\n\n'));
}

export interface InsideOptions {
  readonly cluster: Cluster;
  readonly docker: Docker;
  /** How a node's images are listed and imported: `ctr -n k8s.io`. */
  readonly ctr: string;
  readonly images: StackImages;
  readonly parts: readonly MonitoringPart[];
  /** With a folder for each part that has one. */
  readonly dir: string;
  /** In place of the Alertmanager's own: its notifications are to go out of the cluster. */
  readonly alertmanager: string;
  /** Is told what Prometheus has firing, and while nobody reaches it, that it is blind. */
  readonly feed: AlertFeed;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** The monitoring inside the cluster, running. */
export interface Inside {
  /** Gives Prometheus the files of its folder anew. The kubelet hands them on within a minute or so. */
  update(signal: AbortSignal): Promise<void>;
  /** Asks it again and again, until the signal aborts. Never rejects. */
  watch(signal: AbortSignal): Promise<void>;
}

/**
 * Brings the images to the nodes and starts the pod; resolves when its Prometheus answers.
 * @throws FiredrillError `environment` with what kubectl said
 */
export async function startInside(options: InsideOptions): Promise<Inside> {
  const { cluster, docker, ctr, images, parts, feed, everyMs, signal } = options;
  const kubectl = async (command: string, objects: readonly object[], own: AbortSignal): Promise<void> => {
    const input = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
    const done = await cluster.workstation(command, { timeoutMs: seconds(150), signal: own, input });
    own.throwIfAborted();
    if (done.exitCode !== 0)
      throw new FiredrillError('environment', `no monitoring inside the cluster: ${oneLine(done.stderr)}`);
  };
  const read = async (name: string): Promise<Files> => {
    const files = await folder(join(options.dir, name));
    return name === 'alertmanager' ? { ...files, 'alertmanager.yml': options.alertmanager } : files;
  };
  const { pipe } = realRunner;
  await bringImages(cluster, [...new Set(parts.map(({ image }) => images[image]))], { docker, ctr, pipe }, signal);
  const folders = parts.flatMap((part) => part.files?.folder ?? []);
  const files = Object.fromEntries(await Promise.all(folders.map(async (one) => [one, await read(one)] as const)));
  // Not `apply`, which would write all of it into an annotation as well: rules may be too long for one.
  await kubectl(
    `kubectl create -f - >&2 && kubectl -n ${namespace} rollout status deployment ${name} --timeout=120s >&2`,
    insideManifests(parts, images, files),
    signal,
  );

  /** Where it was seen last: an API that is down does not say. */
  let at: { readonly node: string; readonly address: string } | undefined;
  const find = async (own: AbortSignal): Promise<void> => {
    const pods = await cluster.api.pods({
      namespace,
      labelSelector: `app=${name}`,
      timeoutMs: seconds(2),
      signal: own,
    });
    const pod = pods.find(({ address, terminating, phase }) => address !== '' && !terminating && phase === 'Running');
    if (pod !== undefined) at = { node: pod.node, address: pod.address };
  };
  const ask = async (own: AbortSignal): Promise<void> => {
    if (at === undefined) throw new Error('its pod has no address');
    const answer = await cluster.look(at.node, askCommand(at.address), { timeoutMs: seconds(5), signal: own });
    if (answer.exitCode !== 0) throw new Error(`${at.node} does not reach its pod`);
    feed.active(parseActiveAlerts(bodyOf(answer.stdout)));
  };
  const once = async (own: AbortSignal): Promise<void> => {
    await find(own).catch(() => undefined);
    await ask(own);
  };
  for (let tries = 0; ; tries++) {
    try {
      await once(signal);
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (tries === 20)
        throw new FiredrillError('environment', `the monitoring inside the cluster does not answer: ${oneLine(error)}`);
      await sleep(seconds(1), signal);
    }
  }

  return {
    update: async (own) => {
      await kubectl('kubectl replace -f - >&2', [secretOf('prometheus', await read('prometheus'))], own);
    },
    watch: async (own) => {
      const stopped = (): boolean => own.aborted;
      let failures = 0;
      while (!stopped()) {
        try {
          await once(own);
          failures = 0;
        } catch (error) {
          if (!stopped() && ++failures >= failuresUntilSilent) feed.blind(`nobody reaches it: ${oneLine(error)}`);
        }
        await sleep(everyMs, own).catch(() => undefined);
      }
    },
  };
}

/** Takes it away, or what of it was made. Never rejects: with an API that is down it goes with its cluster. */
export async function removeInside(cluster: Pick<Cluster, 'workstation'>, signal: AbortSignal): Promise<void> {
  await cluster
    .workstation(`kubectl delete namespace ${namespace} --ignore-not-found --wait=false --request-timeout=8s`, {
      timeoutMs: seconds(10),
      signal,
    })
    .catch(() => undefined);
}

/** All files below a folder, in the order of their paths. */
async function folder(dir: string): Promise<Files> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = paths.sort().map(async (path) => [relative(dir, path), await readFile(path, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FiredrillError } from '../../model/errors.ts';
import type { Platform } from '../platform.ts';
import { platformOf } from '../platforms.ts';
import { hostPort, nodePorts, type Ports } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';

/** Raised for a snapshot that must not be used again: damaged, or what was restored from it never became healthy. */
export class SnapshotUnusable extends FiredrillError {
  constructor(message: string, cause?: unknown) {
    super('environment', message, {
      hint: 'it is made anew by the next run',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const schema = z.object({
  schemaVersion: z.literal(1),
  /** Of everything that went into it; see `snapshotKey`. */
  key: z.string(),
  /** The cluster that it was taken of, and whose name and addresses a restored one has (they stand in its certificates). */
  cluster: z.string(),
  subnet: z.string(),
  kubeconfig: z.string(),
  epochMs: z.number(),
  /** How many pods it has, by namespace: as many as that come back. */
  pods: z.record(z.string(), z.number()),
  /** What it takes on disk beside its base, in bytes. */
  bytes: z.number(),
  /** The image layers inside the nodes, common to all snapshots of one node image. */
  base: z.object({ id: z.string(), sha256: z.string(), bytes: z.number() }),
  nodes: z.array(
    z.object({
      name: z.string(),
      /** The node container's own files, committed; /etc among them. */
      image: z.string(),
      /** SHA-256 of the archive of its /var. */
      sha256: z.string(),
      /** What kind gave to `docker run`. */
      asked: z.array(z.string()),
    }),
  ),
});

/** A healthy cluster with its workload and data, as it lies on disk. Its description is a label of its first node's image. */
export type Snapshot = z.infer<typeof schema>;

/** As a label's value: one word, whatever is in it. */
export const encodeSnapshot = (snapshot: Snapshot): string => Buffer.from(JSON.stringify(snapshot)).toString('base64');

/** Undefined for what is no snapshot that this version can use. */
export function decodeSnapshot(label: string): Snapshot | undefined {
  try {
    return schema.parse(JSON.parse(Buffer.from(label, 'base64').toString('utf8')));
  } catch {
    return undefined;
  }
}

/** Raised when the form of snapshots changes, so that older ones are not used. How a node is brought to rest is part of the key by itself. */
const generation = 3;

/**
 * What a snapshot depends on, as 12 hexadecimal digits: node image, number of workers, timers, how a node is brought to rest, what is built beyond the workload, and every file
 * of the workload and of what is deployed beside it, byte by byte. One that was made from anything else has another key and is never found.
 */
export async function snapshotKey(
  spec: Pick<ClusterSpec, 'distribution' | 'workers' | 'profile' | 'workloadDir' | 'openFence' | 'build'>,
  given: {
    readonly imageId: string;
    readonly kindVersion: string;
    readonly sharedManifests: string;
  },
): Promise<string> {
  const hash = createHash('sha256');
  const add = (name: string, value: string | Buffer): void => {
    hash.update(`${name}\0${value.length}\0`).update(value);
  };
  add('generation', String(generation));
  const platform = platformOf(spec);
  add('rest', platform.rest.scripts);
  add('image', given.imageId);
  add('kind', given.kindVersion);
  add('workers', String(spec.workers));
  add('fence', String(spec.openFence === true));
  add('ports', JSON.stringify(nodePorts));
  add(platform.distribution.name, platform.configuredBy(spec.profile));
  add('build', spec.build?.key ?? '');
  add('pods', `${spec.profile.podProbeMs} ${spec.profile.readinessMs}`);
  for (const dir of [given.sharedManifests, spec.workloadDir]) {
    // A workload may share files with another one: they are links.
    const names = (await readdir(dir, { withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((e) => e.name);
    for (const name of names.sort()) add(name, await readFile(join(dir, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** What stands where: kind's arguments of `docker run`, changed to start the node from a snapshot. */
export interface RestoredNode {
  /** Folder on Docker's host that becomes /var. */
  readonly varDir: string;
  readonly image: string;
  readonly ports: Ports;
  readonly restart: Platform['restart'];
}

const publish = /^--publish=127\.0\.0\.1:\d+:(\d+)(\/\w+)$/;

/**
 * kind's own arguments with another image, the /var of the snapshot instead of a new volume, free ports, and what Docker does when the node has ended.
 * @throws FiredrillError `internal` when kind asks in words that this does not know
 */
export function restoreArgs(asked: readonly string[], node: RestoredNode): readonly string[] {
  const args = asked.slice(0, -1);
  const at = args.findIndex((argument, i) => argument === '/var' && args[i - 1] === '--volume');
  if (at < 0) throw new FiredrillError('internal', 'kind asks for no volume at /var: this version of it is not known');
  args[at] = `${node.varDir}:/var`;
  return [
    ...args.map((argument) => {
      if (argument.startsWith('--restart=')) return `--restart=${node.restart}`;
      const [, port, protocol = ''] = publish.exec(argument) ?? [];
      if (port === undefined) return argument;
      return `--publish=127.0.0.1:${hostPort(node.ports, Number(port))}:${port}${protocol}`;
    }),
    node.image,
  ];
}

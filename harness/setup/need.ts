import type { Inotify } from '../host/inotify.ts';
import { FiredrillError } from '../model/errors.ts';
import { gibibytes } from '../model/units.ts';

/** What a run is going to take of the machine. */
export interface Need {
  /** What takes it: the scenario's id. */
  readonly what: string;
  /** How many clusters there are at once. */
  readonly clusters: number;
  /** Nodes of each. */
  readonly nodes: number;
  /** Bytes of memory for each. */
  readonly memoryBytes: number;
}

/**
 * What a cluster with its workload, probes and load takes at most, and firedrill beside it, in bytes. Measured at rest
 * (bench/results/cluster-size.json): 0.1 GiB for each further node, 0.018 for each further pod. The rest is for the trial that took the most
 * (bench/results/trial-needs.json): `oom-database`, which fills a node, 2.0 GiB; `cni-wipe` takes 1.6 and `simultaneous-reboot` 1.7.
 */
export function clusterMemory(workers: number, pods: number): number {
  return (1.35 + 0.1 * (workers + 1) + 0.018 * pods) * 2 ** 30;
}

/**
 * What Prometheus, Alertmanager and the exporters take beside a cluster of three nodes, in bytes: their containers 208 MiB at most in trials of `cni-wipe`
 * with the rules that come with firedrill (Prometheus 144), the exporters on the nodes up to 60 MiB each.
 */
export const monitoringMemory = 0.4 * 2 ** 30;

/**
 * Bytes that must be free where Docker keeps its data: 3.5 GB for images and the first snapshot, and 0.85 GB for each node's disk (measured on
 * clusters by kind: 717 to 799 MiB; restored ones share most of it).
 */
export const diskForRun = ({ clusters, nodes }: Pick<Need, 'clusters' | 'nodes'>): number =>
  3.5e9 + clusters * nodes * 0.85e9;

/** What a run takes of which nothing is known yet: one cluster of the usual size. */
export const usual = { clusters: 1, nodes: 3 };

/** Bytes that the cache needs where nothing is built: kind, kubectl, packages. */
export const cacheForRun = 0.5e9;

/** How many clusters there is memory for. */
export const roomFor = (memoryBytes: number, availableBytes: number): number =>
  Math.floor(availableBytes / memoryBytes);

/**
 * inotify instances that a cluster takes of root's while it starts: three nodes had 70 at most, and 55 at rest (counted in /proc; each kubelet has 7 of them).
 * With too few, pods stay Pending and a start fails after three minutes without a word of why (docs/findings.md).
 */
const inotifyFor = (nodes: number): number => 16 + 18 * nodes;

/** How many clusters of so many nodes there are inotify instances for. */
export const inotifyRoomFor = (nodes: number, { limit, used }: Inotify): number =>
  Math.max(0, Math.floor((limit - used) / inotifyFor(nodes)));

/** What gives a machine inotify instances for several clusters; kind's documentation names the same number. */
export const moreInotify = 'sudo sysctl fs.inotify.max_user_instances=512';

/** Who needs something, in a sentence. */
export const asking = ({ what, clusters }: Pick<Need, 'what' | 'clusters'>): string =>
  clusters > 1 ? `${clusters} clusters of ${what} at once need` : `${what} needs`;

/**
 * Checks that there is memory for all clusters: on a machine without swap, one too many is an outage of the harness.
 * @param availableBytes what the kernel says can be had without swapping
 * @throws FiredrillError `environment` with what is needed, what there is, and what to do instead
 */
export function requireMemory({ what, clusters, memoryBytes }: Need, availableBytes: number): void {
  const room = roomFor(memoryBytes, availableBytes);
  if (room >= clusters) return;
  throw new FiredrillError(
    'environment',
    `${asking({ what, clusters })} ${gibibytes(clusters * memoryBytes)} of memory, but only ${gibibytes(availableBytes)} are available`,
    {
      hint:
        room > 0
          ? `--parallel ${room}`
          : 'stop other programs (`npm run firedrill -- clean` removes what a killed run left), or rehearse a smaller outage: `npm run firedrill -- list` shows what each needs',
    },
  );
}

/**
 * Checks that there are inotify instances for all clusters.
 * @throws FiredrillError `environment` with what is needed, what there is, and the command that gives more
 */
export function requireInotify({ what, clusters, nodes }: Need, instances: Inotify): void {
  if (inotifyRoomFor(nodes, instances) >= clusters) return;
  const { limit, used } = instances;
  throw new FiredrillError(
    'environment',
    `${asking({ what, clusters })} ${clusters * inotifyFor(nodes)} inotify instances, but only ${limit - used} of ${limit} are free: its pods would not start`,
    { hint: moreInotify },
  );
}

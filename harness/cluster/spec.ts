import { FiredrillError } from '../model/errors.ts';
import type { Cluster } from '../model/cluster.ts';
import type { DistributionName } from '../model/distribution.ts';
import type { Profile } from '../model/profile.ts';
import { clusterPrefix } from './docker.ts';

/** What is done to a new cluster before anybody has it, and before a snapshot is taken of it. */
export interface Build {
  /** Whatever its outcome depends on: part of a snapshot's key. */
  readonly key: string;
  /** @throws FiredrillError `environment` with the step that failed, and what it said */
  run(cluster: Cluster, signal: AbortSignal): Promise<void>;
}

/** What a cluster is made from. */
export interface ClusterSpec {
  /** Begins with `firedrill-`; lower-case letters, digits and dashes; at most 40 characters, for node names come from it. */
  readonly name: string;
  readonly runId: string;
  /** A node image that this Docker has, with everything that the cluster runs in it: nothing is pulled from inside. */
  readonly nodeImage: string;
  /** What the nodes run; default: kubeadm's Kubernetes, made by kind. */
  readonly distribution?: DistributionName;
  /** At least 1. */
  readonly workers: number;
  /** Folder with the workload's YAML (`manifests/<name>`). */
  readonly workloadDir: string;
  readonly profile: Profile;
  readonly kindBinary: string;
  readonly kubectlBinary: string;
  /** A folder of this trial alone; gets the kubeconfig, the workstation and its back-up folder. Not removed by `delete`. */
  readonly workDir: string;
  /** Beyond the workload; none for most. */
  readonly build?: Build;
  /** Lets the cluster reach the outside. Never by default. */
  readonly openFence?: boolean;
  /** Where unpacked packages are kept over runs; default ~/.cache/firedrill. */
  readonly cacheDir?: string;
  /** Facts for the trial's record besides those that the cluster knows itself. */
  readonly facts?: Readonly<Record<string, string>>;
  /** What is being done, for people. */
  readonly onProgress?: (what: string) => void;
}

/**
 * Says what is wrong with a spec before anything is started.
 * @throws FiredrillError `usage` for what a scenario can set, `internal` for a name, which is ours
 */
export function checkSpec(spec: ClusterSpec): void {
  const name = JSON.stringify(spec.name);
  if (!spec.name.startsWith(clusterPrefix) || !/^[a-z0-9][a-z0-9-]{0,39}$/.test(spec.name)) {
    throw new FiredrillError(
      'internal',
      `a cluster cannot be named ${name}: 'firedrill-' and at most 30 of a-z, 0-9, -`,
    );
  }
  if (!Number.isInteger(spec.workers) || spec.workers < 1 || spec.workers > 9) {
    throw new FiredrillError('usage', `a cluster needs 1 to 9 workers, not ${spec.workers}`, {
      hint: 'set cluster.workers in the scenario',
    });
  }
}

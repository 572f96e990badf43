import type { Cluster } from '../model/cluster.ts';
import { distributionLabel } from '../model/distribution.ts';
import { millis } from '../model/units.ts';
import { linesOf, type Docker } from './docker.ts';
import type { Platform } from './platform.ts';
import { timerFacts } from './timers.ts';
import type { RunProcess } from './process.ts';
import type { ClusterSpec } from './spec.ts';

/** On the control plane: kernel, CPUs and cgroup version, a line each. */
const lookAround = 'uname -r; nproc; [ -f /sys/fs/cgroup/cgroup.controllers ] && echo v2 || echo v1';

/** Versions, images and timers of a cluster: what decides whether two trials may be compared. */
export async function clusterFacts(
  cluster: Pick<Cluster, 'nodes' | 'exec'>,
  given: {
    readonly spec: Pick<ClusterSpec, 'nodeImage' | 'kindBinary' | 'profile'>;
    readonly docker: Docker;
    readonly run: RunProcess;
    readonly platform: Pick<Platform, 'distribution' | 'versions' | 'madeBy'>;
  },
): Promise<Readonly<Record<string, string>>> {
  const { spec, docker, run, platform } = given;
  const [dockerVersion, image, kind, node] = await Promise.all([
    docker(['version', '-f', '{{.Server.Version}}']),
    docker(['image', 'inspect', '-f', '{{.Id}}', spec.nodeImage]),
    run(spec.kindBinary, ['version', '-q'], { timeoutMs: 10_000 }),
    cluster.exec(cluster.nodes[0]?.name ?? '', `${lookAround}; ${platform.versions}`, { timeoutMs: millis(10_000) }),
  ]);
  const [kernel = '', cpus = '', cgroup = '', kubernetes = '', containerd = ''] = linesOf(node.stdout);
  return {
    provider: platform.madeBy.toLowerCase(),
    distribution: distributionLabel(platform.distribution, kubernetes),
    ...(platform.madeBy === 'kind' ? { 'version.kind': kind.stdout.trim() } : {}),
    'version.docker': dockerVersion,
    'version.kubernetes': kubernetes,
    'version.containerd': containerd,
    'image.node': spec.nodeImage,
    'image.node-id': image,
    kernel,
    cpus,
    cgroup,
    profile: spec.profile.name,
    ...timerFacts(spec.profile),
  };
}

import type { Cluster } from '../model/cluster.ts';
import { millis } from '../model/units.ts';
import { linesOf, type Docker } from './docker.ts';
import { timerFacts } from './timers.ts';
import type { RunProcess } from './process.ts';
import type { ClusterSpec } from './spec.ts';

/** On the control plane: kernel, CPUs, Kubernetes' version, cgroup version, containerd's version, a line each. kind's version file may or may not end in a newline. */
const lookAround =
  'uname -r; nproc; echo "$(cat /kind/version)"; [ -f /sys/fs/cgroup/cgroup.controllers ] && echo v2 || echo v1; containerd --version | cut -d" " -f3';

/** Versions, images and timers of a cluster of kind's: what decides whether two trials may be compared. */
export async function kindFacts(
  cluster: Pick<Cluster, 'nodes' | 'exec'>,
  given: {
    readonly spec: Pick<ClusterSpec, 'nodeImage' | 'kindBinary' | 'profile'>;
    readonly docker: Docker;
    readonly run: RunProcess;
  },
): Promise<Readonly<Record<string, string>>> {
  const { spec, docker, run } = given;
  const [dockerVersion, image, kind, node] = await Promise.all([
    docker(['version', '-f', '{{.Server.Version}}']),
    docker(['image', 'inspect', '-f', '{{.Id}}', spec.nodeImage]),
    run(spec.kindBinary, ['version', '-q'], { timeoutMs: 10_000 }),
    cluster.exec(cluster.nodes[0]?.name ?? '', lookAround, { timeoutMs: millis(10_000) }),
  ]);
  const [kernel = '', cpus = '', kubernetes = '', cgroup = '', containerd = ''] = linesOf(node.stdout);
  return {
    provider: 'kind',
    'version.kind': kind.stdout.trim(),
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

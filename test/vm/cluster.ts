import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { nodesAt } from '../../harness/cluster/addresses.ts';
import { kubeApi } from '../../harness/cluster/api.ts';
import type { Docker } from '../../harness/cluster/docker.ts';
import { nodeNames } from '../../harness/cluster/layout.ts';
import { kindCreate } from '../../harness/cluster/kubeadm/create.ts';
import { looksBy } from '../../harness/cluster/looks.ts';
import { projectManifests, writeManifests } from '../../harness/cluster/manifests.ts';
import { createNetwork, type ClusterNetwork } from '../../harness/cluster/network.ts';
import { attachToNode, execInNode } from '../../harness/cluster/nodes.ts';
import { apiServerPort, clusterPorts, hostPort } from '../../harness/cluster/ports.ts';
import { systemdBoot } from '../../harness/cluster/boot.ts';
import { powerOf } from '../../harness/cluster/power.ts';
import type { RunProcess } from '../../harness/cluster/process.ts';
import type { ClusterSpec } from '../../harness/cluster/spec.ts';
import { createWorkstation } from '../../harness/cluster/workstation.ts';
import type { Cluster } from '../../harness/model/cluster.ts';
import { FiredrillError, oneLine } from '../../harness/model/errors.ts';
import { patientLook } from './slow.ts';

/**
 * kind gives a node 30 s to boot, counted from when `docker run` has ended (kind, pkg/cluster/internal/providers/docker/provision.go). This
 * `docker`, whose place kind looks up, ends a `run` when the node is up.
 */
const waitingDocker = (real: string): string => `#!/bin/sh
[ "$1" = run ] || exec ${real} "$@"
name=
previous=
for argument; do
  if [ "$previous" = --name ]; then name=$argument; fi
  previous=$argument
done
${real} "$@" || exit
until ${real} logs "$name" 2>&1 | grep -q 'Reached target .*Multi-User System'; do sleep 1; done
`;

/**
 * kubeadm waits four minutes for its control plane, and whoever leads by a lease gives up when it cannot be renewed within ten seconds: both are too short
 * here. Alone, nobody has to be elected.
 */
const alone = { extraArgs: { 'leader-elect': 'false' } };
const patience = stringify({
  apiVersion: 'kubeadm.k8s.io/v1beta3',
  kind: 'ClusterConfiguration',
  apiServer: { timeoutForControlPlane: '30m0s' },
  controllerManager: alone,
  scheduler: alone,
});

/** Lets kind make a node that boots slowly. */
async function kindCreateSlowly(...[spec, given, signal]: Parameters<typeof kindCreate>): Promise<void> {
  const { run } = given;
  const path = process.env['PATH'] ?? '';
  const real = (await run('sh', ['-c', 'command -v docker'], { timeoutMs: 5000 })).stdout.trim();
  const folder = join(spec.workDir, 'slow-path');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'docker'), waitingDocker(real), { mode: 0o755 });
  const slow: typeof run = async (file, args, options) => {
    const config = args[args.indexOf('--config') + 1];
    if (file === spec.kindBinary && config !== undefined) {
      const asked = parse(await readFile(config, 'utf8')) as { readonly kubeadmConfigPatches: readonly string[] };
      const patches = [...asked.kubeadmConfigPatches, patience];
      await writeFile(config, stringify({ ...asked, kubeadmConfigPatches: patches }));
    }
    return await run(file, args, options);
  };
  process.env['PATH'] = `${folder}:${path}`;
  try {
    await kindCreate(spec, { ...given, run: slow }, signal);
  } catch (error) {
    const log = await readFile(join(spec.workDir, 'kind.log'), 'utf8').catch(() => '');
    throw new FiredrillError('environment', `${oneLine(error)}\n${log.trimEnd().split('\n').slice(-40).join('\n')}`);
  } finally {
    process.env['PATH'] = path;
  }
}

/** A cluster of one node in a machine. Whatever a scenario says of its control plane and its workers is done on that node. */
export interface OneNode extends Cluster {
  readonly net: ClusterNetwork;
  /** The node's name. */
  readonly node: string;
}

/**
 * Makes a node by kind, through the harness' own `docker run`, and what the harness knows a cluster by. The workload is the network, CoreDNS
 * and the database.
 *
 * @param forward makes a port of the machine's loopback reachable here
 * @throws FiredrillError `environment` with what kind or kubeadm said
 */
export async function oneNode(
  spec: ClusterSpec,
  given: { readonly docker: Docker; readonly run: RunProcess; readonly forward: (port: number) => Promise<void> },
  signal: AbortSignal,
): Promise<OneNode> {
  const { docker, run } = given;
  const [name = ''] = nodeNames(spec.name, 0);
  const net = await createNetwork(
    docker,
    { cluster: spec.name, runId: spec.runId, helperImage: spec.nodeImage },
    signal,
  );
  const kubeconfig = join(spec.workDir, 'kubeconfig');
  const ports = await clusterPorts();
  const exec: Cluster['exec'] = (node, command, options) => execInNode(node, command, options, run);
  await kindCreateSlowly(spec, { names: [name], net, ports, kubeconfig, docker, run, exec }, signal);
  await docker(['update', '--restart=no', name], { signal });
  await given.forward(hostPort(ports, apiServerPort));

  const nodes = await nodesAt(docker, net, [name], signal);
  const { dir: manifests } = await writeManifests({
    shared: projectManifests,
    workloadDir: fileURLToPath(new URL('../../manifests/resurrection', import.meta.url)),
    workDir: spec.workDir,
    nodes: [name],
    profile: spec.profile,
  });
  const workstation = await createWorkstation(
    {
      workDir: spec.workDir,
      manifests,
      packages: '',
      // It is every worker, too.
      nodes: [{ name, role: 'control-plane' }, ...[1, 2].map(() => ({ name, role: 'worker' }) as const)],
      tools: { kubectl: spec.kubectlBinary, kind: spec.kindBinary },
    },
    run,
  );
  const base = {
    name: spec.name,
    network: net.name,
    nodes,
    exec: (node: string, command: string, options: Parameters<Cluster['exec']>[2] = {}) =>
      execInNode(node, command, options, run),
  };
  return {
    ...base,
    ...powerOf(docker, base, systemdBoot),
    net,
    node: name,
    kubeconfig,
    api: kubeApi(kubeconfig),
    select: () => nodes,
    look: patientLook(looksBy(attachToNode)),
    attach: attachToNode,
    workstationEnv: workstation.env,
    workstation: (command, options) => workstation.run(command, options),
    endpoint: () => {
      throw new FiredrillError('internal', 'nothing is published out of the machine but the API');
    },
    environment: () => Promise.resolve({}),
  };
}

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { installScript, k3s } from '../../distributions/k3s.ts';
import type { Profile } from '../../model/profile.ts';
import { millis } from '../../model/units.ts';
import { awaitBoot, bootWithinMs, systemdBoot } from '../boot.ts';
import { endpointPorts } from '../layout.ts';
import { askForNode, nodeRunArgs, type NodesToMake } from '../platform.ts';
import { mustOnNode } from '../must.ts';
import { apiServerPort, hostPort, kubeconfigAt, type Ports } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';
import { controllerTimers, kubeletTimers } from '../timers.ts';
import { together } from '../together.ts';

/** A server makes its certificates and its datastore first. */
const serverWithin = millis(180_000);

const configuration = `${k3s.paths.configuration}/config.yaml`;
const { adminKubeconfig, kubeletConfiguration } = k3s.paths;
/** Where what a node was asked for with is kept, in the work folder. */
const askedDir = (workDir: string): string => join(workDir, 'asked');

/** Keeps what a node was asked for with, for `askedFor`. */
export async function keepAsked(workDir: string, node: string, asked: readonly string[]): Promise<void> {
  await mkdir(askedDir(workDir), { recursive: true });
  await writeFile(join(askedDir(workDir), node), JSON.stringify(asked));
}
const installer = '/usr/local/lib/k3s/install.sh';

/**
 * What a server is told beside its token and address, by the names of k3s' flags. Pods' addresses are kubeadm's, and no workload's pod runs on the server:
 * what differs between two distributions in a comparison is the distribution.
 */
export const serverSettings = (profile: Profile) => ({
  'cluster-cidr': '10.244.0.0/16',
  'tls-san': ['127.0.0.1'],
  disable: ['traefik', 'servicelb', 'metrics-server', 'local-storage'],
  'node-taint': ['node-role.kubernetes.io/control-plane=:NoSchedule'],
  'kube-controller-manager-arg': Object.entries(controllerTimers(profile)).map(([name, value]) => `${name}=${value}`),
});

/**
 * k3s' configuration file of a server (no `server`), or of an agent that joins one (docs.k3s.io, "Configuration Options").
 */
export function k3sConfig(
  profile: Profile,
  node: { readonly address: string; readonly token: string; readonly server?: string },
): string {
  const common = { token: node.token, 'node-ip': node.address };
  if (node.server !== undefined) return stringify({ ...common, server: node.server });
  return stringify({ ...common, ...serverSettings(profile) });
}

/** The kubelet's timers of a profile, as a file that is read after k3s' own, by name (docs.k3s.io, "Kubelet Configuration Files"). */
export const kubeletDropIn = (profile: Profile): string =>
  stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...kubeletTimers(profile),
  });

/** The arguments after `docker run` with which a node is asked for, as kind asks for its own: without what `nodeRunArgs` adds, and its address. */
export function k3sNodeArgs(
  spec: Pick<ClusterSpec, 'nodeImage' | 'workers'>,
  node: { readonly name: string; readonly index: number; readonly network: string; readonly ports: Ports },
): readonly string[] {
  const published = [...(node.index === 0 ? [apiServerPort] : []), ...endpointPorts(node.index, spec.workers)];
  return [
    ...['--detach', '--tty', '--name', node.name, '--hostname', node.name, '--network', node.network],
    ...['--privileged', '--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
    ...['--tmpfs', '/tmp', '--tmpfs', '/run', '--volume', '/var', '--volume', '/lib/modules:/lib/modules:ro'],
    ...['--restart=no', '--init=false', '--cgroupns=private'],
    ...published.map((port) => `--publish=127.0.0.1:${hostPort(node.ports, port)}:${port}/TCP`),
    spec.nodeImage,
  ];
}

/** `Platform.asked` */
export const askedFor = async (workDir: string, node: string): Promise<readonly string[]> =>
  JSON.parse(await readFile(join(askedDir(workDir), node), 'utf8')) as readonly string[];

/** What the administrator types on a node, once and whenever k3s is to be installed again. */
const installation = (role: 'server' | 'agent', config: string, profile: Profile): string =>
  [
    `mkdir -p ${dirname(configuration)} ${dirname(kubeletConfiguration)}`,
    `(umask 077 && cat > ${configuration}) <<'END'\n${config}END`,
    `cat > ${kubeletConfiguration} <<'END'\n${kubeletDropIn(profile)}END`,
    `${installer} ${role}`,
  ].join('\n');

/**
 * Starts nodes and installs k3s on them as its installer does: a server on the first, agents that join it on the others.
 * @throws FiredrillError `environment` with the node and its own words; what was made is left to the caller to remove
 */
export async function k3sCreate(spec: ClusterSpec, given: NodesToMake, signal: AbortSignal): Promise<void> {
  const { names, net, ports, docker } = given;
  const token = randomBytes(16).toString('hex');
  const boot = async (name: string, index: number): Promise<void> => {
    const startedEpochMs = Date.now();
    const asked = k3sNodeArgs(spec, { name, index, network: net.name, ports });
    await keepAsked(spec.workDir, name, asked);
    await askForNode(docker, ['run', '--ip', net.nodeAddress(index), ...nodeRunArgs(spec), ...asked], signal);
    await awaitBoot({ docker, cluster: given, boot: systemdBoot }, name, startedEpochMs, {
      signal,
      timeoutMs: bootWithinMs,
    });
  };
  const install = async (name: string, role: 'server' | 'agent', config: string): Promise<void> => {
    const script = installation(role, config, spec.profile);
    const keep = `(umask 077 && cat > ${installScript}) <<'SCRIPT'\n${script}\nSCRIPT\nsh -e ${installScript}`;
    await mustOnNode(given, name, keep, signal, serverWithin);
  };
  const [server = '', ...agents] = names;
  const address = net.nodeAddress(0);
  const booted = names.map(boot);
  const up = async (): Promise<void> => {
    await booted[0];
    await install(server, 'server', k3sConfig(spec.profile, { address, token }));
    const text = await mustOnNode(given, server, `cat ${adminKubeconfig}`, signal);
    await writeFile(given.kubeconfig, kubeconfigAt(text, ports), { mode: 0o600 });
    await together(
      agents.map(async (name, i) => {
        await booted[i + 1];
        const agent = { address: net.nodeAddress(i + 1), token, server: `https://${address}:${apiServerPort}` };
        await install(name, 'agent', k3sConfig(spec.profile, agent));
      }),
    );
  };
  await together([...booted, up()]);
}

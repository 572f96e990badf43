import { FiredrillError } from '../model/errors.ts';
import { linesOf, type Docker } from './docker.ts';
import { shellScript } from './shell.ts';

/**
 * The fence: nothing that starts inside a cluster's network reaches anything outside it. Several outages take kube-proxy's
 * rules away; packets for a service address then follow the default route out of the node, to whatever answers on the
 * network that the machine is in. Docker's own masquerading would carry them.
 *
 * On the host, for packets that enter by the cluster's bridge:
 * - DOCKER-USER: those that leave by another interface are dropped (the world, other containers);
 * - INPUT: those to the machine itself are dropped unless they answer (ports published on loopback are answered);
 * - the same for IPv6, which the network does not have but the kernel's link-local addresses do.
 *
 * They are set by a short-lived container in the host's network namespace, so a user of the docker group can do it without
 * being root, and also where Docker runs in a virtual machine.
 */
export interface Fence {
  /** Puts it up; again is harmless. To be called before the first node starts. */
  install(cluster: string, bridge: string, signal: AbortSignal): Promise<void>;
  /** Takes away every rule that carries the cluster's name. */
  remove(cluster: string, signal?: AbortSignal): Promise<void>;
  /** Whether every rule is in place now. */
  stands(cluster: string, bridge: string, signal?: AbortSignal): Promise<boolean>;
  /** Names of all clusters that have a rule on this machine. */
  list(signal?: AbortSignal): Promise<readonly string[]>;
}

const commentOf = (cluster: string): string => `firedrill:${cluster}`;

/** One rule: the program's family, the chain, and what matches and happens. */
export interface FenceRule {
  readonly family: 'v4' | 'v6';
  readonly chain: string;
  readonly rule: string;
}

/** The rules of one cluster. Cluster and bridge names are lower-case letters, digits and dashes: nothing to quote. */
export function fenceRules(cluster: string, bridge: string): readonly FenceRule[] {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(cluster) || !/^[a-z0-9-]{1,15}$/.test(bridge)) {
    throw new FiredrillError('internal', `no fence for a cluster named ${JSON.stringify(cluster)} (${bridge})`);
  }
  const comment = `-m comment --comment ${commentOf(cluster)}`;
  return [
    { family: 'v4', chain: 'DOCKER-USER', rule: `-i ${bridge} ! -o ${bridge} ${comment} -j DROP` },
    {
      family: 'v4',
      chain: 'INPUT',
      rule: `-i ${bridge} -m conntrack ! --ctstate RELATED,ESTABLISHED ${comment} -j DROP`,
    },
    { family: 'v6', chain: 'FORWARD', rule: `-i ${bridge} ! -o ${bridge} ${comment} -j DROP` },
    { family: 'v6', chain: 'INPUT', rule: `-i ${bridge} ${comment} -j DROP` },
  ];
}

/** The shell scripts that the helper container runs. Pure; exported for tests. */
export const fenceScripts = {
  install: (cluster: string, bridge: string): string =>
    [
      shellScript('fence.sh'),
      ...fenceRules(cluster, bridge).map(
        ({ family, chain, rule }) => `${family} -C ${chain} ${rule} 2>/dev/null || ${family} -I ${chain} 1 ${rule}`,
      ),
    ].join('\n'),
  stands: (cluster: string, bridge: string): string =>
    [
      shellScript('fence.sh'),
      ...fenceRules(cluster, bridge).map(
        ({ family, chain, rule }) => `${family} -C ${chain} ${rule} 2>/dev/null || { echo no; exit 0; }`,
      ),
      'echo yes',
    ].join('\n'),
  remove: (cluster: string): string =>
    [
      shellScript('fence.sh'),
      'for family in v4 v6; do',
      `  $family -S | tr -d '"' | grep -E -- '--comment ${commentOf(cluster).replaceAll('.', '\\.')}( |$)' | sed 's/^-A/-D/' |`,
      '    while read -r rule; do $family $rule; done',
      'done',
    ].join('\n'),
  list: (): string =>
    [
      shellScript('fence.sh'),
      'for family in v4 v6; do',
      "  $family -S | tr -d '\"' | sed -n 's/.*--comment firedrill:\\([a-z0-9.-]*\\).*/\\1/p'",
      'done | sort -u',
    ].join('\n'),
};

/** The fence of this machine's Docker, by a helper container of `image` (any image with sh and iptables: the node image). */
export function dockerFence(docker: Docker, image: string): Fence {
  const run = async (script: string, signal?: AbortSignal): Promise<string> => {
    try {
      return await docker(
        ['run', '--rm', '-i', '--privileged', '--network=host', '--entrypoint', 'sh', image, '-s'],
        signal ? { input: script, signal } : { input: script },
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw new FiredrillError('environment', `cannot set or read the host's firewall: ${(error as Error).message}`, {
        hint: 'npm run firedrill -- doctor; --open-fence runs without it, at your own risk',
        cause: error,
      });
    }
  };
  return {
    install: async (cluster, bridge, signal) => {
      await run(fenceScripts.install(cluster, bridge), signal);
    },
    remove: async (cluster, signal) => {
      fenceRules(cluster, 'check'); // refuses names that a shell would take for something else
      await run(fenceScripts.remove(cluster), signal);
    },
    stands: async (cluster, bridge, signal) => (await run(fenceScripts.stands(cluster, bridge), signal)) === 'yes',
    list: async (signal) => linesOf(await run(fenceScripts.list(), signal)),
  };
}

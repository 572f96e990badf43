import type { NodeInfo } from '../../model/cluster.ts';
import { kubeadm } from '../../distributions/kubeadm.ts';
import { mustOnNode, mustOnWorkstation } from '../must.ts';
import type { Rest } from '../platform.ts';
import { shellScript } from '../shell.ts';

/**
 * How a running cluster of kubeadm's is brought to rest so that what lies on its disks then is a healthy cluster that starts at once, and
 * not one after a power cut:
 *
 * - leases of the leader elections are deleted, or the new controller manager would wait 15 s for its dead predecessor;
 * - the database and etcd end by themselves;
 * - containers, sandboxes and the addresses they held are removed: the kubelet makes new ones with a restart count of 0
 *   (it takes the count of containers that it finds, and of log files that it finds);
 * - the rules by which a node reaches the API's service address are kept: CoreDNS starts before kube-proxy has written them, and a
 *   first packet that finds none takes its whole connection astray for half a minute; so are flannel's, which give such a packet its
 *   node's address: without them it leaves with the pod's, and the kernel keeps to that for the whole connection;
 * - workers' kubelets are held back at the next start until the API server knows which pods are on them: before that it lets them read nothing
 *   that those need, and a pod whose volume claim cannot be read is tried again only after 10 s; a reflector that finds nobody waits up to 30 s;
 * - so are the API server and who leads by it until etcd is being started: an API server that finds nobody there waits a second.
 */

const { kubelet, kubeletConfiguration, manifests } = kubeadm.paths;

/** Where things of a node lie, and where they wait for its next start: in the same file system, so that the kubelet never sees half of one. */
const places = {
  /** Everything by which a pod reaches the service default/kubernetes through the firewall, as iptables-restore reads it. */
  rules: `${kubelet}/service-rules`,
  config: kubeletConfiguration,
  held_config: `${kubeletConfiguration}.held`,
  /** The control plane's own pods. */
  manifests,
  held_manifests: `${manifests}.held`,
} as const;

/** On every node first: nobody brings back what ends from now on. */
export const stopKubelet = `systemctl stop ${kubeadm.units('kubelet')}`;

/** On the control plane: those that hold leases end, the API stays. */
export const stopLeaders = shellScript('stop-leaders.sh');

/** On the workstation, when their holders are gone. */
export const deleteLeases = `kubectl -n kube-system delete lease ${kubeadm.processes('controllers', 'scheduler')} --ignore-not-found --timeout=10s`;

/** The shell function `kept_rules`: of the rules of a node, as iptables-save prints them, those that are kept. */
export const keptRules = shellScript('kept-rules.sh');

/** On every node, the control plane last. */
export const emptyNode = (role: 'control-plane' | 'worker'): string =>
  keptRules +
  shellScript('take-containers.sh', { ctr: kubeadm.commands.ctr }) +
  shellScript('empty-node.sh', { role, ...places });

/** How long a node that was started waits for another one at most, in seconds, before it goes on all the same. */
const patience = 50;

/**
 * On the control plane as soon as it is on: lets its pods go once the container of etcd is being made, so that etcd listens a moment
 * before the API server asks for it (one that finds nobody there asks again only after a second).
 */
export const releaseControlPlane = shellScript('release-control-plane.sh', { patience, ...places });

/** The shell function `until_known`: waits until the API server knows which pods are on this node. */
export const untilKnown = shellScript('until-known.sh', { patience });

/** How long the slices are held, seconds: until the kubelet's first pods are in them, and no longer. */
const heldSeconds = 20;

/** On every worker as soon as it is on: puts the rules back, and lets the kubelet go once the API server gives it what its pods need. */
export const releaseWorker = (apiAddress: string): string =>
  shellScript('until-listens.sh', { patience, api: apiAddress }) +
  untilKnown +
  shellScript('release-worker.sh', { held_seconds: heldSeconds, ...places });

/** All of it, in its order: kubelets, whoever holds leases, workers, control plane. */
export const kubeadmRest: Rest = {
  scripts: [stopKubelet, stopLeaders, deleteLeases, emptyNode('worker'), emptyNode('control-plane')].join('\n'),
  bring: async (cluster, signal) => {
    const on = async (role: NodeInfo['role'] | undefined, command: string): Promise<void> => {
      const nodes = cluster.nodes.filter((node) => role === undefined || node.role === role);
      await Promise.all(nodes.map(({ name }) => mustOnNode(cluster, name, command, signal)));
    };
    await on(undefined, stopKubelet);
    await on('control-plane', stopLeaders);
    await mustOnWorkstation(cluster, deleteLeases, 'deleting the leases', signal);
    await on('worker', emptyNode('worker'));
    await on('control-plane', emptyNode('control-plane'));
  },
  release: (role, apiAddress) => (role === 'control-plane' ? releaseControlPlane : releaseWorker(apiAddress)),
};

import type { Cluster, PodState } from '../model/cluster.ts';
import type { EventBody, EventOf } from '../model/events.ts';
import { canaryNamespace, isInstrument } from '../model/instruments.ts';
import { seconds } from '../model/units.ts';
import type { Clock } from './clock.ts';
import type { Journal } from './journal.ts';

/**
 * Watches the cluster's own account of itself once a second until aborted: nodes, replicas, pods under way, restarts. This
 * account is never the witness of anything (after a reboot the API shows the old Ready for many seconds): it only says
 * whether recovery is complete.
 */
export async function observeState(
  cluster: Cluster,
  journal: Journal,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const began = clock.now();
    journal.write(await stateNow(cluster, signal));
    await clock.sleepUntil(began + 1000, signal).catch(() => undefined);
  }
}

/** One look. */
export async function stateNow(cluster: Cluster, signal: AbortSignal): Promise<EventBody> {
  try {
    const options = { timeoutMs: seconds(3), signal };
    const [nodes, replicas, pods] = await Promise.all([
      cluster.api.nodes(options),
      cluster.api.replicas(options),
      cluster.api.pods(options),
    ]);
    const ours = pods.filter((pod) => pod.namespace !== canaryNamespace);
    return {
      type: 'state',
      reachable: true,
      nodes: nodes.length,
      nodesReady: nodes.filter((node) => node.ready).length,
      podsDesired: replicas.desired,
      podsReady: replicas.ready,
      pending: ours.filter((pod) => pod.phase === 'Pending' && !pod.terminating).length,
      terminating: ours.filter((pod) => pod.terminating).length,
      restarts: ours.reduce((sum, pod) => sum + restartsOf(pod), 0),
    };
  } catch {
    return { type: 'state', reachable: false };
  }
}

function restartsOf(pod: PodState): number {
  return pod.containers.reduce((sum, container) => sum + container.restarts, 0);
}

/** What exists, with each object's identity, so that what was deleted or restarted can be told afterwards. */
export async function takeInventory(
  cluster: Cluster,
  when: 'before' | 'after',
  insideNodes: ReadonlySet<string>,
): Promise<EventOf<'inventory'>> {
  const pods = await cluster.api.pods({ timeoutMs: seconds(10) });
  return {
    type: 'inventory',
    when,
    objects: pods
      .filter((pod) => pod.namespace !== canaryNamespace)
      .map((pod) => ({
        name: `${pod.namespace}/${pod.name}`,
        uid: pod.uid,
        owner: `${pod.namespace}/${pod.labels['app'] ?? pod.labels['k8s-app'] ?? pod.labels['component'] ?? pod.name}`,
        restarts: restartsOf(pod),
        inside: insideNodes.has(pod.node) && !isInstrument(pod.namespace),
      })),
  };
}

import type { Cluster, PodState } from '../model/cluster.ts';
import type { EventOf } from '../model/events.ts';
import { isInstrument } from '../model/instruments.ts';
import { seconds } from '../model/units.ts';
import type { Clock } from './clock.ts';

/**
 * A recovery that the next restart undoes is none: deletes one pod of a service on a node that the fault had hit and waits
 * until its successor is ready; where there is none (only the control plane was hit), on any node. Candidates belong to a
 * replicated service (pods with the same `app` label), so that this costs no availability.
 */
export async function checkDurability(
  cluster: Cluster,
  hitNodes: ReadonlySet<string>,
  clock: Clock,
  signal: AbortSignal,
  patienceMs = 60_000,
): Promise<EventOf<'durability'>> {
  const options = { timeoutMs: seconds(5), signal };
  let deletedUid: string | undefined;
  try {
    const pods = await cluster.api.pods(options);
    const candidates = candidatesAmong(pods);
    const victim = candidates.find((pod) => hitNodes.has(pod.node)) ?? candidates[0];
    if (victim === undefined)
      return {
        type: 'durability',
        ok: false,
        detail: 'no ready pod of a replicated service',
      };
    // Also one whose answer was lost may be gone.
    deletedUid = victim.uid;
    await cluster.api.deletePod(victim.namespace, victim.name, options);
    const before = new Set(pods.map((pod) => pod.uid));
    const start = clock.now();
    while (clock.now() - start < patienceMs) {
      await clock.sleep(500, signal);
      const now = await cluster.api.pods({ ...options, namespace: victim.namespace }).catch(() => []);
      const successor = now.find(
        (pod) => !before.has(pod.uid) && pod.labels['app'] === victim.labels['app'] && pod.ready,
      );
      const gone = !now.some((pod) => pod.uid === victim.uid);
      if (successor !== undefined && gone) {
        return {
          type: 'durability',
          ok: true,
          deletedUid,
          detail: `${victim.namespace}/${victim.name} deleted on ${victim.node}; ${successor.name} ready on ${successor.node}`,
        };
      }
    }
    return {
      type: 'durability',
      ok: false,
      deletedUid,
      detail: `${victim.namespace}/${victim.name} was deleted and not replaced within ${patienceMs / 1000} s`,
    };
  } catch (error) {
    signal.throwIfAborted();
    return {
      type: 'durability',
      ok: false,
      ...(deletedUid === undefined ? {} : { deletedUid }),
      detail: `could not be checked: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

function candidatesAmong(pods: readonly PodState[]): readonly PodState[] {
  const key = (pod: PodState) => `${pod.namespace}/${pod.labels['app'] ?? ''}`;
  const siblings = new Map<string, number>();
  for (const pod of pods) if (pod.ready) siblings.set(key(pod), (siblings.get(key(pod)) ?? 0) + 1);
  return pods
    .filter(
      (pod) =>
        pod.labels['app'] !== undefined &&
        !pod.hostNetwork &&
        !pod.terminating &&
        pod.ready &&
        !isInstrument(pod.namespace) &&
        !['kube-system', 'kube-flannel'].includes(pod.namespace) &&
        (siblings.get(key(pod)) ?? 0) > 1,
    )
    .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name));
}

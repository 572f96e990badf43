import type { Cluster, KubeApi, PodState } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { millis } from '../model/units.ts';
import { linesOf } from './docker.ts';
import { sleep } from './sleep.ts';

/** Empty when everything is there and Ready; else what is not, in words. Pure. */
export function notReady(
  expected: ReadonlyMap<string, number>,
  nodes: readonly { readonly name: string; readonly ready: boolean; readonly reason: string }[],
  pods: readonly PodState[],
  replicas: { readonly desired: number; readonly ready: number },
): string {
  const bad = nodes.filter((node) => !node.ready);
  if (bad.length > 0) return `nodes not Ready: ${bad.map((node) => `${node.name} (${node.reason})`).join(', ')}`;
  for (const [namespace, count] of expected) {
    const there = pods.filter((pod) => pod.namespace === namespace && !pod.terminating).length;
    if (there !== count) return `${there} of ${count} pods in ${namespace}`;
  }
  const waiting = pods.filter((pod) => !pod.ready || pod.terminating);
  if (waiting.length > 0) {
    const shown = waiting.slice(0, 5).map((pod) => {
      const state = pod.containers.find((container) => container.state !== 'running')?.state ?? pod.phase;
      return `${pod.namespace}/${pod.name} (${pod.terminating ? 'Terminating' : state})`;
    });
    return `${waiting.length} pods not ready: ${shown.join(', ')}${waiting.length > 5 ? ', ...' : ''}`;
  }
  if (replicas.ready < replicas.desired) return `${replicas.ready} of ${replicas.desired} replicas ready`;
  return '';
}

/**
 * With more pods than this still to come the end is not near: looking takes CPU away from what is waited for (every pod and every
 * controller, as JSON, on fresh connections).
 */
const fewPods = 6;

/** What the wait is about. */
export interface Readiness {
  /** Pods that there must be, by namespace. */
  readonly pods: ReadonlyMap<string, number>;
  readonly timeoutMs: number;
  /** After a restore: what the API says of before this instant (milliseconds since the Unix epoch) does not count. */
  readonly sinceEpochMs?: number;
}

/**
 * What of the API's account is older than `sinceEpochMs`, in words; empty when all of it is of today. A restored API server
 * tells what it knew when it was stopped, Ready included, until every kubelet has spoken again. (Kubernetes' times have a
 * resolution of one second.)
 */
export function stale(
  sinceEpochMs: number,
  nodes: readonly { readonly name: string; readonly heartbeatEpochMs: number }[],
  pods: readonly PodState[],
): string {
  const since = Math.floor(sinceEpochMs / 1000) * 1000;
  const silent = nodes.filter((node) => node.heartbeatEpochMs < since);
  if (silent.length > 0) return `no word yet from ${silent.map((node) => node.name).join(', ')}`;
  const old = pods.filter((pod) => startedBefore(pod, since));
  return old.length === 0 ? '' : `${old.length} pods not started yet: ${old.slice(0, 5).map(fullName).join(', ')}`;
}

const startedBefore = (pod: PodState, epochMs: number): boolean =>
  pod.containers.some((container) => container.startedEpochMs < epochMs);

const fullName = (pod: PodState): string => `${pod.namespace}/${pod.name}`;

/**
 * Resolves when every node, pod and replica is Ready.
 * @throws FiredrillError `environment` at the time-out, with what is missing and the last warnings
 */
export async function waitReady(
  cluster: Pick<Cluster, 'workstation'> & { readonly api: KubeApi },
  wanted: Readiness,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + wanted.timeoutMs;
  let missing = 'the API has not answered yet';
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    let nearly = false;
    try {
      const [nodes, pods, replicas] = await Promise.all([
        cluster.api.nodes({ signal }),
        cluster.api.pods({ signal }),
        cluster.api.replicas({ signal }),
      ]);
      missing = notReady(wanted.pods, nodes, pods, replicas);
      if (missing === '' && wanted.sinceEpochMs !== undefined) missing = stale(wanted.sinceEpochMs, nodes, pods);
      if (missing === '') return;
      const since = wanted.sinceEpochMs ?? 0;
      nearly = pods.filter((pod) => !pod.ready || startedBefore(pod, since)).length <= fewPods;
    } catch (error) {
      signal.throwIfAborted();
      missing = oneLine(error);
    }
    await sleep(nearly ? 200 : 800, signal);
  }
  const events = await cluster.workstation(
    "kubectl get events -A --field-selector type=Warning --sort-by=.lastTimestamp -o 'custom-columns=:involvedObject.name,:reason,:message' --no-headers | tail -n 3",
    { timeoutMs: millis(10_000), signal },
  );
  throw new FiredrillError(
    'environment',
    `the workload was not ready within ${wanted.timeoutMs / 1000} s: ${missing}; last events: ${linesOf(events.stdout)
      .map((line) => line.replace(/\s+/g, ' ').slice(0, 160))
      .join(' | ')}`,
    { hint: 'firedrill doctor' },
  );
}

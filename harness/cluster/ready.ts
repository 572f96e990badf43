import type { Backend, Cluster, KubeApi, PodState, ServiceState } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { millis } from '../model/units.ts';
import { linesOf } from './docker.ts';
import { sleep } from '../host/time.ts';

/** What the wait is about. */
export interface Readiness {
  /** Pods that there must be, by namespace. */
  readonly pods: ReadonlyMap<string, number>;
  readonly timeoutMs: number;
  /**
   * After a restore: what the API says of before this instant (milliseconds since the Unix epoch) does not count. A restored API server
   * tells what it knew when it was stopped, Ready included, until every kubelet has spoken again.
   */
  readonly sinceEpochMs?: number;
  /** Told every ten seconds what is still missing: whoever waits for minutes sees what for. */
  readonly onProgress?: ((missing: string) => void) | undefined;
}

const tellEveryMs = 10_000;

/** Kubernetes' times have a resolution of one second: what it says of the second in which the restore began is of today. */
const wholeSecond = (epochMs: number): number => Math.floor(epochMs / 1000) * 1000;

/** Empty when all nodes are Ready and have said so since; else which are not, in words. Pure. */
export function nodesNotReady(
  nodes: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly reason: string;
    readonly heartbeatEpochMs: number;
  }[],
  sinceEpochMs = 0,
): string {
  const bad = nodes.filter((node) => !node.ready);
  if (bad.length > 0) return `nodes not Ready: ${bad.map((node) => `${node.name} (${node.reason})`).join(', ')}`;
  const silent = nodes.filter((node) => node.heartbeatEpochMs < wholeSecond(sinceEpochMs));
  return silent.length === 0 ? '' : `no word yet from ${silent.map((node) => node.name).join(', ')}`;
}

/** How many pods there are in each namespace; those that are ending do not count. Pure. */
export function podCounts(pods: readonly PodState[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { namespace, terminating } of pods) {
    if (!terminating) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  return counts;
}

/** The first five, and whether there are more. */
const few = (told: readonly string[]): string => `${told.slice(0, 5).join(', ')}${told.length > 5 ? ', ...' : ''}`;

/** Empty when there are as many pods as expected, all of them Ready and started since; else what is missing, in words. Pure. */
export function podsNotReady(
  expected: ReadonlyMap<string, number>,
  pods: readonly PodState[],
  sinceEpochMs = 0,
): string {
  const counts = podCounts(pods);
  for (const [namespace, count] of expected) {
    const there = counts.get(namespace) ?? 0;
    if (there !== count) return `${there} of ${count} pods in ${namespace}`;
  }
  const waiting = pods.filter((pod) => !isUp(pod, sinceEpochMs));
  if (waiting.length === 0) return '';
  const told = waiting.map((pod) => {
    const state = pod.containers.find((container) => container.state !== 'running')?.state ?? pod.phase;
    const why = pod.terminating ? 'Terminating' : pod.ready ? 'not started yet' : state;
    return `${pod.namespace}/${pod.name} (${why})`;
  });
  return `${waiting.length} pods not ready: ${few(told)}`;
}

function isUp(pod: PodState, sinceEpochMs: number): boolean {
  const since = wholeSecond(sinceEpochMs);
  return pod.ready && !pod.terminating && pod.containers.every((container) => container.startedEpochMs >= since);
}

/** Empty when every controller has the replicas that it wants. Pure. */
export const replicasNotReady = (replicas: { readonly desired: number; readonly ready: number }): string =>
  replicas.ready < replicas.desired ? `${replicas.ready} of ${replicas.desired} replicas ready` : '';

/**
 * Empty when the endpoints of every Service are the addresses of the pods that it selects; else of which they are not, in words. After a restore the
 * endpoint controller starts with the rest: until it has seen today's pods, the API names the addresses of the day of the snapshot, or none
 * because those are not ready, and the nodes' rules agree with it. Pure.
 */
export function endpointsNotReady(services: readonly ServiceState[], pods: readonly PodState[]): string {
  const behind = services.filter(({ namespace, selector, addresses }) => {
    if (selector === undefined) return false;
    const wanted = pods.filter(
      (pod) =>
        pod.namespace === namespace &&
        pod.ready &&
        Object.entries(selector).every(([label, value]) => pod.labels[label] === value),
    );
    const named = new Set(addresses);
    return wanted.length !== named.size || wanted.some(({ address }) => !named.has(address));
  });
  if (behind.length === 0) return '';
  return `endpoints not of today's pods: ${few(behind.map(({ namespace, name }) => `${namespace}/${name}`))}`;
}

/**
 * Empty when every node sends what is for a Service to the endpoints that the API names, and to no other; else which does not, in words. A pod is
 * Ready some seconds before kube-proxy has written its address everywhere, and after a restore the old addresses stand there until then. Pure.
 * @param rules by node, where its rules lead: `address:port`
 */
export function servicesNotReady(
  backends: readonly Backend[],
  rules: readonly { readonly node: string; readonly targets: readonly string[] }[],
): string {
  const known = new Set(backends.map(({ target }) => target));
  const wanted = new Set(backends.flatMap(({ target, everywhere }) => (everywhere ? [target] : [])));
  const behind = rules.flatMap(({ node, targets }) => {
    const written = new Set(targets);
    const missing = [...wanted].filter((one) => !written.has(one));
    const stale = [...written].filter((one) => !known.has(one));
    if (missing.length + stale.length === 0) return [];
    return [`${node} (${missing.length} endpoints missing, ${stale.length} that are gone)`];
  });
  return behind.length === 0 ? '' : `Services not written yet on ${behind.join(', ')}`;
}

/** Where kube-proxy's rules lead, a line each. Docker's own DNS is in the same table, under other chains. */
const targetsScript = "iptables-save -t nat | sed -n 's/^-A KUBE-SEP-.* --to-destination //p' | sort -u";

type Checked = Pick<Cluster, 'nodes' | 'exec' | 'workstation'> & { readonly api: KubeApi };

async function targetsOf(cluster: Checked, signal: AbortSignal) {
  return await Promise.all(
    cluster.nodes.map(async ({ name }) => {
      const { exitCode, stdout, stderr } = await cluster.exec(name, targetsScript, {
        timeoutMs: millis(10_000),
        signal,
      });
      if (exitCode !== 0) throw new Error(`the firewall of ${name} cannot be read: ${oneLine(stderr)}`);
      return { node: name, targets: linesOf(stdout) };
    }),
  );
}

/** With more pods than this still to come the end is not near: looking takes CPU away from what is waited for. */
const fewPods = 6;

/**
 * Resolves when every node, pod and replica is Ready, the Services' endpoints are those pods, and every node knows where they are.
 * @throws FiredrillError `environment` at the time-out, with what is missing and the last warnings
 */
export async function waitReady(cluster: Checked, wanted: Readiness, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + wanted.timeoutMs;
  const since = wanted.sinceEpochMs ?? 0;
  let missing = 'the API has not answered yet';
  let told = performance.now();
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    let nearly = false;
    try {
      // One after another, and the next only where it could be the answer: what is asked for is work that others wait for.
      const nodes = await cluster.api.nodes({ signal });
      missing = nodesNotReady(nodes, since);
      if (missing === '') {
        const pods = await cluster.api.pods({ signal });
        missing = podsNotReady(wanted.pods, pods, since);
        if (missing === '') missing = replicasNotReady(await cluster.api.replicas({ signal }));
        if (missing === '') {
          const services = await cluster.api.services({ signal });
          missing = endpointsNotReady(services, pods);
          const backends = services.flatMap((service) => service.backends);
          if (missing === '') missing = servicesNotReady(backends, await targetsOf(cluster, signal));
        }
        if (missing === '') return;
        nearly = pods.filter((pod) => !isUp(pod, since)).length <= fewPods;
      }
    } catch (error) {
      signal.throwIfAborted();
      missing = oneLine(error);
    }
    if (performance.now() - told >= tellEveryMs) {
      told = performance.now();
      wanted.onProgress?.(`still waiting: ${missing}`);
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
    { hint: 'npm run firedrill -- doctor' },
  );
}

import type { Cluster, NodeInfo, PodState } from '../model/cluster.ts';
import { oneLine } from '../model/errors.ts';
import { canaryNamespace as namespace } from '../model/instruments.ts';
import type { Probe, ProbeSession } from '../model/probe.ts';
import { seconds } from '../model/units.ts';

const label = { app: 'canary' } as const;
const pollMs = 400;
const callMs = seconds(3);
/** So many canaries may exist that could not be deleted; beyond it none is made, and the sample is bad. */
const maxLeft = 20;

/**
 * Whether a new pod starts: a canary of the smallest image is created and must be Running and Ready within the time-out, then
 * it is deleted by force. Goes through API, scheduler, kubelet, runtime and CNI, and takes the workers in turn. What looks
 * healthy to every check of a running pod is often broken exactly here.
 *
 * Source: postmortem 002 (no pod could start any more) and 004 (46 pods Pending while everything was Ready).
 *
 * @param options.on `anywhere`: the scheduler chooses the node (default `in-turn`)
 */
export function podStart(options: { readonly on?: 'in-turn' | 'anywhere' } = {}): Probe {
  return {
    sli: 'pod-start',
    title: 'Starting a new pod',
    periodMs: seconds(3),
    timeoutMs: seconds(10),
    bystander: false,
    open({ cluster }) {
      return Promise.resolve(new PodStartSession(cluster, options.on === 'anywhere' ? [] : cluster.select('workers')));
    },
  };
}

/** A canary that somebody waits for, and how far it was when last seen. */
interface Waiting {
  resolve: () => void;
  seen: string;
}

class PodStartSession implements ProbeSession {
  readonly #cluster: Cluster;
  /** Taken in turn; empty when the scheduler is to choose. */
  readonly #workers: readonly NodeInfo[];
  /** Names must not meet those of an earlier session in the same cluster. */
  readonly #tag = Math.random().toString(36).slice(2, 7);
  /** Canaries that may exist: created (or perhaps created) and not known to be deleted. */
  readonly #left = new Set<string>();
  readonly #inUse = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #removals = new Set<Promise<void>>();
  #polling = false;

  constructor(cluster: Cluster, workers: readonly NodeInfo[]) {
    this.#cluster = cluster;
    this.#workers = workers;
  }

  async attempt(n: number, signal: AbortSignal): Promise<void> {
    this.#sweep();
    if (this.#left.size >= maxLeft) await this.#makeRoom(signal);
    const node = this.#workers[n % this.#workers.length];
    const name = `canary-${this.#tag}-${n}`;
    this.#left.add(name);
    this.#inUse.add(name);
    try {
      await this.#cluster.api.createCanary(
        { namespace, name, labels: label, ...(node === undefined ? {} : { node: node.name }) },
        { signal, timeoutMs: callMs },
      );
      await this.#ready(name, signal);
    } finally {
      this.#inUse.delete(name);
      this.#remove(name);
    }
  }

  async close(): Promise<void> {
    const patience = AbortSignal.timeout(5000);
    await Promise.allSettled(this.#removals);
    const found = await this.#cluster.api
      .pods({ namespace, labelSelector: 'app=canary', timeoutMs: callMs, signal: patience })
      .catch((): readonly PodState[] => []);
    const names = new Set([...this.#left, ...found.map((pod) => pod.name)]);
    await Promise.allSettled([...names].map((name) => this.#delete(name, patience)));
  }

  /** Resolves when the pod is Ready; rejects when aborted, with how far it came. */
  #ready(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = { resolve: () => undefined, seen: 'created' };
      const onAbort = (): void => {
        this.#waiting.delete(name);
        reject(new Error(entry.seen));
      };
      entry.resolve = () => {
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(name);
        resolve();
      };
      this.#waiting.set(name, entry);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      if (!this.#polling) void this.#poll();
    });
  }

  /**
   * One list for all canaries under way. Lists and not a watch: a watch that stalls looks like pods that do not start, and
   * telling these two apart is what this probe is for.
   */
  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiting.size > 0) {
      try {
        const pods = await this.#cluster.api.pods({ namespace, labelSelector: 'app=canary', timeoutMs: callMs });
        for (const pod of pods) {
          const entry = this.#waiting.get(pod.name);
          if (entry === undefined) continue;
          if (pod.ready && pod.phase === 'Running') entry.resolve();
          else entry.seen = describe(pod);
        }
      } catch (error) {
        for (const entry of this.#waiting.values()) entry.seen = oneLine(error);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    this.#polling = false;
  }

  /** Deletes the oldest that is left over, within this attempt: an API that is back is noticed at once. */
  async #makeRoom(signal: AbortSignal): Promise<void> {
    const oldest = [...this.#left].find((each) => !this.#inUse.has(each));
    if (oldest !== undefined) await this.#delete(oldest, signal);
    if (this.#left.size >= maxLeft) throw new Error(`${this.#left.size} earlier canaries could not be deleted`);
  }

  /** Tries again what could not be deleted; a few at a time. */
  #sweep(): void {
    if (this.#removals.size > 0) return;
    for (const name of [...this.#left].filter((each) => !this.#inUse.has(each)).slice(0, 5)) this.#remove(name);
  }

  #remove(name: string): void {
    const removal = this.#delete(name).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async #delete(name: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#cluster.api.deletePod(namespace, name, {
        force: true,
        timeoutMs: callMs,
        ...(signal === undefined ? {} : { signal }),
      });
      this.#left.delete(name);
    } catch {
      // Stays in #left: swept at the next attempt, and at the end.
    }
  }
}

function describe(pod: PodState): string {
  const container = pod.containers[0]?.state;
  const where = pod.node === '' ? 'not scheduled' : `on ${pod.node}`;
  return `${pod.phase} ${where}${container === undefined ? '' : ` (${container})`}`;
}

import { beforeAbort } from '../model/abort.ts';
import type { Cluster, NodeStream } from '../model/cluster.ts';
import { oneLine } from '../model/errors.ts';
import type { Probe, ProbeSession } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { vantageCommand } from './support/vantage.ts';

/** A node is asked for its vantage pod no more often than this, ms: an attach costs a process on the node. */
const reattachMs = 1000;

/** What is asked for, absolute, where nothing else is: the API's own service, which every cluster has. */
const apiService = 'kubernetes.default.svc.cluster.local';

interface Question {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Names as pods resolve them: one UDP question for the A record of a service, sent from inside a pod's network namespace to
 * the cluster's DNS address, without any cache or retry in between. Good is rcode 0 with an A record in time.
 *
 * Source: postmortem 002, check 3 (`nslookup` from a pod: NXDOMAIN); Kubernetes' "Debugging DNS Resolution".
 */
export function dns(options: { readonly name?: string } = {}): Probe {
  const { name = apiService } = options;
  return {
    sli: 'dns',
    title: 'Resolving a service name from inside a pod',
    periodMs: millis(250),
    timeoutMs: millis(1000),
    bystander: false,
    open(context) {
      return Promise.resolve(new DnsSession(context.cluster, name, () => context.now(), context.signal));
    },
  };
}

class DnsSession implements ProbeSession {
  readonly #cluster: Cluster;
  readonly #name: string;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<string, Question>();
  #stream: NodeStream | undefined;
  #attachedMs = -Infinity;
  #candidate = 0;
  #why = 'not attached yet';
  #closed = false;

  constructor(cluster: Cluster, name: string, now: () => number, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#name = name;
    this.#now = now;
    this.#signal = signal;
    // Now, so that the program is up when the first question comes.
    this.#attach();
  }

  async attempt(n: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stream = this.#stream ?? this.#attach();
    if (stream === undefined) throw new Error(this.#why);
    const id = String(n);
    const answered = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    stream.write(`${id} ${this.#name}`);
    try {
      await beforeAbort(answered, signal);
    } finally {
      this.#waiting.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stream?.close();
  }

  /** A stream, or undefined when it is too soon for another try. */
  #attach(): NodeStream | undefined {
    const now = this.#now();
    if (this.#closed || this.#signal.aborted || now - this.#attachedMs < reattachMs) return undefined;
    this.#attachedMs = now;
    const workers = this.#cluster.select('workers');
    const node = workers[this.#candidate % workers.length];
    if (node === undefined) return undefined;
    const stream = this.#cluster.attach(node.name, vantageCommand(), this.#signal);
    this.#stream = stream;
    void this.#read(stream, node.name);
    return stream;
  }

  async #read(stream: NodeStream, node: string): Promise<void> {
    let why = `the vantage on ${node} ended`;
    try {
      for await (const line of stream.lines) {
        if (line.startsWith('! ready')) continue;
        if (line.startsWith('! ')) {
          why = `${line.slice(2)} (${node})`;
          // The next try looks on the next worker: the pod may have been made again there.
          if (line.startsWith('! no vantage pod')) this.#candidate++;
          continue;
        }
        const [id = '', verdict, ...rest] = line.split(' ');
        const question = this.#waiting.get(id);
        if (verdict === 'ok') question?.resolve();
        else if (verdict === 'error') question?.reject(new Error(rest.join(' ') || 'no reason given'));
      }
    } catch (error) {
      why = `the vantage on ${node} ended: ${oneLine(error)}`;
    }
    this.#why = why;
    if (this.#stream === stream) this.#stream = undefined;
    for (const question of [...this.#waiting.values()]) question.reject(new Error(why));
    await stream.close().catch(() => undefined);
  }
}

import { within } from '../../harness/host/time.ts';
import type {
  CallOptions,
  CanaryPod,
  Cluster,
  Endpoint,
  EndpointName,
  EventState,
  ExecOptions,
  ExecResult,
  KubeApi,
  NodeInfo,
  NodeState,
  NodeStream,
  PodState,
  ServiceState,
} from '../../harness/model/cluster.ts';
import type { NodeSelector } from '../../harness/model/step.ts';
import { Queue } from '../../harness/cluster/queue.ts';
import { selectNodes } from '../../harness/cluster/select.ts';

/** A command that was given to the fake: `on` is a node's name or `workstation`. */
export interface FakeCall {
  readonly on: string;
  readonly command: string;
  readonly input?: string;
  /** Aborts with the caller's signal and at the caller's time-out. */
  readonly signal: AbortSignal;
}

/** What a scripted command leaves: a string is its stdout with exit code 0, a number its exit code. */
export type FakeAnswer = string | number | Partial<ExecResult> | undefined;
export type FakeHandler = (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>;

const result = (answer: FakeAnswer): ExecResult => ({
  exitCode: 0,
  stdout: '',
  stderr: '',
  ...(typeof answer === 'string' ? { stdout: answer } : typeof answer === 'number' ? { exitCode: answer } : answer),
});

/** A node as it is when all is well. */
export const fakeNodeState = (name: string, over: Partial<NodeState> = {}): NodeState => ({
  name,
  ready: true,
  reason: 'KubeletReady',
  message: 'kubelet is posting ready status',
  bootId: `boot-${name}`,
  heartbeatEpochMs: 0,
  ...over,
});

/** A running and ready pod with one container `main`. */
export const fakePod = (namespace: string, name: string, over: Partial<PodState> = {}): PodState => ({
  namespace,
  name,
  uid: `uid-${namespace}-${name}`,
  node: 'fake-worker',
  labels: { app: name },
  phase: 'Running',
  ready: true,
  terminating: false,
  hostNetwork: false,
  address: '10.244.1.1',
  containers: [{ name: 'main', ready: true, restarts: 0, state: 'running', startedEpochMs: 0 }],
  ...over,
});

export const fakeEvent = (reason: string, message: string, over: Partial<EventState> = {}): EventState => ({
  namespace: 'default',
  type: 'Warning',
  reason,
  message,
  object: 'Pod/fake',
  uid: `event-${reason}`,
  lastEpochMs: 0,
  count: 1,
  ...over,
});

/** A scripted stream of a node: `push` is a line that the command prints, `written` what was written to it. */
export class FakeStream implements NodeStream {
  readonly written: string[] = [];
  readonly #queue = new Queue<string>();
  readonly lines: AsyncIterable<string> = this.#queue;
  closed = false;
  /** Called for each line written, to answer it by `push`. */
  onWrite: (line: string) => void = () => undefined;

  push(line: string): void {
    this.#queue.push(line);
  }

  write(line: string): void {
    if (this.closed) return;
    this.written.push(line);
    this.onWrite(line);
  }

  close(): Promise<void> {
    this.closed = true;
    this.#queue.close();
    return Promise.resolve();
  }
}

/**
 * The Kubernetes API as arrays: set `nodeStates`, `podStates`, call `pushPod` / `pushEvent`, and make it go away by
 * `unreachable = true` (calls reject, watches break). `hang = true` makes calls wait for their signal or time-out instead.
 */
export class FakeKubeApi implements KubeApi {
  nodeStates: NodeState[] = [];
  podStates: PodState[] = [];
  /** When unset, counted from `podStates`. */
  replicaCount: { desired: number; ready: number } | undefined;
  readonly configMaps = new Map<string, Readonly<Record<string, string>>>();
  readonly created: CanaryPod[] = [];
  readonly deleted: { namespace: string; name: string; force: boolean }[] = [];
  /** What a canary becomes at once; return undefined to leave it Pending for the test to push. */
  onCanary: (pod: CanaryPod) => PodState | undefined = (pod) =>
    fakePod(pod.namespace, pod.name, { labels: pod.labels });
  #unreachable = false;
  hang = false;
  readonly #podWatches = new Set<{ readonly match: (pod: PodState) => boolean; readonly queue: Queue<PodState> }>();
  readonly #eventWatches = new Set<Queue<EventState>>();

  get unreachable(): boolean {
    return this.#unreachable;
  }
  set unreachable(value: boolean) {
    this.#unreachable = value;
    if (!value) return;
    const gone = new Error('connect ECONNREFUSED (fake API is unreachable)');
    for (const watch of this.#podWatches) watch.queue.fail(gone);
    for (const queue of this.#eventWatches) queue.fail(gone);
  }

  /** How many watches are open, to see that they are closed again. */
  get watches(): number {
    return this.#podWatches.size + this.#eventWatches.size;
  }

  /** Adds or replaces a pod, and tells the watches. */
  pushPod(pod: PodState): void {
    const at = this.podStates.findIndex((p) => p.namespace === pod.namespace && p.name === pod.name);
    if (at < 0) this.podStates.push(pod);
    else this.podStates[at] = pod;
    for (const watch of this.#podWatches) if (watch.match(pod)) watch.queue.push(pod);
  }

  pushEvent(event: EventState): void {
    for (const queue of this.#eventWatches) queue.push(event);
  }

  async nodes(options?: CallOptions): Promise<readonly NodeState[]> {
    await this.#answer(options);
    return [...this.nodeStates];
  }

  async pods(
    options?: CallOptions & { readonly namespace?: string; readonly labelSelector?: string },
  ): Promise<readonly PodState[]> {
    await this.#answer(options);
    return this.podStates.filter(
      (pod) =>
        (options?.namespace === undefined || pod.namespace === options.namespace) &&
        labelsMatch(pod.labels, options?.labelSelector),
    );
  }

  async replicas(options?: CallOptions): Promise<{ readonly desired: number; readonly ready: number }> {
    await this.#answer(options);
    return (
      this.replicaCount ?? { desired: this.podStates.length, ready: this.podStates.filter((pod) => pod.ready).length }
    );
  }

  async services(options?: CallOptions): Promise<readonly ServiceState[]> {
    await this.#answer(options);
    return [];
  }

  async readConfigMap(
    namespace: string,
    name: string,
    options?: CallOptions,
  ): Promise<Readonly<Record<string, string>>> {
    await this.#answer(options);
    const found = this.configMaps.get(`${namespace}/${name}`);
    if (!found) throw new Error(`configmaps "${name}" not found`);
    return found;
  }

  async writeConfigMap(
    namespace: string,
    name: string,
    data: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<void> {
    await this.#answer(options);
    this.configMaps.set(`${namespace}/${name}`, { ...this.configMaps.get(`${namespace}/${name}`), ...data });
  }

  async createCanary(pod: CanaryPod, options?: CallOptions): Promise<void> {
    await this.#answer(options);
    this.created.push(pod);
    const state = this.onCanary(pod);
    if (state) this.pushPod(state);
  }

  async deletePod(
    namespace: string,
    name: string,
    options?: CallOptions & { readonly force?: boolean },
  ): Promise<void> {
    await this.#answer(options);
    this.deleted.push({ namespace, name, force: options?.force === true });
    this.podStates = this.podStates.filter((pod) => pod.namespace !== namespace || pod.name !== name);
  }

  async *watchPods(
    selector: { readonly namespace: string; readonly labelSelector: string },
    signal: AbortSignal,
  ): AsyncIterable<PodState> {
    const match = (pod: PodState): boolean =>
      pod.namespace === selector.namespace && labelsMatch(pod.labels, selector.labelSelector);
    const watch = { match, queue: new Queue<PodState>() };
    this.#podWatches.add(watch);
    try {
      yield* this.#watch(watch.queue, signal);
    } finally {
      this.#podWatches.delete(watch);
    }
  }

  async *watchEvents(signal: AbortSignal): AsyncIterable<EventState> {
    const queue = new Queue<EventState>();
    this.#eventWatches.add(queue);
    try {
      yield* this.#watch(queue, signal);
    } finally {
      this.#eventWatches.delete(queue);
    }
  }

  async *#watch<T>(queue: Queue<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    if (this.#unreachable) throw new Error('connect ECONNREFUSED (fake API is unreachable)');
    const end = (): void => {
      queue.close();
    };
    if (signal.aborted) return;
    signal.addEventListener('abort', end, { once: true });
    try {
      yield* queue;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async #answer(options: CallOptions | undefined): Promise<void> {
    options?.signal?.throwIfAborted();
    if (this.hang) await within(options?.timeoutMs ?? 5000, () => new Promise(() => undefined), options?.signal);
    if (this.#unreachable) throw new Error('connect ECONNREFUSED (fake API is unreachable)');
  }
}

/** `a=b,c=d` only, which is all that is used here. */
function labelsMatch(labels: Readonly<Record<string, string>>, selector: string | undefined): boolean {
  if (!selector) return true;
  return selector.split(',').every((term) => {
    const [key = '', value] = term.split('=');
    return value === undefined ? key in labels : labels[key] === value;
  });
}

export interface FakeClusterOptions {
  /** Number of workers; default 2. */
  readonly workers?: number;
  /** Answers every `exec` and `workstation`; default: exit code 0, nothing printed. */
  readonly exec?: FakeHandler;
  /** Scripts `attach`; default: a stream that says nothing. */
  readonly attach?: (node: string, command: string, stream: FakeStream) => void;
  /** What its workstation's commands have for an environment. */
  readonly workstationEnv?: Readonly<Record<string, string>>;
  readonly endpoints?: Partial<Record<EndpointName, Endpoint>>;
}

/**
 * A cluster without Docker for unit tests. Every command is kept in `calls` and answered by `handler` (replaceable at any
 * time); time-outs give exit code 124 and aborts 130, as the real one does.
 */
export class FakeCluster implements Cluster {
  readonly name: string = 'fake';
  readonly kubeconfig = '/nonexistent/kubeconfig';
  readonly network = 'fake-network';
  readonly nodes: readonly NodeInfo[];
  readonly workstationEnv: Readonly<Record<string, string>>;
  readonly api = new FakeKubeApi();
  readonly calls: { readonly on: string; readonly command: string; readonly input?: string }[] = [];
  readonly streams: FakeStream[] = [];
  readonly reboots: string[] = [];
  readonly poweredOff: string[] = [];
  /** What each node was told to do after a panic, in order: `fake-worker reboot`. */
  readonly panics: string[] = [];
  deleted = false;
  handler: FakeHandler;
  #attach: (node: string, command: string, stream: FakeStream) => void;
  readonly #endpoints: Partial<Record<EndpointName, Endpoint>>;

  constructor(options: FakeClusterOptions = {}) {
    const workers = options.workers ?? 2;
    this.nodes = [
      { name: 'fake-control-plane', role: 'control-plane', address: '10.89.0.2' },
      ...Array.from({ length: workers }, (_, i): NodeInfo => {
        return { name: i === 0 ? 'fake-worker' : `fake-worker${i + 1}`, role: 'worker', address: `10.89.0.${i + 3}` };
      }),
    ];
    this.api.nodeStates = this.nodes.map((node) => fakeNodeState(node.name));
    this.workstationEnv = options.workstationEnv ?? { PATH: process.env['PATH'] ?? '' };
    this.handler = options.exec ?? (() => undefined);
    this.#attach = options.attach ?? (() => undefined);
    this.#endpoints = options.endpoints ?? {};
  }

  select(selector: NodeSelector): readonly NodeInfo[] {
    return selectNodes(this.nodes, selector);
  }

  exec(node: string, command: string, options: ExecOptions = {}): Promise<ExecResult> {
    if (!this.nodes.some((n) => n.name === node)) return Promise.reject(new Error(`no node ${node}`));
    return this.#run(node, command, options);
  }

  look(node: string, command: string, options: ExecOptions): Promise<ExecResult> {
    return this.exec(node, command, options);
  }

  workstation(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return this.#run('workstation', command, options);
  }

  async #run(on: string, command: string, options: ExecOptions): Promise<ExecResult> {
    const input = options.input === undefined ? {} : { input: options.input };
    this.calls.push({ on, command, ...input });
    try {
      return result(
        await within(
          options.timeoutMs ?? Infinity,
          async (signal) => this.handler({ on, command, ...input, signal }),
          options.signal,
        ),
      );
    } catch (error) {
      if (error instanceof Error && error.name === 'TimeoutError')
        return { exitCode: 124, stdout: '', stderr: 'timed out' };
      if (options.signal?.aborted) return { exitCode: 130, stdout: '', stderr: 'aborted' };
      throw error;
    }
  }

  attach(node: string, command: string, signal: AbortSignal): NodeStream {
    const stream = new FakeStream();
    this.streams.push(stream);
    this.calls.push({ on: node, command });
    const end = (): void => {
      void stream.close();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    this.#attach(node, command, stream);
    return stream;
  }

  endpoint(name: EndpointName): Endpoint {
    return this.#endpoints[name] ?? { host: '127.0.0.1', port: 1 };
  }

  reboot(node: string): Promise<void> {
    this.reboots.push(node);
    return Promise.resolve();
  }

  powerOff(node: string): Promise<void> {
    this.poweredOff.push(node);
    return Promise.resolve();
  }

  onPanic(node: string, then: 'reboot' | 'halt'): Promise<void> {
    this.panics.push(`${node} ${then}`);
    return Promise.resolve();
  }

  environment(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({ provider: 'fake' });
  }

  delete(): Promise<void> {
    this.deleted = true;
    return Promise.resolve();
  }
}

/** A fake cluster; see FakeCluster. */
export function fakeCluster(options: FakeClusterOptions = {}): FakeCluster {
  return new FakeCluster(options);
}

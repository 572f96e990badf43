import { readFileSync, statSync } from 'node:fs';
import { KubeConfig, Watch } from '@kubernetes/client-node';
import { deadline } from '../host/time.ts';
import type {
  Backend,
  CallOptions,
  CanaryPod,
  ContainerState,
  EventState,
  KubeApi,
  NodeState,
  PodState,
  ServiceState,
} from '../model/cluster.ts';
import { oneLine } from '../model/errors.ts';
import { pauseImage } from '../model/instruments.ts';
import { ApiError, requestJson } from './http.ts';
import { Queue } from './queue.ts';

const defaultTimeoutMs = 5000;

/** Reads a kubeconfig again when its file has changed: a rebuilt cluster has a new authority and new credentials. */
export class KubeconfigFile {
  readonly #path: string;
  readonly #stat: (path: string) => string;
  readonly #read: (path: string) => string;
  #stamp: string | undefined;
  #config: KubeConfig | undefined;

  constructor(
    path: string,
    deps: { readonly stat?: (path: string) => string; readonly read?: (path: string) => string } = {},
  ) {
    this.#path = path;
    // Size and inode beside the time: two writes within the file system's resolution must not look the same.
    this.#stat =
      deps.stat ??
      ((p) => {
        const { mtimeMs, size, ino } = statSync(p);
        return `${mtimeMs}/${size}/${ino}`;
      });
    this.#read = deps.read ?? ((p) => readFileSync(p, 'utf8'));
  }

  /** @throws what the file system or the parser says, with the path; a half-written file is an error until it is whole. */
  current(): KubeConfig {
    const stamp = this.#stat(this.#path);
    if (this.#config === undefined || stamp !== this.#stamp) {
      const config = new KubeConfig();
      const text = this.#read(this.#path);
      try {
        config.loadFromString(text);
      } catch (error) {
        throw new Error(`${this.#path}: ${oneLine(error)}`, { cause: error });
      }
      if (!config.getCurrentCluster()) throw new Error(`${this.#path}: no current cluster`);
      this.#config = config;
      this.#stamp = stamp;
    }
    return this.#config;
  }
}

/** The parts of Kubernetes' JSON that are looked at. Everything may be missing from an object that is being made. */
interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastHeartbeatTime?: string | null;
}
export interface NodeJson {
  readonly metadata?: Meta;
  readonly status?: { readonly conditions?: readonly Condition[]; readonly nodeInfo?: { readonly bootID?: string } };
}
interface EndJson {
  readonly reason?: string;
  readonly exitCode?: number;
  readonly finishedAt?: string | null;
}
export interface PodJson {
  readonly metadata?: Meta;
  readonly spec?: { readonly nodeName?: string; readonly hostNetwork?: boolean };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state?: {
        readonly running?: { readonly startedAt?: string | null };
        readonly waiting?: { readonly reason?: string };
        readonly terminated?: EndJson;
      };
      readonly lastState?: { readonly terminated?: EndJson };
    }[];
  };
}
export interface EventJson {
  readonly metadata?: Meta;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
}
interface SetJson {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly readyReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
  };
}
export interface ServiceJson {
  readonly metadata?: Meta;
  readonly spec?: {
    readonly internalTrafficPolicy?: string;
    readonly selector?: Readonly<Record<string, string>> | null;
  };
}
/** A part of a Service's endpoints. */
export interface EndpointSliceJson {
  readonly metadata?: Meta;
  readonly addressType?: string;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean };
        readonly hints?: unknown;
      }[]
    | null;
  readonly ports?: readonly { readonly port?: number }[] | null;
}
interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly items: readonly T[];
}

/** Kubernetes' times are RFC 3339, or null where there is none yet. */
const epochMs = (time: string | null | undefined): number =>
  time === null || time === undefined ? 0 : new Date(time).getTime();

/** A Kubernetes Node, flattened. */
export function nodeState(node: NodeJson): NodeState {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  return {
    name: node.metadata?.name ?? '',
    ready: ready?.status === 'True',
    reason: ready?.reason ?? '',
    message: ready?.message ?? '',
    bootId: node.status?.nodeInfo?.bootID ?? '',
    heartbeatEpochMs: epochMs(ready?.lastHeartbeatTime),
  };
}

function lastEnd(ended: EndJson | undefined): Pick<ContainerState, 'lastEnd'> {
  if (ended === undefined) return {};
  const { reason = '', exitCode = 0, finishedAt } = ended;
  return { lastEnd: { reason, exitCode, epochMs: epochMs(finishedAt) } };
}

/** A Kubernetes Pod, flattened. */
export function podState(pod: PodJson): PodState {
  return {
    namespace: pod.metadata?.namespace ?? '',
    name: pod.metadata?.name ?? '',
    uid: pod.metadata?.uid ?? '',
    node: pod.spec?.nodeName ?? '',
    labels: pod.metadata?.labels ?? {},
    phase: pod.status?.phase ?? '',
    ready: pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false,
    terminating: pod.metadata?.deletionTimestamp !== undefined,
    hostNetwork: pod.spec?.hostNetwork === true,
    address: pod.status?.podIP ?? '',
    containers: (pod.status?.containerStatuses ?? []).map((status): ContainerState => ({
      name: status.name,
      ready: status.ready,
      restarts: status.restartCount,
      state:
        status.state?.running === undefined
          ? (status.state?.waiting?.reason ?? status.state?.terminated?.reason ?? 'unknown')
          : 'running',
      startedEpochMs: epochMs(status.state?.running?.startedAt),
      ...lastEnd(status.state?.terminated ?? status.lastState?.terminated),
    })),
  };
}

/** Of one slice, its ready IPv4 endpoints. An unknown readiness is taken for ready, as kube-proxy does. */
const readyEndpoints = ({ addressType, endpoints }: EndpointSliceJson) =>
  addressType === 'IPv4' ? (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false) : [];

/** Where kube-proxy sends what comes for a Service. It leaves headless ones alone. */
function backendsOf(slice: EndpointSliceJson, local: boolean): Backend[] {
  if (slice.metadata?.labels?.['service.kubernetes.io/headless'] !== undefined) return [];
  const ports = (slice.ports ?? []).flatMap(({ port }) => port ?? []);
  return readyEndpoints(slice).flatMap(({ addresses, hints }) =>
    addresses.flatMap((address) =>
      ports.map((port): Backend => ({ target: `${address}:${port}`, everywhere: hints === undefined && !local })),
    ),
  );
}

/** Services with the endpoints of their slices, flattened. */
export function servicesOf(services: readonly ServiceJson[], slices: readonly EndpointSliceJson[]): ServiceState[] {
  return services.map(({ metadata, spec }) => {
    const { namespace = '', name = '' } = metadata ?? {};
    const own = slices.filter(
      (slice) =>
        slice.metadata?.namespace === namespace && slice.metadata.labels?.['kubernetes.io/service-name'] === name,
    );
    const { selector } = spec ?? {};
    return {
      namespace,
      name,
      ...(selector && Object.keys(selector).length > 0 ? { selector } : {}),
      addresses: [...new Set(own.flatMap(readyEndpoints).flatMap(({ addresses }) => addresses))],
      backends: own.flatMap((slice) => backendsOf(slice, spec?.internalTrafficPolicy === 'Local')),
    };
  });
}

/** A Kubernetes Event, flattened. Newer ones carry their time in eventTime or in their series. */
export function eventState(event: EventJson): EventState {
  const { metadata = {}, involvedObject: { kind = '', name = '' } = {} } = event;
  const at = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? metadata.creationTimestamp;
  return {
    namespace: metadata.namespace ?? '',
    type: event.type ?? '',
    reason: event.reason ?? '',
    message: event.message ?? '',
    object: `${kind}/${name}`,
    uid: metadata.uid ?? '',
    lastEpochMs: epochMs(at),
    count: event.series?.count ?? event.count ?? 1,
  };
}

/**
 * The Kubernetes API of one cluster. Every call makes a connection of its own (the API may vanish and come back under the
 * same address: a kept socket would hang until TCP gives up) and ends at its time-out.
 */
export function kubeApi(kubeconfigPath: string): KubeApi {
  const file = new KubeconfigFile(kubeconfigPath);

  /** Runs `work` with a way to ask that ends at the time-out or with the caller's signal. */
  const call = async <T>(options: CallOptions | undefined, work: (ask: Ask) => Promise<T>): Promise<T> => {
    options?.signal?.throwIfAborted();
    const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
    using limit = deadline(timeoutMs, options?.signal);
    try {
      const config = file.current();
      return await work((path, given = {}) =>
        requestJson(config, path, { ...given, newcomer: options?.newcomer === true, signal: limit.signal }),
      );
    } catch (error) {
      options?.signal?.throwIfAborted();
      if (limit.passed()) throw new Error(`API did not answer within ${timeoutMs} ms`);
      throw error;
    }
  };

  async function* watch<T>(
    path: string,
    query: Record<string, string>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, undefined> {
    if (signal.aborted) return;
    const queue = new Queue<T>();
    const watcher = new Watch(file.current());
    // Not awaited before the signal is heard: client-node resolves only once the server has answered.
    let controller: AbortController | undefined;
    const end = (): void => {
      queue.close();
      controller?.abort();
    };
    signal.addEventListener('abort', end, { once: true });
    const opened = watcher
      .watch(
        path,
        query,
        (phase: string, object: T) => {
          if (phase === 'ADDED' || phase === 'MODIFIED' || phase === 'DELETED') queue.push(object);
          else if (phase === 'ERROR') queue.fail(new Error(`the watch ended: ${oneLine(JSON.stringify(object))}`));
        },
        (error: unknown) => {
          queue.fail(error === null || error === undefined ? new Error('the server closed the watch') : asError(error));
        },
      )
      .then(
        (opening) => {
          controller = opening;
          if (signal.aborted) opening.abort();
        },
        (error: unknown) => {
          queue.fail(asError(error));
        },
      );
    try {
      yield* queue;
    } finally {
      signal.removeEventListener('abort', end);
      void opened.then(() => controller?.abort());
    }
  }

  return {
    nodes: (options) => call(options, async (ask) => (await ask<List<NodeJson>>('/api/v1/nodes')).items.map(nodeState)),

    pods: (options) =>
      call(options, async (ask) => {
        const path = options?.namespace === undefined ? '/api/v1/pods' : `${inNamespace(options.namespace)}/pods`;
        const query =
          options?.labelSelector === undefined ? '' : `?labelSelector=${encodeURIComponent(options.labelSelector)}`;
        return (await ask<List<PodJson>>(`${path}${query}`)).items.map(podState);
      }),

    replicas: (options) =>
      call(options, async (ask) => {
        const [deployments, statefulSets, daemonSets] = await Promise.all([
          ask<List<SetJson>>('/apis/apps/v1/deployments'),
          ask<List<SetJson>>('/apis/apps/v1/statefulsets'),
          ask<List<SetJson>>('/apis/apps/v1/daemonsets'),
        ]);
        const counted = [
          ...[...deployments.items, ...statefulSets.items].map((set) => [
            set.spec?.replicas,
            set.status?.readyReplicas,
          ]),
          ...daemonSets.items.map((set) => [set.status?.desiredNumberScheduled, set.status?.numberReady]),
        ];
        return {
          desired: counted.reduce((sum, [desired]) => sum + (desired ?? 0), 0),
          ready: counted.reduce((sum, [, ready]) => sum + (ready ?? 0), 0),
        };
      }),

    services: (options) =>
      call(options, async (ask) => {
        const [services, slices] = await Promise.all([
          ask<List<ServiceJson>>('/api/v1/services'),
          ask<List<EndpointSliceJson>>('/apis/discovery.k8s.io/v1/endpointslices'),
        ]);
        return servicesOf(services.items, slices.items);
      }),

    readConfigMap: (namespace, name, options) =>
      call(options, async (ask) => {
        const path = `${inNamespace(namespace)}/configmaps/${encodeURIComponent(name)}`;
        return (await ask<{ readonly data?: Readonly<Record<string, string>> }>(path)).data ?? {};
      }),

    writeConfigMap: (namespace, name, data, options) =>
      call(options, async (ask) => {
        const path = `${inNamespace(namespace)}/configmaps`;
        const body = { metadata: { name, namespace }, data: { ...data } };
        try {
          const contentType = 'application/merge-patch+json';
          await ask(`${path}/${encodeURIComponent(name)}`, { method: 'PATCH', body, contentType });
        } catch (error) {
          if (!isMissing(error)) throw error;
          await ask(path, { method: 'POST', body });
        }
      }),

    createCanary: (pod, options) =>
      call(options, async (ask) => {
        // Asked each time: a cluster that was built again has another, and pods of an owner that is gone are taken away.
        const { metadata } = await ask<{ readonly metadata: { readonly uid: string } }>(inNamespace(pod.namespace));
        await ask(`${inNamespace(pod.namespace)}/pods`, { method: 'POST', body: canary(pod, metadata.uid) });
      }),

    deletePod: (namespace, name, options) =>
      call(options, async (ask) => {
        const body = options?.force === true ? { body: { gracePeriodSeconds: 0 } } : {};
        try {
          await ask(`${inNamespace(namespace)}/pods/${encodeURIComponent(name)}`, { method: 'DELETE', ...body });
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      }),

    async *watchPods(selector, signal) {
      const path = `${inNamespace(selector.namespace)}/pods`;
      for await (const pod of watch<PodJson>(path, { labelSelector: selector.labelSelector }, signal)) {
        yield podState(pod);
      }
    },

    async *watchEvents(signal) {
      // From now on: a watch without a version would first tell the whole past hour.
      const list = await call({ signal }, (ask) => ask<List<EventJson>>('/api/v1/events?limit=1'));
      const resourceVersion = list.metadata?.resourceVersion;
      const query: Record<string, string> = resourceVersion === undefined ? {} : { resourceVersion };
      for await (const event of watch<EventJson>('/api/v1/events', query, signal)) yield eventState(event);
    },
  };
}

type Ask = <T>(
  path: string,
  options?: {
    readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
    readonly body?: unknown;
    readonly contentType?: string;
  },
) => Promise<T>;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
const inNamespace = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
const isMissing = (error: unknown): boolean => error instanceof ApiError && error.code === 404;

/**
 * The smallest pod there is, as a user's own would be: tolerating nothing, in the cluster's network. Its namespace stands as its controller:
 * `kubectl drain` refuses a node with a pod that has none, and an instrument must not be what a runbook fails of.
 */
function canary(pod: CanaryPod, namespaceUid: string): unknown {
  return {
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...pod.labels },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Namespace', name: pod.namespace, uid: namespaceUid, controller: true },
      ],
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      restartPolicy: 'Always',
      tolerations: [],
      // Not nodeName: the scheduler must stay part of starting a pod.
      ...(pod.node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': pod.node } }),
      containers: [{ name: 'canary', image: pauseImage, imagePullPolicy: 'IfNotPresent' }],
    },
  };
}

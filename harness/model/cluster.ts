import type { Millis } from './units.ts';
import type { NodeSelector } from './step.ts';

/** One node of a cluster under test. */
export interface NodeInfo {
  readonly name: string;
  readonly role: 'control-plane' | 'worker';
  /** Its pinned IPv4 address on the cluster's network; the same after every reboot. */
  readonly address: string;
}

/** What a finished command left. `exitCode` is 124 when it was cut at its time-out, 130 when aborted. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly timeoutMs?: Millis;
  readonly signal?: AbortSignal;
  readonly input?: string;
}

/** A long-lived command on a node: lines out, lines in. Ends when the command does, when closed or when the signal aborts. */
export interface NodeStream {
  readonly lines: AsyncIterable<string>;
  write(line: string): void;
  close(): Promise<void>;
}

/** The few fields of Kubernetes objects that firedrill looks at, flattened. */
export interface NodeState {
  readonly name: string;
  readonly ready: boolean;
  /** Reason of the Ready condition (`KubeletReady`, `KubeletNotReady`, `NodeStatusUnknown`). */
  readonly reason: string;
  readonly message: string;
  readonly bootId: string;
  /** When its kubelet last reported the Ready condition (milliseconds since the Unix epoch, resolution 1 s). */
  readonly heartbeatEpochMs: number;
}

export interface ContainerState {
  readonly name: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** `running`, or the reason of waiting / terminated (`CrashLoopBackOff`, `ContainerCreating`, `OOMKilled`). */
  readonly state: string;
  /** When it was started, if it runs (milliseconds since the Unix epoch, resolution 1 s); else 0. */
  readonly startedEpochMs: number;
  /** How it ended the last time, where it ever did: the reason (`OOMKilled`, `Error`, `Completed`), and when (resolution 1 s). */
  readonly lastEnd?: { readonly reason: string; readonly exitCode: number; readonly epochMs: number };
}

export interface PodState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: string;
  /** The Ready condition. */
  readonly ready: boolean;
  readonly terminating: boolean;
  /** hostNetwork pods do not depend on the CNI. */
  readonly hostNetwork: boolean;
  /** Its IPv4 address; empty as long as it has none. */
  readonly address: string;
  readonly containers: readonly ContainerState[];
}

/** A Kubernetes Event as an alert would see it. */
export interface EventState {
  readonly namespace: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly object: string;
  readonly uid: string;
  /** Milliseconds since the Unix epoch of its last occurrence as the API says (1 s resolution). */
  readonly lastEpochMs: number;
  readonly count: number;
}

/** A minimal pod for the pod-start probe. */
export interface CanaryPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the node it must run on, as a node selector on the host name: the scheduler stays part of what is measured. */
  readonly node?: string;
}

/**
 * A narrow view of the Kubernetes API: what probes and detectors need and no more, so that a fake one is a page. Every call
 * rejects when the API does not answer within `timeoutMs` (default 5 s) or says no.
 * Credentials are read again from the kubeconfig when the file changes (a rebuilt cluster has new ones).
 */
export interface KubeApi {
  nodes(options?: CallOptions): Promise<readonly NodeState[]>;
  /** All namespaces when `namespace` is absent. */
  pods(
    options?: CallOptions & { readonly namespace?: string; readonly labelSelector?: string },
  ): Promise<readonly PodState[]>;
  /** Pods that controllers want in all namespaces: the sum of spec.replicas / desiredNumberScheduled, and what is ready of them. */
  replicas(options?: CallOptions): Promise<{ readonly desired: number; readonly ready: number }>;
  /** All Services with the endpoints that the API names for them. */
  services(options?: CallOptions): Promise<readonly ServiceState[]>;
  readConfigMap(namespace: string, name: string, options?: CallOptions): Promise<Readonly<Record<string, string>>>;
  /** Creates or merges. */
  writeConfigMap(
    namespace: string,
    name: string,
    data: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<void>;
  /** Creates a pod of the workload's smallest image (pause), tolerating nothing. */
  createCanary(pod: CanaryPod, options?: CallOptions): Promise<void>;
  /** `force` is `--grace-period=0 --force`. Resolves also when it was gone already. */
  deletePod(namespace: string, name: string, options?: CallOptions & { readonly force?: boolean }): Promise<void>;
  /** Pods of a label selector as they change; ends with the signal, rejects when the watch breaks. */
  watchPods(
    selector: { readonly namespace: string; readonly labelSelector: string },
    signal: AbortSignal,
  ): AsyncIterable<PodState>;
  /** New Events of all namespaces from now on; ends with the signal, rejects when the watch breaks. */
  watchEvents(signal: AbortSignal): AsyncIterable<EventState>;
}

/** A Service, and what the endpoint controller has made of it so far. IPv4 only. */
export interface ServiceState {
  readonly namespace: string;
  readonly name: string;
  /** Labels of its pods; absent where its endpoints are not taken from pods. */
  readonly selector?: Readonly<Record<string, string>>;
  /** Addresses of its ready endpoints, each once. */
  readonly addresses: readonly string[];
  /** Where a node sends what comes for its cluster IP; none for a headless Service. */
  readonly backends: readonly Backend[];
}

/** An endpoint of a Service as a node's firewall knows it. */
export interface Backend {
  /** `address:port` */
  readonly target: string;
  /** Whether every node is to send to it; false where the Service keeps traffic on the node or in the zone that it comes from. */
  readonly everywhere: boolean;
}

export interface CallOptions {
  readonly timeoutMs?: Millis;
  readonly signal?: AbortSignal;
  /**
   * As a client that comes new, with a TLS handshake of its own in which the server's certificate is looked at. Else a session may be
   * resumed, which is cheaper and blind to it.
   */
  readonly newcomer?: boolean;
}

/** An address on the loopback of this machine behind which a node port of the cluster is published. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A running cluster as faults, runbooks, probes and detectors see it. */
export interface Cluster {
  readonly name: string;
  readonly nodes: readonly NodeInfo[];
  /** Path of the cluster's own kubeconfig (never the user's). */
  readonly kubeconfig: string;
  readonly api: KubeApi;
  /** Names of the Docker network and its subnet, for containers that join it (k6). */
  readonly network: string;
  select(selector: NodeSelector): readonly NodeInfo[];
  /** Runs `sh -ec command` in a node by `docker exec`. Never rejects because of the command's exit code. */
  exec(node: string, command: string, options?: ExecOptions): Promise<ExecResult>;
  /**
   * Like `exec`, for what is asked again and again: a shell that stays in the node until the signal aborts answers it, at a fourteenth of
   * the cost. Exit code 137 also when the node is off.
   */
  look(
    node: string,
    command: string,
    options: Omit<ExecOptions, 'input'> & { readonly signal: AbortSignal },
  ): Promise<ExecResult>;
  /** The whole environment of a command on the workstation. */
  readonly workstationEnv: Readonly<Record<string, string>>;
  /** Runs a command on the workstation: PATH has kubectl and kind, KUBECONFIG and MANIFESTS/BACKUP/PACKAGES are set. */
  workstation(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** A long-lived command in a node. */
  attach(node: string, command: string, signal: AbortSignal): NodeStream;
  /** Where a named node port of the cluster's spec can be reached on loopback. */
  endpoint(name: EndpointName): Endpoint;
  /** Stops and starts a node's container (SIGKILL, as a power cut); resolves when its systemd answers, with its address checked. */
  reboot(node: string, options?: ExecOptions): Promise<void>;
  /** Switches a node off (SIGKILL, as a power cut); `reboot` switches it on again. */
  powerOff(node: string, options?: ExecOptions): Promise<void>;
  /**
   * What a node does when its kernel panics, which in a container is: when its first process ends by itself. `reboot`: it is started
   * again, 30 times at most and never because Docker was; `halt`: it stays down, as every node does to begin with.
   */
  onPanic(node: string, then: 'reboot' | 'halt', options?: ExecOptions): Promise<void>;
  /** Facts for the record: image, kernel, Docker, cgroup, fence, addresses. */
  environment(): Promise<Readonly<Record<string, string>>>;
}

/**
 * Ports of nodes published on loopback. `web`, `ssh` and `gateway` enter by the first worker and `database` by the second; `bystander`
 * and `volume` by the control plane. Where the workload has nothing behind one, connections to it are refused.
 */
export type EndpointName = 'web' | 'database' | 'bystander' | 'volume' | 'ssh' | 'gateway';

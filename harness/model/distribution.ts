import { act } from './define.ts';
import type { NodeSelector, ShellStep, Step } from './step.ts';

/** The parts of Kubernetes, by what they do. */
export const components = [
  'kubelet',
  'runtime',
  'proxy',
  'network',
  'apiserver',
  'controllers',
  'scheduler',
  'datastore',
] as const;
export type Component = (typeof components)[number];

/** How a distribution runs a component, and the name of the process in which it runs (what `pidof` finds). */
export type Run = { readonly process: string } & (
  | { readonly by: 'unit'; readonly unit: string }
  | { readonly by: 'static-pod' }
  | { readonly by: 'daemon-set'; readonly namespace: string; readonly name: string }
  /** A part of a unit's one process, together with others. */
  | { readonly by: 'embedded'; readonly unit: string }
  /** A part of the one process that the node's container is there for: what ends it ends the node, and Docker starts both again. */
  | { readonly by: 'container' }
);

export const datastores = ['etcd', 'SQLite'] as const;

/** Who makes the certificates of a cluster, and decides by that where they lie and who renews them. */
export type Certificates = 'kubeadm' | 'k3s';

export const inits = ['systemd', 'Docker'] as const;

/** `k3d` is k3s again, where k3d's containers run it: hardly anything of a node's shell is the same. */
export const distributionNames = ['kubeadm', 'k3s', 'k3d'] as const;
export type DistributionName = (typeof distributionNames)[number];

/** What a distribution of Kubernetes is, on its nodes: everything that another one has elsewhere, or does otherwise. */
export interface DistributionFacts {
  /** One of `DistributionName`, but in tests. */
  readonly name: string;
  /** What records and reports call it; default: its name. */
  readonly title?: string;
  /** What runs a node's programs: systemd, or Docker, for which a node is one program. */
  readonly init: (typeof inits)[number];
  readonly components: Readonly<Record<Component, Run>>;
  /** What keeps the API's objects; SQLite is behind kine, at state.db in `paths.datastore`. */
  readonly datastore: (typeof datastores)[number];
  readonly certificates: Certificates;
  readonly paths: {
    readonly cni: {
      readonly configuration: string;
      /** The file in it. */
      readonly conflist: string;
      /** The folder where the runtime looks for them. */
      readonly plugins: string;
      /** What grep finds in a listing of /proc/<pid>/exe while one of them runs. */
      readonly running: string;
      /** Where plug-ins keep addresses and results. */
      readonly state: string;
    };
    /** Kubeconfigs and whatever else the control plane is configured by. */
    readonly configuration: string;
    readonly adminKubeconfig: string;
    readonly kubeletKubeconfig: string;
    /** Certificates and CAs of the control plane. */
    readonly pki: string;
    readonly kubelet: string;
    readonly kubeletConfiguration: string;
    /** The kubelet's certificate as a client; kubeadm's has the key in the same file, k3s' lies beside all others that a node needs. */
    readonly kubeletCertificate: string;
    /** Pods that the kubelet starts without being told by the API. */
    readonly manifests: string;
    readonly datastore: string;
    /** Where the runtime has what runs: its socket, its tasks. */
    readonly runtime: string;
  };
  /** Interfaces of the pods' network on each node. */
  readonly links: { readonly bridge: string; readonly overlay: string };
  /** As they are typed on a node, whatever has become of the workstation's credentials. */
  readonly commands: { readonly kubectl: string; readonly ctr: string; readonly crictl: string };
  /** For a node: where the control group of all its pods is looked for, in that order (versions 1 and 2). */
  readonly podsGroups: readonly string[];
}

/** What a fault or a runbook needs of a distribution. */
export type Requirement =
  /** The component is a process of its own, which can be stopped or ended, and nothing else with it. */
  | { readonly apart: Component }
  /** systemd starts and stops it, and nothing else with it. */
  | { readonly unit: Component }
  /** The API knows it as a DaemonSet. */
  | { readonly daemonSet: Component }
  /** The kubelet starts it from a file. */
  | { readonly staticPod: Component }
  /** The API's objects are kept in it. */
  | { readonly datastore: DistributionFacts['datastore'] }
  /** Programs of a node are started so: `systemd` also where the installer's scripts are called, which stop its units. */
  | { readonly init: DistributionFacts['init'] };

/** What a step may say besides, as in `define.ts`. */
type Extra = Parameters<typeof act>[3];

/** What follows from a distribution's facts: shell for its nodes. */
interface Verbs {
  /** Units of these components, as systemctl is told in a node's shell (which may find out what this node has); each once. */
  readonly units: (...components: readonly Component[]) => string;
  /** The same as a unit file names them. */
  readonly services: (...components: readonly Component[]) => string;
  /** Their processes' names, as pidof is told; each once. */
  readonly processes: (...components: readonly Component[]) => string;
  /** What the name of a worker ends in, by its number from 1. */
  readonly workerName: (worker: number) => string;
  /** For a node: the component stands still (SIGSTOP), and goes on. */
  readonly pause: (component: Component) => string;
  readonly resume: (component: Component) => string;
  /** For a node: prints the state of its process as the kernel has it (`T` is stopped). */
  readonly state: (component: Component) => string;
  /** For a node: ends them, and whoever keeps them starts them again. What is a unit's is restarted. */
  readonly restart: (...components: readonly Component[]) => string;
  /** As `restart`, by force after five seconds. */
  readonly end: (...components: readonly Component[]) => string;
  /** As `restart`, by force at once; where none runs there is nothing to end. */
  readonly kill: (...components: readonly Component[]) => string;
  /** For a node: succeeds where they run, as far as whoever starts them knows. */
  readonly runs: (...components: readonly Component[]) => string;
  /**
   * The step that restarts parts of nodes by a command that is typed on them. Where a node can only be restarted as a whole, that is what is typed, on
   * the workstation.
   */
  readonly restartStep: (name: string, on: NodeSelector, command: string, extra?: Extra) => ShellStep;
  /** For a node: prints so many of the last lines that it logged; `dated`: a unit's with the journal's time before each. */
  readonly logs: (component: Component, lines: number, dated?: 'dated') => string;
  /**
   * For a node: prints what a unit logged between two instants (seconds since the epoch, shell's arithmetic allowed), also before the node's last start.
   * The journal of every machine (`-m`): a node in a container gets another machine's name at each boot.
   */
  readonly logsBetween: (component: Component, from: string, to: string) => string;
  /**
   * For the workstation: takes the administrator's credentials from the control plane, keeping the address by which this workstation
   * reaches the API. (kubeadm, "Creating a cluster": `scp root@<control-plane-host>:/etc/kubernetes/admin.conf .`)
   */
  readonly fetchCredentials: string;
}

/** A distribution of Kubernetes: one file under `harness/distributions/`. */
export interface Distribution extends DistributionFacts, Verbs {
  /** Where plug-ins and configuration of the pods' network are gone from nodes: puts both back, and lets whoever reads them read them. */
  readonly restoreNetwork: (on: NodeSelector) => readonly Step[];
  /** For a node: stops everything of Kubernetes on it and takes its network away. Nothing of it needs the API or the network. */
  readonly stopEverything: string;
  /** For the control plane: ends what there is beside the runtime, and starts it again. */
  readonly restartControlPlane: string;
  /** For a worker: the same, with the runtime. */
  readonly restartWorker: string;
  /** What its own command renews, whoever holds the certificates made to read them, and the workstation's credentials; until the API answers. */
  readonly renewCertificates: readonly Step[];
  /** As that, with an identity for every kubelet: nothing that has ended is left. */
  readonly renewEverything: readonly Step[];
  /** To the version that is installed. */
  readonly upgrade: readonly Step[];
  /** For a node: removes Kubernetes from it, with its data and a folder besides. */
  readonly uninstall: (folder: string) => string;
  /** On nodes from which it was removed: what comes first, and then for a control plane, and for a worker after it. */
  readonly install: {
    readonly first: readonly Step[];
    readonly controlPlane: string;
    readonly worker: string;
  };
}

/** The facts, and what follows from them. */
export function withVerbs(facts: DistributionFacts): DistributionFacts & Verbs {
  const { components: runs, paths } = facts;
  const unitOf = (component: Component): string => {
    const run = runs[component];
    // What is no unit's is told to no systemctl (`init` is required then), but every runbook is made before it is left out.
    if (run.by === 'container') return run.process;
    // Whatever a pod is, its kubelet starts it.
    return 'unit' in run ? run.unit : unitOf('kubelet');
  };
  const once = (names: readonly string[]): string => [...new Set(names)].join(' ');
  const units = (...of: readonly Component[]): string => once(of.map(unitOf));
  const processes = (...of: readonly Component[]): string => once(of.map((component) => runs[component].process));
  /** Those that systemd restarts, and those whose keeper starts them again once they have ended. */
  const ending = (of: readonly Component[], end: (processes: string) => string): string => {
    const kept = of.filter((component) => !('unit' in runs[component]));
    const own = of.filter((component) => 'unit' in runs[component]);
    return [
      ...(own.length === 0 ? [] : [`systemctl restart ${units(...own)}`]),
      ...(kept.length === 0 ? [] : [end(processes(...kept))]),
    ].join('\n');
  };
  return {
    ...facts,
    units,
    services: (...of) => units(...of).replace(/\S+/g, '$&.service'),
    processes,
    workerName: (worker) => `-worker${worker === 1 ? '' : worker}`,
    pause: (component) => `kill -STOP $(pidof ${processes(component)})`,
    resume: (component) => `kill -CONT $(pidof ${processes(component)})`,
    state: (component) => `awk '/^State:/ { print $2 }' /proc/$(pidof ${processes(component)})/status`,
    restart: (...of) => ending(of, (names) => `kill $(pidof ${names})`),
    end: (...of) => ending(of, endProcesses),
    kill: (...of) => ending(of, (names) => `kill -KILL $(pidof ${names}) 2>/dev/null || true`),
    runs: (...of) => `systemctl is-active ${units(...of)}`,
    restartStep: act,
    logs: (component, lines, dated) => {
      const run = runs[component];
      if (run.by === 'static-pod')
        return `tail -qn ${lines} /var/log/pods/kube-system_${run.process}-*/${run.process}/*.log`;
      return run.by === 'daemon-set'
        ? `tail -qn ${lines} /var/log/pods/${run.namespace}_${run.name}-*/*/*.log`
        : `journalctl -u ${unitOf(component)} -n ${lines}${dated ? '' : ' -o cat'} --no-pager`;
    },
    logsBetween: (component, from, to) =>
      `journalctl -q -m --no-pager -u ${unitOf(component)} -o cat --since "@${from}" --until "@${to}"`,
    fetchCredentials: [
      "server=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')",
      `ssh "$CONTROL_PLANE" cat ${paths.adminKubeconfig} > "$BACKUP/admin.conf"`,
      'sed "s#server: .*#server: $server#" "$BACKUP/admin.conf" > "$KUBECONFIG"',
    ].join('\n'),
  };
}

/**
 * For a node: ends processes by name as `systemctl stop` does, those that have not ended after five seconds by force. (An API
 * server that is asked to end goes on for over a minute as long as somebody watches through it.) Where none runs there is nothing to end.
 */
const endProcesses = (names: string): string =>
  [
    `pids=$(pidof ${names}) || exit 0`,
    'kill -TERM $pids 2>/dev/null || true',
    'for _ in 1 2 3 4 5; do',
    '  alive=',
    '  for pid in $pids; do if [ -d "/proc/$pid" ]; then alive=yes; fi; done',
    '  if [ -z "$alive" ]; then break; fi',
    '  sleep 1',
    'done',
    'kill -KILL $pids 2>/dev/null || true',
  ].join('\n');

const names: Readonly<Record<Component, string>> = {
  kubelet: 'the kubelet',
  runtime: 'the container runtime',
  proxy: 'the agent that writes service rules',
  network: "the agent of the pods' network",
  apiserver: 'the API server',
  controllers: 'the controller manager',
  scheduler: 'the scheduler',
  datastore: 'the datastore',
};

function unmet(requirement: Requirement, distribution: DistributionFacts): string | undefined {
  const { name, components, datastore, init } = distribution;
  if ('init' in requirement)
    return requirement.init === init
      ? undefined
      : `a node of ${name} has no ${requirement.init} and none of its units: ${init} starts its one program`;
  if ('datastore' in requirement)
    return requirement.datastore === datastore
      ? undefined
      : `the datastore of ${name} is ${datastore}, not ${requirement.datastore}`;
  const lacks = (component: Component, what: string, by?: Run['by']): string | undefined => {
    const run = components[component];
    const embedded = run.by === 'embedded' || run.by === 'container';
    if (by === undefined ? !embedded : run.by === by) return undefined;
    const instead = run.by === 'container' ? ' but a part of what the node is' : ` but a part of ${name}`;
    return `${names[component]} is no ${what} on ${name}${embedded ? instead : ''}`;
  };
  if ('apart' in requirement) return lacks(requirement.apart, 'process of its own');
  if ('unit' in requirement) return lacks(requirement.unit, 'unit of its own', 'unit');
  if ('daemonSet' in requirement) return lacks(requirement.daemonSet, 'DaemonSet', 'daemon-set');
  return lacks(requirement.staticPod, 'static pod', 'static-pod');
}

/** Why something with these requirements does not exist on a distribution, in a sentence without its full stop; undefined where it does. */
export function whyNot(requires: readonly Requirement[] = [], distribution: DistributionFacts): string | undefined {
  return requires.map((requirement) => unmet(requirement, distribution)).find((why) => why !== undefined);
}

/** What a cluster ran, for records and reports. A double of a distribution has `stand-in` in its version, and is called one. */
export const distributionLabel = (
  { name, title = name }: Pick<DistributionFacts, 'name' | 'title'>,
  version: string,
): string => (version.includes('stand-in') ? `${title} (stand-in)` : title);

import type { NodeSelector } from './step.ts';
import type { Distribution } from './distribution.ts';

/** Commands that faults and runbooks both type. Text only: what runs them is the engine. */

/**
 * What containerd logs when it is asked for a pod's sandbox, as an extended regular expression for single quotes; its second group is the pod's
 * name. Up to containerd 2.1 the metadata is printed as Go prints a struct, from 2.2 on as protobuf's text, which leaves zeros out and
 * promises no number of spaces.
 */
export function sandboxRequest(namespace = '[^,"]*'): string {
  const struct = `,Uid:[^,]*,Namespace:${namespace},Attempt:[0-9]*,\\}`;
  const text = `\\\\" +uid:\\\\"[^"]*" +namespace:\\\\"${namespace}\\\\"( +attempt:[0-9]+)?`;
  return `RunPodSandbox for (&PodSandboxMetadata\\{Name:|name:\\\\")([^,"]*)(${struct}|${text})"$`;
}

/** Where a node of scenario `bpf-too-large` says what its firmware announces, which is what the datapath agent builds its program for. */
export const firmware = '/etc/firedrill/firmware';

/** For a node: installs a firmware that announces so many entries. What reads it reads it at the node's next start. */
export const installFirmware = (entries: number): string =>
  `mkdir -p /etc/firedrill\necho 'entries=${entries}' > ${firmware}`;

/** The firmware that every node has before the update. */
export const soundEntries = 1024;

/**
 * What the update makes it announce: the agent's loop of six instructions is then walked through so often that the verifier's million does
 * not suffice, over three times.
 */
export const grownEntries = 600_000;

/**
 * For a node: `$limit`, `$used`, `$cache` and `$available` of all its pods together, in bytes. The limit is the kubelet's (node allocatable,
 * enforced on the group of all pods); files' pages are given back before anything is killed, so they count as available, as they do in
 * /proc/meminfo. Both versions of control groups. (Kubernetes, "Reserve Compute Resources for System Daemons"; the kernel's
 * admin-guide/cgroup-v1/memory and admin-guide/cgroup-v2.)
 */
export const podsMemory = ({ podsGroups }: Distribution): string =>
  [
    `for group in ${podsGroups.join(' ')}; do`,
    '  if [ -d "$group" ]; then break; fi',
    'done',
    'limit=$(cat "$group/memory.limit_in_bytes" 2>/dev/null || cat "$group/memory.max")',
    `if [ "$limit" = max ]; then limit=$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo); fi`,
    'used=$(cat "$group/memory.usage_in_bytes" 2>/dev/null || cat "$group/memory.current")',
    // Version 1 has what its children hold in total_*; version 2 always counts them.
    `cache=$(awk '/^total_(in)?active_file / { all += $2 } /^(in)?active_file / { own += $2 } END { printf "%.0f", (all > own ? all : own) }' "$group/memory.stat")`,
    'available=$((limit - used + cache))',
  ].join('\n');

/**
 * For a node: what the kernel's log says of kills in the containers of one name, the control group whose limit was hit first. Containers are
 * named by their ids, which are never used twice: the log is the whole machine's, with the kills of other nodes and of earlier trials in it.
 */
export const oomKillsOf = ({ commands }: Distribution, container: string): string =>
  [
    'killed=$(dmesg | grep "oom-kill:" || true)',
    `for id in $(${commands.ctr} containers ls -q 'labels."io.kubernetes.container.name"==${container}'); do`,
    '  echo "$killed" | sed -n "/task_memcg=[^,]*$id/s/.*oom_memcg=/oom_memcg=/p"',
    'done | tail -n 3',
  ].join('\n');

/** Where kine has its SQLite database. */
export const kineDatabase = ({ paths }: Distribution): string => `${paths.datastore}/state.db`;

/** The byte of a database's -shm file that SQLite locks to write in WAL mode. (sqlite.org, "WAL-mode File Format", locks.) */
export const writeLockByte = 120;

/**
 * For a node: prints pid and command line of each process but the datastore's own that holds the write lock of kine's database; nothing where
 * there is none.
 */
export const lockHolders = (distribution: Distribution): string =>
  [
    `awk -v file=":$(stat -c %i ${kineDatabase(distribution)}-shm)$" -v own=" $(pidof ${distribution.processes('datastore')}) " \\`,
    // Where a lock goes to the end of the file, $8 is `EOF`, which is greater as text.
    `  '$2 == "POSIX" && $4 == "WRITE" && $6 ~ file && $7 <= ${writeLockByte} && $8 >= ${writeLockByte} && !index(own, " " $5 " ") { print $5 }' /proc/locks |`,
    `while read -r pid; do echo "$pid $(tr '\\0' ' ' < /proc/$pid/cmdline)"; done`,
  ].join('\n');

/** The services that nobody uses any more, in scenarios with a small node: how many there are, and where they are told what to hold. */
export const unused = {
  namespace: 'unused',
  replicas: 6,
  folder: '/var/local/firedrill/unused',
  /** What one block is, and what it costs with the process that holds it. */
  blockMiB: 4,
  blockCostKiB: 4400,
  /** Their own limit is 128 MiB. */
  mostBlocks: 26,
} as const;

/** What Kubernetes and its network write into a firewall, as iptables-save prints it. */
const kubernetesRules = 'KUBE-|FLANNEL-|CNI-';

/**
 * For a node: `iptables -F`, and `-t nat -F` after it. A node in a container finds names by rules in that table which no machine has: those are
 * put back in the same breath.
 */
export const flushFirewall = [
  `machine=$(iptables-save -t nat | grep -vE '${kubernetesRules}')`,
  'iptables -F',
  'iptables -t nat -F',
  // Without its chains' counters, into a table that keeps what is not named.
  'echo "$machine" | iptables-restore -w --noflush',
].join('\n');

/** Where the workload's database has its data: on its node, in its container, and where its programs are there. */
export const databaseFiles = {
  onNode: '/var/local/firedrill/chromadb/pgdata',
  inContainer: '/var/lib/postgresql/data/pgdata',
  bin: '/usr/lib/postgresql/15/bin',
} as const;

/** For the database's node: `$postmaster`, the pid of the server, by which others get into its container. */
export const findPostmaster = 'postmaster=$(pgrep -o -x postgres)';

/**
 * For the database's node: every process of the server stands still. Twice, for what was begun while the first round went on; one that has
 * ended in between is no failure, and a server that stands still begins no others.
 */
export const stopPostgres = 'for round in 1 2; do kill -STOP $(pidof postgres) 2>/dev/null || true; done';

/** The names of selected nodes as a workstation's shell has them: `$NODES`, `$WORKERS`, or one worker of the latter. */
export function placeVariable(on: NodeSelector): string {
  if (on === 'nodes') return '$NODES';
  if (on === 'workers') return '$WORKERS';
  if (on === 'control-plane') return '$CONTROL_PLANE';
  return `$(echo $WORKERS | cut -d " " -f ${on.worker})`;
}

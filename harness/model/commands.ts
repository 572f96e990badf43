/** Commands that faults and runbooks both type. Text only: what runs them is the engine. */

/** `kubectl` as it is typed on a control-plane node, whatever has become of the workstation's credentials. */
export const adminKubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';

/**
 * For the workstation: takes the administrator's credentials from the control plane, keeping the address by which this workstation
 * reaches the API. (kubeadm, "Creating a cluster": `scp root@<control-plane-host>:/etc/kubernetes/admin.conf .`)
 */
export const fetchCredentials = [
  "server=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')",
  'ssh "$CONTROL_PLANE" cat /etc/kubernetes/admin.conf > "$BACKUP/admin.conf"',
  'sed "s#server: .*#server: $server#" "$BACKUP/admin.conf" > "$KUBECONFIG"',
].join('\n');

/**
 * For a control plane: ends processes by name as `systemctl stop` does, those that have not ended after five seconds by force. (An API
 * server that is asked to end goes on for over a minute as long as somebody watches through it.)
 */
export const endProcesses = (...names: readonly string[]): string =>
  [
    `pids=$(pidof ${names.join(' ')})`,
    'kill -TERM $pids',
    'for _ in 1 2 3 4 5; do',
    '  alive=',
    '  for pid in $pids; do if [ -d "/proc/$pid" ]; then alive=yes; fi; done',
    '  if [ -z "$alive" ]; then break; fi',
    '  sleep 1',
    'done',
    'kill -KILL $pids 2>/dev/null || true',
  ].join('\n');

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

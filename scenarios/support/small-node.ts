import { podsMemory, unused } from '../../harness/model/commands.ts';
import { act, until } from '../../harness/model/define.ts';
import type { Distribution } from '../../harness/model/distribution.ts';
import type { Step } from '../../harness/model/step.ts';
import { seconds } from '../../harness/model/units.ts';
import { indented } from './yaml.ts';

/** What the node has for all of its pods. */
const smallMiB = 768;

/**
 * What the server fills with zeros at its start (PostgreSQL's XLOGShmemInit): it is the biggest process of the node from its first
 * second on, and needs that much at once when it starts again.
 */
export const serverMiB = 256;

/** A server of some size, with a limit that it does not reach. */
const database = JSON.stringify([
  ...['-c', `wal_buffers=${serverMiB}MB`].map((value) => ({
    op: 'add',
    path: '/spec/template/spec/containers/0/args/-',
    value,
  })),
  { op: 'add', path: '/spec/template/spec/containers/0/resources/limits', value: { memory: '448Mi' } },
]);

/**
 * Holds as many blocks as it is told: each is the buffer of a dd whose reader never comes. Nothing is ever written anywhere, no process is
 * big, and what is killed is not brought back: a service that holds what it holds.
 */
const holdBlocks = `
trap 'exit 0' TERM
mkfifo /tmp/never /tmp/clock
exec 3<>/tmp/never 4<>/tmp/clock
blocks=()
while :; do
  want=0 pause=0.5
  if [ -r /unused/blocks ]; then read -r want < /unused/blocks; fi
  if [ "$want" -lt "\${#blocks[@]}" ]; then kill "\${blocks[@]}"; wait; blocks=(); fi
  if [ "$want" -gt "\${#blocks[@]}" ]; then
    dd if=/dev/zero bs=${unused.blockMiB}M count=1 status=none >&3 &
    blocks+=($!) pause=0.1
  fi
  read -r -t "$pause" -u 4
done`;

/** @WORKER@ is filled in when it is applied. */
const services = `apiVersion: v1
kind: Namespace
metadata: { name: ${unused.namespace} }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: unused, namespace: ${unused.namespace} }
data:
  serve.sh: |
${indented(holdBlocks, 4)}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: unused, namespace: ${unused.namespace} }
spec:
  replicas: ${unused.replicas}
  selector: { matchLabels: { app: unused } }
  template:
    metadata: { labels: { app: unused } }
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      nodeSelector: { kubernetes.io/hostname: '@WORKER@' }
      terminationGracePeriodSeconds: 2
      containers:
        - name: unused
          image: postgres:15
          imagePullPolicy: IfNotPresent
          command: [bash, /serve/serve.sh]
          # They ask for little and may take more: the scheduler sees a node with room.
          resources: { requests: { cpu: 1m, memory: 16Mi }, limits: { memory: 128Mi } }
          volumeMounts:
            - { name: serve, mountPath: /serve, readOnly: true }
            - { name: told, mountPath: /unused, readOnly: true }
      volumes:
        - { name: serve, configMap: { name: unused } }
        - { name: told, hostPath: { path: ${unused.folder}, type: DirectoryOrCreate } }
`;

/**
 * A second worker that is small, a database that is big, and services that nobody uses any more.
 *
 * The node is small as a small machine is to the kubelet: all but so many MiB of its memory are reserved for the system, so that allocatable is
 * what remains, the scheduler counts by it, and the kubelet sets it as the limit of all pods together. The kubelet itself, the runtime and the
 * other nodes stand outside. It does not evict before the kernel kills: kind sets thresholds for disks alone, as k3s does, and a list that is
 * given replaces all defaults.
 *
 * Source: postmortem 003, "The Database"; Kubernetes, "Reserve Compute Resources for System Daemons" (enforceNodeAllocatable: pods) and
 * "Node-pressure Eviction" (default hard thresholds).
 */
export const nodeOf = (distribution: Distribution, allocatableMiB: number): readonly Step[] => [
  act(
    `a node with ${allocatableMiB} MiB for its pods`,
    { worker: 2 },
    [
      `reserved=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) - ${allocatableMiB} * 1024))`,
      '[ "$reserved" -gt 0 ]',
      `printf 'systemReserved:\\n  memory: %sKi\\n' "$reserved" >> ${distribution.paths.kubeletConfiguration}`,
      distribution.restart('kubelet'),
    ].join('\n'),
  ),
  until(
    'wait until the kubelet enforces it',
    { worker: 2 },
    `${podsMemory(distribution)}\n[ "$limit" = $((${allocatableMiB} * 1048576)) ]`,
    seconds(45),
  ),
  act(
    'a database of some size',
    'workstation',
    [
      `kubectl -n chromadb patch statefulset chromadb --type=json -p '${database}'`,
      'kubectl -n chromadb rollout status statefulset chromadb --timeout=50s',
    ].join('\n'),
  ),
  act(
    'services that nobody uses any more',
    'workstation',
    `sed "s/@WORKER@/$(echo $WORKERS | cut -d ' ' -f 2)/" <<'YAML' | kubectl apply -f -\n${services}YAML`,
  ),
  until(
    'wait until they run',
    'workstation',
    `kubectl -n ${unused.namespace} rollout status deployment unused --timeout=5s`,
    seconds(90),
  ),
];

/** The small node of the postmortem's outage. */
export const smallNode = (distribution: Distribution): readonly Step[] => nodeOf(distribution, smallMiB);

import { installFirmware, soundEntries } from '../../harness/model/commands.ts';
import { act } from '../../harness/model/define.ts';
import type { Distribution } from '../../harness/model/distribution.ts';
import type { Step } from '../../harness/model/step.ts';
import { indented } from './yaml.ts';
import { untilAgentRolledOut, untilNodesReady } from '../../harness/runbooks/support/waits.ts';

/**
 * Loads an eBPF program by bpf(2), prints what the kernel says of it, and lets it go: six instructions that draw a random number for
 * each of so many entries. The verifier walks through a loop as often as it would run, and gives up after a million instructions.
 *
 * Arguments: the number of bpf(2) on this machine, the entries. Log level 4 is the verifier's summary and its reason alone: the full
 * log of a million instructions overflows any buffer, and the answer is then ENOSPC in place of E2BIG.
 */
const loadProgram = String.raw`
use strict; use warnings;
$| = 1;
my ($bpf, $entries) = @ARGV;
my $program = join "", map { pack "CCsl", @$_ } (
  [0xb7, 6, 0, 0],          # r6 = 0
  [0x07, 6, 0, 1],          # r6 += 1
  [0x85, 0, 0, 7],          # r0 = get_prandom_u32()
  [0xa5, 6, -3, $entries],  # if r6 < entries go back to the second
  [0xb7, 0, 0, 0],          # r0 = 0
  [0x95, 0, 0, 0],          # return r0
);
my $license = "GPL\0";
my $log = "\0" x 65536;
# union bpf_attr of BPF_PROG_LOAD: type (3: traffic control, as a datapath's), count, program, license, log level, size and buffer
my $attr = pack "LLPPLLPLL", 3, length($program) / 8, $program, $license, 4, length $log, $log, 0, 0;
my $fd = syscall($bpf, 5, $attr, length $attr);
my $error = $!;
$log =~ s/\0.*//s;
print $log;
if ($fd >= 0) { print "datapath: program for $entries entries is loaded\n"; exit 0 }
printf "datapath: program for %d entries is refused: %s (errno %d)\n", $entries, $error, $error;
exit 1;
`;

/**
 * What the agent's container runs. Version 1.0 builds its program for all that the firmware announces; 1.1 knows what the verifier
 * bears. An agent whose program is refused leaves no CNI configuration behind: no pod is plugged into a network that is not there.
 */
const startDatapath = (conflist: string): string =>
  String.raw`
case $(uname -m) in
  x86_64) bpf=321 ;;
  aarch64) bpf=280 ;;
  *) echo "datapath: no bpf(2) known for $(uname -m)"; exit 1 ;;
esac
entries=$(sed -n 's/^entries=//p' /firmware/firmware 2>/dev/null || true)
[ -n "$entries" ] || entries=SOUND
echo "datapath $DATAPATH_VERSION: the firmware announces $entries entries"
if [ "$DATAPATH_VERSION" != 1.0 ] && [ "$entries" -gt 4096 ]; then entries=4096; fi
if chroot /node perl - "$bpf" "$entries" < /datapath/load.pl; then exit 0; fi
rm -f CONFLIST
exit 1
`
    .replace('SOUND', String(soundEntries))
    .replace('CONFLIST', conflist);

/** Both as a ConfigMap beside the agent. */
const program = (conflist: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: datapath, namespace: kube-flannel }
data:
  start.sh: |
${indented(startDatapath(conflist), 4)}
  load.pl: |
${indented(loadProgram, 4)}
`;

/**
 * A strategic merge patch of the network's DaemonSet. The program is perl, which not every image has and every node does: the container
 * sees the node's own /usr and libraries (nothing else of it) and steps in there.
 */
const agentPatch = (configuration: string): string => `spec:
  template:
    spec:
      initContainers:
        - name: datapath
          image: postgres:15
          imagePullPolicy: IfNotPresent
          command: [sh, /datapath/start.sh]
          env: [{ name: DATAPATH_VERSION, value: '1.0' }]
          securityContext: { privileged: true }
          resources: { requests: { cpu: 1m, memory: 8Mi } }
          volumeMounts:
            - { name: cni, mountPath: ${configuration} }
            - { name: firmware, mountPath: /firmware, readOnly: true }
            - { name: datapath, mountPath: /datapath, readOnly: true }
            - { name: node-usr, mountPath: /node/usr, readOnly: true }
            - { name: node-lib, mountPath: /node/lib, readOnly: true }
            - { name: node-lib64, mountPath: /node/lib64, readOnly: true }
      volumes:
        - { name: firmware, hostPath: { path: /etc/firedrill, type: DirectoryOrCreate } }
        - { name: datapath, configMap: { name: datapath } }
        - { name: node-usr, hostPath: { path: /usr, type: Directory } }
        - { name: node-lib, hostPath: { path: /lib, type: Directory } }
        - { name: node-lib64, hostPath: { path: /lib64, type: DirectoryOrCreate } }
`;

/**
 * Makes the cluster's network agent one with a datapath in the kernel: it loads an eBPF program at its start, and only then the CNI
 * configuration is installed. A node that boots has none until its agent is up (Cilium's plugin refuses as long as its agent is down).
 *
 * Source: postmortem 001 (Cilium); Cilium's manual, "Component Overview" (the agent loads the programs and installs the CNI configuration).
 */
export function datapathAgent(distribution: Distribution): readonly Step[] {
  const { paths, units } = distribution;
  const { configuration, conflist } = paths.cni;
  const dropIns = `/etc/systemd/system/${units('runtime')}.service.d`;
  return [
    act('the firmware that the agent finds', 'nodes', installFirmware(soundEntries)),
    act(
      'a node that boots has no network until its agent is up',
      'nodes',
      [
        `mkdir -p ${dropIns}`,
        // /run begins empty at each boot: the agent writes that file when its network stands.
        `printf '[Service]\\nExecStartPre=/bin/sh -c "[ -e /run/flannel/subnet.env ] || rm -f ${conflist}"\\n' > ${dropIns}/10-datapath.conf`,
        'systemctl daemon-reload',
      ].join('\n'),
    ),
    act('what the agent loads, and how', 'workstation', `kubectl apply -f - <<'YAML'\n${program(conflist)}YAML`),
    act(
      'an agent that loads it first',
      'workstation',
      [
        `cat > "$BACKUP/datapath.patch.yaml" <<'YAML'\n${agentPatch(configuration)}YAML`,
        'kubectl -n kube-flannel patch daemonset kube-flannel-ds --patch-file "$BACKUP/datapath.patch.yaml"',
        'rm "$BACKUP/datapath.patch.yaml"',
      ].join('\n'),
    ),
    untilAgentRolledOut(distribution),
    untilNodesReady(),
  ];
}

import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import type { NodeSelector } from '../model/step.ts';
import { minutes, seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('name-reserved');

/** A message of containerd's, as the kubelet passes it on. */
const reserved = 'failed to reserve sandbox name .* is reserved for';

/** The sandboxes of pods that have a network of their own. */
const killAllButAgents = `for pid in $(pidof pause); do
  [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/1/ns/net)" ] || kill -KILL "$pid"
done`;

/**
 * Prints how many threads of containerd wait in opening /etc/hosts. That a thread waits for the other end of a pipe is not enough: each
 * container that is being started has some that do. Its system call's own argument says which file it is.
 */
const waitingForHosts = (runtime: string): string => `perl -e '
  my ($pid, $n) = ($ARGV[0], 0);
  open(my $memory, "<", "/proc/$pid/mem") or die "memory of containerd: $!";
  for my $task (glob "/proc/$pid/task/*/syscall") {
    open(my $call, "<", $task) or next;
    my (undef, undef, $path) = split / /, <$call> // "";
    next unless defined $path && $path =~ /^0x[0-9a-f]+$/ && sysseek($memory, hex $path, 0);
    my $read = sysread($memory, my $text, 11);
    $n++ if $read && $text eq "/etc/hosts\\0";
  }
  print $n' "$(pidof -s ${runtime})"`;

/**
 * Every sandbox of a node is to be recreated while the node's disk stands still for some seconds, and containerd keeps the name of each
 * for a creation that will never end: the kubelet gives up, tries again, and is told `name "..." is reserved for "..."` until somebody
 * does something about it. New pods, whose names are new, start.
 *
 * A file that every sandbox gets a copy of (/etc/hosts) is a pipe to which nobody writes, for as long as it takes: containerd's
 * threads that opened it then never come back, and no deadline of the kubelet's reaches them. In the postmortem a reboot left the names
 * behind; what containerd holds, what it says and what ends it are the same.
 *
 * Source: postmortem 004, RC-3 (`FailedCreatePodSandBox: name is reserved for <pre-reboot-hash>`, "for any pod that had previously run
 * on k8s02"); containerd's own issue tracker knows it from slow disks.
 *
 * @param options.node which node (default: the first worker)
 * @param options.agents `spared`: what runs on the node's own network (kube-proxy, flannel) keeps its sandbox
 */
export function nameReserved(
  distribution: Distribution,
  options: { readonly node?: NodeSelector; readonly agents?: 'hit' | 'spared' } = {},
): Fault {
  const node = options.node ?? { worker: 1 };
  const waiting = waitingForHosts(distribution.processes('runtime'));
  const kubeletSays = (since: string) =>
    `journalctl -u ${distribution.units('kubelet')} --since ${since} -o cat --no-pager`;
  return {
    id: 'name-reserved',
    title: 'containerd keeps the names of sandboxes that do not exist',
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade", RC-3',
    fidelity: 'equivalent',
    params: { node: typeof node === 'string' ? node : `worker ${node.worker}` },
    requires: [{ unit: 'runtime' }],
    targets: node,
    prepare: [
      act('a disk that can stand still', node, `mkdir -p ${kept} && rm -f ${kept}/hosts && mkfifo ${kept}/hosts`),
    ],
    inject: [
      act(
        'sandboxes die and are recreated while the disk stands still',
        node,
        [
          `mount --bind ${kept}/hosts /etc/hosts`,
          // As a reboot does it: every sandbox of the node is gone at once. In a node, `pause` is nothing but a pod's sandbox.
          options.agents === 'spared' ? killAllButAgents : 'kill -KILL $(pidof pause)',
          // Until the kubelet has seen it and asks for new ones: a second here, ten on a machine that is short of CPU.
          'for _ in $(seq 1 40); do',
          '  sleep 1',
          `  stuck=$(${waiting})`,
          '  [ "$stuck" -ge 3 ] && break',
          'done',
          'sleep 4',
          `stuck=$(${waiting})`,
          // Lazily: the creations that hang hold on to it.
          'umount --lazy /etc/hosts',
          'echo "the disk is back; $stuck creations did not come back with it"',
        ].join('\n'),
      ),
    ],
    witness: [
      {
        name: 'containerd says that names are reserved',
        on: node,
        command: `${kubeletSays('-20s')} | grep -c '${reserved}' || true`,
        expect: '^[1-9]',
      },
    ],
    // The kubelet gives up the first creation after twice its runtimeRequestTimeout, four minutes in stock.
    witnessDeadlineMs: minutes(5),
    undo: [
      act(
        'the disk goes on, and the runtime forgets',
        node,
        ['while [ -p /etc/hosts ]; do umount --lazy /etc/hosts; done', distribution.restart('runtime')].join('\n'),
      ),
      until('no name is reserved any more', node, `! ${kubeletSays('-8s')} | grep -q '${reserved}'`, seconds(50)),
    ],
  };
}

import { act, until } from '../../model/define.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** What k3s-killall.sh does, in its order, and the start after it. Typed at the machine's console: nothing of it needs its network. */
export const killallSteps = (on: NodeSelector): readonly Step[] => [
  act(
    'stop everything, and take its network away',
    on,
    [
      'systemctl stop kubelet',
      'for shim in $(pidof containerd-shim-runc-v2); do kill -KILL $(pgrep -P "$shim") "$shim" 2>/dev/null || true; done',
      'systemctl stop containerd',
      "ip netns list | awk '/^cni-/ { print $1 }' | xargs -r -n 1 ip netns delete 2>/dev/null || true",
      'awk \'$2 ~ "^(/run/containerd|/var/lib/kubelet/pods)" { print $2 }\' /proc/self/mounts | sort -r | xargs -r -n 1 umount --lazy 2>/dev/null || true',
      "ip -o link show master cni0 2>/dev/null | awk -F '[ :@]+' '{ print $2 }' | xargs -r -n 1 ip link delete 2>/dev/null || true",
      'ip link delete cni0 2>/dev/null || true',
      'ip link delete flannel.1 2>/dev/null || true',
      'rm -rf /var/lib/cni/',
      'iptables-save | grep -v KUBE- | grep -v CNI- | grep -iv flannel | iptables-restore',
    ].join('\n'),
    {
      standsFor: '/usr/local/bin/k3s-killall.sh',
      destroys: 'every container of the node, and what they hold in memory',
    },
  ),
  act('start it again', on, 'systemctl start containerd kubelet', { standsFor: 'systemctl start k3s' }),
  until('wait until it runs', on, 'systemctl is-active containerd kubelet', seconds(30)),
];

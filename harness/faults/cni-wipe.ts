import { act } from '../model/define.ts';
import type { Fault } from '../model/fault.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/** Where `prepare` keeps on the node what `undo` puts back. */
const kept = '/var/lib/firedrill/cni-wipe';

/**
 * An update that failed half-way: the CNI configuration is gone, the plugins too, and "restarting networking" took the
 * bridge and the overlay device down with nothing left to build them again.
 *
 * Source: postmortem 002 ("Failed to apply CNI configuration", "Restarting networking", "CNI plugin not found"). k3s tears
 * the links `cni0` and `flannel.1` down when it stops its network (k3s-killall.sh); here `ip link delete` does.
 *
 * @param options.nodes which nodes got the update (default: the workers)
 * @param options.plugins whether /opt/cni/bin is emptied too (default: true)
 * @param options.links whether networking is restarted, which deletes the links (default: true)
 */
export function cniWipe(
  options: { readonly nodes?: NodeSelector; readonly plugins?: boolean; readonly links?: boolean } = {},
): Fault {
  const nodes = options.nodes ?? 'workers';
  const plugins = options.plugins ?? true;
  const links = options.links ?? true;
  return {
    id: 'cni-wipe',
    title: 'A failed update wipes the CNI configuration and restarts networking',
    source: 'postmortem 002, "When Everything Crashes: The K3s Resurrection"',
    fidelity: 'real',
    params: { nodes: typeof nodes === 'string' ? nodes : `worker ${nodes.worker}`, plugins, links },
    targets: nodes,
    prepare: [
      act(
        'keep what the undo puts back',
        nodes,
        [
          `rm -rf ${kept} && mkdir -p ${kept}`,
          `cp -a /etc/cni/net.d ${kept}/net.d`,
          `cp -a /opt/cni/bin ${kept}/bin`,
          // The pods' ARP caches know the bridge by this address: a new bridge must answer to it.
          `cat /sys/class/net/cni0/address > ${kept}/mac`,
          `cat /sys/class/net/cni0/mtu > ${kept}/mtu`,
          `ip -4 -o addr show cni0 | awk '{print $4}' > ${kept}/address`,
        ].join('\n'),
      ),
    ],
    inject: [
      act(
        'the update fails half-way',
        nodes,
        [
          'rm -f /etc/cni/net.d/*',
          ...(plugins ? ['rm -f /opt/cni/bin/*'] : []),
          // What the witness can not catch later where the agent writes it again within a second (see witness).
          'test -z "$(ls -A /etc/cni/net.d)" && echo "configuration directory empty"',
          ...(links
            ? [
                // A plugin that plugs a pod in at this instant would make the bridge again after its deletion.
                "for _ in $(seq 50); do ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q ' /opt/cni/bin/' || break; sleep 0.1; done",
                'ip link delete cni0',
                'ip link delete flannel.1',
              ]
            : []),
        ].join('\n'),
      ),
    ],
    // flanneld notices that its device went away, exits, and its successor makes the device and the configuration again within
    // about a second: with `links` the configuration is gone for too short a time to be waited for, and the inject step itself
    // asserts that it was empty. What stays broken is what is witnessed: no plugins, no bridge.
    witness: [
      ...(links
        ? []
        : [{ name: 'no CNI configuration', on: nodes, command: 'ls -A /etc/cni/net.d | wc -l', expect: '^0$' }]),
      ...(plugins ? [{ name: 'no CNI plugins', on: nodes, command: 'ls -A /opt/cni/bin | wc -l', expect: '^0$' }] : []),
      ...(links
        ? [
            {
              name: 'no bridge',
              on: nodes,
              command: 'ls -d /sys/class/net/cni0 2>/dev/null | wc -l',
              expect: '^0$',
            },
          ]
        : []),
    ],
    witnessDeadlineMs: seconds(10),
    undo: [
      act(
        'put files and links back',
        nodes,
        [
          // The plugins come last: as soon as they are back the kubelet uses them, and their bridge would be made beside ours.
          // The pods' cables still hang there, unplugged: a bridge of the same address takes them in again.
          'if [ ! -d /sys/class/net/cni0 ]; then',
          `  ip link add cni0 address "$(cat ${kept}/mac)" mtu "$(cat ${kept}/mtu)" type bridge`,
          '  ip link set cni0 up',
          `  ip addr add "$(cat ${kept}/address)" brd + dev cni0`,
          'fi',
          'for veth in $(ls /sys/class/net | grep ^veth); do',
          // One that is gone by now went with its pod.
          '  [ -e "/sys/class/net/$veth/master" ] || ip link set "$veth" master cni0 || [ ! -e "/sys/class/net/$veth" ]',
          '  ip link set "$veth" type bridge_slave hairpin on || [ ! -e "/sys/class/net/$veth" ]',
          'done',
          // flanneld builds its device only at its start; kubelet starts it again.
          '[ -d /sys/class/net/flannel.1 ] || kill $(pidof flanneld) || echo "flanneld is being started anyway"',
          'mkdir -p /etc/cni/net.d /opt/cni/bin',
          `cp -a ${kept}/net.d/. /etc/cni/net.d/`,
          `cp -a ${kept}/bin/. /opt/cni/bin/`,
        ].join('\n'),
        { timeoutMs: seconds(20) },
      ),
      {
        kind: 'until',
        name: 'overlay device is back',
        on: nodes,
        command: 'test -d /sys/class/net/flannel.1',
        changes: false,
        timeoutMs: seconds(60),
      },
    ],
  };
}

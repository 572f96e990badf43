import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

/** Where `prepare` keeps on the node what `undo` puts back. */
const kept = keptBy('cni-wipe');

/**
 * An update that failed half-way: the CNI configuration is gone, the plugins too, and "restarting networking" took the
 * bridge and the overlay device down with nothing left to build them again.
 *
 * Source: postmortem 002 ("Failed to apply CNI configuration", "Restarting networking", "CNI plugin not found"). k3s tears
 * the links `cni0` and `flannel.1` down when it stops its network (k3s-killall.sh); here `ip link delete` does.
 *
 * @param options.nodes which nodes got the update (default: the workers)
 * @param options.plugins whether the folder of plugins is emptied too (default: true)
 * @param options.links whether networking is restarted, which deletes the links (default: true)
 */
export function cniWipe(
  distribution: Distribution,
  options: { readonly nodes?: NodeSelector; readonly plugins?: boolean; readonly links?: boolean } = {},
): Fault {
  const nodes = options.nodes ?? 'workers';
  const plugins = options.plugins ?? true;
  const links = options.links ?? true;
  const { configuration, plugins: bin, running } = distribution.paths.cni;
  const { bridge, overlay } = distribution.links;
  const device = (link: string) => `/sys/class/net/${link}`;
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
          `cp -a ${configuration} ${kept}/net.d`,
          `cp -a ${bin} ${kept}/bin`,
          // The pods' ARP caches know the bridge by this address: a new bridge must answer to it.
          `cat ${device(bridge)}/address > ${kept}/mac`,
          `cat ${device(bridge)}/mtu > ${kept}/mtu`,
          `ip -4 -o addr show ${bridge} | awk '{print $4}' > ${kept}/address`,
        ].join('\n'),
      ),
    ],
    inject: [
      act(
        'the update fails half-way',
        nodes,
        [
          `rm -f ${configuration}/*`,
          ...(plugins ? [`rm -f ${bin}/*`] : []),
          // What the witness can not catch later where the agent writes it again within a second (see witness).
          `test -z "$(ls -A ${configuration})" && echo "configuration directory empty"`,
          ...(links
            ? [
                // A plugin that plugs a pod in at this instant would make the bridge again after its deletion.
                `for _ in $(seq 50); do ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q '${running}' || break; sleep 0.1; done`,
                `ip link delete ${bridge}`,
                `ip link delete ${overlay}`,
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
        : [{ name: 'no CNI configuration', on: nodes, command: `ls -A ${configuration} | wc -l`, expect: '^0$' }]),
      ...(plugins ? [{ name: 'no CNI plugins', on: nodes, command: `ls -A ${bin} | wc -l`, expect: '^0$' }] : []),
      ...(links
        ? [
            {
              name: 'no bridge',
              on: nodes,
              command: `ls -d ${device(bridge)} 2>/dev/null | wc -l`,
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
          `if [ ! -d ${device(bridge)} ]; then`,
          `  ip link add ${bridge} address "$(cat ${kept}/mac)" mtu "$(cat ${kept}/mtu)" type bridge`,
          `  ip link set ${bridge} up`,
          `  ip addr add "$(cat ${kept}/address)" brd + dev ${bridge}`,
          'fi',
          'for veth in $(ls /sys/class/net | grep ^veth); do',
          // One that is gone by now went with its pod.
          `  [ -e "/sys/class/net/$veth/master" ] || ip link set "$veth" master ${bridge} || [ ! -e "/sys/class/net/$veth" ]`,
          '  ip link set "$veth" type bridge_slave hairpin on || [ ! -e "/sys/class/net/$veth" ]',
          'done',
          // flanneld builds its device only at its start.
          `[ -d ${device(overlay)} ] || ${distribution.restart('network')} || echo "flanneld is being started anyway"`,
          `mkdir -p ${configuration} ${bin}`,
          `cp -a ${kept}/net.d/. ${configuration}/`,
          `cp -a ${kept}/bin/. ${bin}/`,
        ].join('\n'),
        { timeoutMs: seconds(20) },
      ),
      {
        kind: 'until',
        name: 'overlay device is back',
        on: nodes,
        command: `test -d ${device(overlay)}`,
        changes: false,
        timeoutMs: seconds(60),
      },
    ],
  };
}

import { act, look } from '../../model/define.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { placeVariable } from './place.ts';
import { untilNodesReady } from './waits.ts';

/**
 * The configuration as flannel's daemon set writes it, from what flanneld last knew of this node's subnet. Kept in step with
 * manifests/flannel.yaml by a test.
 */
const writeConfiguration = [
  '. /run/flannel/subnet.env',
  'subnet="${FLANNEL_SUBNET%.1/*}.0/${FLANNEL_SUBNET#*/}"',
  'mkdir -p /etc/cni/net.d',
  `printf '{"cniVersion":"1.0.0","name":"cbr0","plugins":[{"type":"bridge","bridge":"cni0","mtu":%s,"isGateway":true,"hairpinMode":true,"ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":"%s"}]],"routes":[{"dst":"%s"},{"dst":"0.0.0.0/0"}]}},{"type":"portmap","capabilities":{"portMappings":true}}]}' "$FLANNEL_MTU" "$subnet" "$FLANNEL_NETWORK" > /etc/cni/net.d/10-flannel.conflist`,
].join('\n');

/** Puts the CNI plugins and configuration back on the nodes that were hit and waits until all nodes are Ready. */
export const restoreCniSteps = (on: NodeSelector = 'workers'): readonly Step[] => [
  look(
    'see what the kubelet says',
    on,
    "journalctl -u kubelet -n 200 --no-pager | grep -i 'network.*not ready' | tail -1",
  ),
  look(
    'see what is left',
    on,
    'ls -A /etc/cni/net.d /opt/cni/bin; for link in cni0 flannel.1; do ip -br link show $link 2>/dev/null || echo "$link is gone"; done',
  ),
  act(
    'copy the plugins back',
    'workstation',
    `for node in ${placeVariable(on)}; do tar -C "$PACKAGES" -cf - . | ssh "$node" "mkdir -p /opt/cni/bin && tar -C /opt/cni/bin -xf -"; done`,
    { standsFor: 'apt-get install --reinstall containernetworking-plugins' },
  ),
  act('write the configuration back', on, writeConfiguration),
  act('restart the runtime and the kubelet', on, 'systemctl restart containerd kubelet', {
    standsFor: 'systemctl restart k3s',
  }),
  untilNodesReady(),
];

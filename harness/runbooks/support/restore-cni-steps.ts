import { act, look } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { placeVariable } from './place.ts';
import { untilNodesReady } from './waits.ts';

/**
 * The configuration as flannel's daemon set writes it, from what flanneld last knew of this node's subnet. Kept in step with
 * manifests/flannel.yaml by a test.
 */
const writeConfiguration = ({ links, paths }: Distribution): string =>
  [
    '. /run/flannel/subnet.env',
    'subnet="${FLANNEL_SUBNET%.1/*}.0/${FLANNEL_SUBNET#*/}"',
    `mkdir -p ${paths.cni.configuration}`,
    `printf '{"cniVersion":"1.0.0","name":"cbr0","plugins":[{"type":"bridge","bridge":"${links.bridge}","mtu":%s,"isGateway":true,"hairpinMode":true,"ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":"%s"}]],"routes":[{"dst":"%s"},{"dst":"0.0.0.0/0"}]}},{"type":"portmap","capabilities":{"portMappings":true}}]}' "$FLANNEL_MTU" "$subnet" "$FLANNEL_NETWORK" > ${paths.cni.conflist}`,
  ].join('\n');

/** Puts the CNI plugins and configuration back on the nodes that were hit and waits until all nodes are Ready. */
export const restoreCniSteps = (distribution: Distribution, on: NodeSelector = 'workers'): readonly Step[] => {
  const { links, paths, units } = distribution;
  const { configuration, plugins } = paths.cni;
  return [
    look(
      'see what the kubelet says',
      on,
      `journalctl -u ${units('kubelet')} -n 200 --no-pager | grep -i 'network.*not ready' | tail -1`,
    ),
    look(
      'see what is left',
      on,
      `ls -A ${configuration} ${plugins}; for link in ${links.bridge} ${links.overlay}; do ip -br link show $link 2>/dev/null || echo "$link is gone"; done`,
    ),
    act(
      'copy the plugins back',
      'workstation',
      `for node in ${placeVariable(on)}; do tar -C "$PACKAGES" -cf - . | ssh "$node" "mkdir -p ${plugins} && tar -C ${plugins} -xf -"; done`,
      { standsFor: 'apt-get install --reinstall containernetworking-plugins' },
    ),
    act('write the configuration back', on, writeConfiguration(distribution)),
    act('restart the runtime and the kubelet', on, `systemctl restart ${units('runtime', 'kubelet')}`, {
      standsFor: 'systemctl restart k3s',
    }),
    untilNodesReady(),
  ];
};

import { look } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { untilNodesReady } from './waits.ts';

/** Puts the CNI plugins and configuration back on the nodes that were hit and waits until all nodes are Ready. */
export const restoreCniSteps = (distribution: Distribution, on: NodeSelector = 'workers'): readonly Step[] => {
  const { links, paths } = distribution;
  const { configuration, plugins } = paths.cni;
  return [
    look(
      'see what the kubelet says',
      on,
      `${distribution.logs('kubelet', 200, 'dated')} | grep -i 'network.*not ready' | tail -1`,
    ),
    look(
      'see what is left',
      on,
      `ls -A ${configuration} ${plugins}; for link in ${links.bridge} ${links.overlay}; do ip -br link show $link 2>/dev/null || echo "$link is gone"; done`,
    ),
    ...distribution.restoreNetwork(on),
    untilNodesReady(),
  ];
};

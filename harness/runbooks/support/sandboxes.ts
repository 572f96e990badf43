import type { Distribution } from '../../model/distribution.ts';

/** Ends a node's kubelet, which would make them again, and everything that its runtime runs (postmortem 004: `crictl stopp`, `crictl rmp`). */
export const removeAllSandboxes = ({ commands: { crictl }, units }: Distribution): string =>
  [
    `systemctl stop ${units('kubelet')}`,
    `${crictl} --timeout 20s stopp $(${crictl} pods -q)`,
    `${crictl} --timeout 20s rmp $(${crictl} pods -q)`,
  ].join('; ');

import { act, look, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { lastReservedName } from './support/reserved-names.ts';
import { removeAllSandboxes } from './support/sandboxes.ts';

/**
 * Remove every sandbox of a node and let its kubelet make all again: what the postmortem wished to have done before the reboot, done after it.
 * Source: postmortem 004, lessons learned ("containerd must be drained before rebooting": `crictl stopp`, `crictl rmp`).
 * @param options.on which node
 */
export function removeSandboxes(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'remove-sandboxes',
    title: 'Remove all sandboxes of the node',
    source: 'postmortem 004, lessons learned',
    why: 'The runtime keeps names reserved: without a sandbox it may release them.',
    // The runtime has to run while nobody asks it for new ones.
    requires: [{ unit: 'kubelet' }],
    steps: [
      look('see what the kubelet says', options.on, lastReservedName(distribution)),
      act(
        'stop and remove them, the kubelet away meanwhile',
        options.on,
        `${removeAllSandboxes(distribution)}; systemctl start ${distribution.units('kubelet')}`,
        { timeoutMs: seconds(90), destroys: 'every container of the node: its pods are recreated' },
      ),
      until('wait until it runs', options.on, distribution.runs('kubelet'), seconds(30)),
    ],
  };
}

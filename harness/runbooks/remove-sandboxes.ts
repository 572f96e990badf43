import { act, look, until } from '../model/define.ts';
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
export function removeSandboxes(options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'remove-sandboxes',
    title: 'Remove all sandboxes of the node',
    source: 'postmortem 004, lessons learned',
    why: 'The runtime keeps names reserved: without a sandbox it may release them.',
    steps: [
      look('see what the kubelet says', options.on, lastReservedName),
      act(
        'stop and remove them, the kubelet away meanwhile',
        options.on,
        `${removeAllSandboxes}; systemctl start kubelet`,
        { timeoutMs: seconds(90), destroys: 'every container of the node: its pods are recreated' },
      ),
      until('wait until it runs', options.on, 'systemctl is-active kubelet', seconds(30)),
    ],
  };
}

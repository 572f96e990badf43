import { act, look, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { lastReservedName } from './support/reserved-names.ts';

/**
 * Restart the container runtime of a node; what runs goes on running.
 * Source: postmortem 004, 08:00 (the restart of kubelite "flushed" containerd; microk8s' containerd is a service of its own).
 * @param options.on which node
 */
export function restartContainerd(distribution: Distribution, options: { readonly on: NodeSelector }): Runbook {
  return {
    id: 'restart-containerd',
    title: 'Restart containerd',
    source: 'postmortem 004, RC-3',
    why: 'The kubelet says that names are reserved for containers that nobody can find.',
    requires: [{ unit: 'runtime' }],
    steps: [
      look('see what the kubelet says', options.on, lastReservedName(distribution)),
      act('restart it', options.on, distribution.restart('runtime')),
      until('wait until it runs', options.on, distribution.runs('runtime'), seconds(30)),
    ],
  };
}

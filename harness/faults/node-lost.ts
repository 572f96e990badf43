import { act, powerOff, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';

/** A connection to the kubelet's port: kind's nodes have no ping. */
const asked = 'timeout 2 bash -c "exec 3<>/dev/tcp/$ip/10250" 2>/dev/null';

/**
 * One worker loses its power and stays away: whatever ran on it alone is gone until somebody, or Kubernetes after its toleration of
 * five minutes, starts it elsewhere.
 *
 * Source: postmortem 004, "CoreDNS was a SPOF" ("any node reboot including that node drops in-cluster DNS").
 *
 * @param options.worker which one, from 1
 */
export function nodeLost(distribution: Distribution, options: { readonly worker: number }): Fault {
  const { kubectl } = distribution.commands;
  const on = { worker: options.worker };
  const name = `.metadata.name | endswith("${distribution.workerName(options.worker)}")`;
  const address = `${kubectl} get nodes --request-timeout=3s -o json | jq -r '.items[] | select(${name}) | .status.addresses[] | select(.type == "InternalIP").address'`;
  return {
    id: 'node-lost',
    title: 'A node loses its power',
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade", what could improve, 5',
    fidelity: 'real',
    params: { worker: options.worker },
    targets: on,
    prepare: [act('see that it answers', 'control-plane', `ip=$(${address}) && [ -n "$ip" ] && ${asked}`)],
    inject: [powerOff('the power fails', on)],
    witness: [
      {
        name: 'it does not answer',
        on: 'control-plane',
        command: `ip=$(${address}); [ -n "$ip" ] && { ${asked} && echo answers || echo silent; }`,
        expect: '^silent$',
      },
    ],
    witnessDeadlineMs: seconds(20),
    undo: [
      reboot('switch it on', on, seconds(60)),
      until('its kubelet runs', on, distribution.runs('kubelet'), seconds(45)),
    ],
  };
}

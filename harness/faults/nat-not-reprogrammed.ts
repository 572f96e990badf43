import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/**
 * One node without its service rules, and the agent that should write them running on with what it believes is there: the KUBE-
 * chains of the nat table are emptied, as a reboot does it, and kube-proxy is frozen (SIGSTOP), as one that survived the reboot
 * without noticing. Nothing that comes from this node reaches a service address any more; what comes to it by a node port neither.
 *
 * Source: postmortem 004, RC-2 ("`iptables -t nat -L | grep KUBE` returns empty for k8s02", while calico-node ran with pre-reboot state).
 *
 * @param options.node which node (default: the first worker, by which users enter)
 */
export function natNotReprogrammed(distribution: Distribution, options: { readonly node?: NodeSelector } = {}): Fault {
  const node = options.node ?? { worker: 1 };
  return {
    id: 'nat-not-reprogrammed',
    title: 'A node comes back without its service rules, and its agent does not notice',
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade", RC-2',
    fidelity: 'equivalent',
    params: { node: typeof node === 'string' ? node : `worker ${node.worker}` },
    requires: [{ apart: 'proxy' }],
    targets: node,
    prepare: [act('see that there are rules', node, "iptables-save -t nat | grep -q -- '-A KUBE-SERVICES'")],
    inject: [
      act(
        'the agent stands still and the rules are gone',
        node,
        [
          distribution.pause('proxy'),
          'for chain in $(iptables-save -t nat | sed -n \'s/^:\\(KUBE-[^ ]*\\) .*/\\1/p\'); do iptables -w -t nat -F "$chain"; done',
        ].join('\n'),
      ),
    ],
    witness: [
      {
        name: 'no service rule in the nat table',
        on: node,
        command: "iptables-save -t nat | grep -c -- '^-A KUBE-' || true",
        expect: '^0$',
      },
      {
        name: 'the agent runs, and does nothing',
        on: node,
        command: distribution.state('proxy'),
        expect: '^T$',
      },
    ],
    witnessDeadlineMs: seconds(10),
    undo: [
      // Whoever starts again writes all of them.
      act(
        'another agent',
        node,
        `kill -KILL $(pidof ${distribution.processes('proxy')}) 2>/dev/null || echo "there is none: it is about to be started"`,
      ),
      until('service rules are there', node, "iptables-save -t nat | grep -q -- '-A KUBE-SERVICES'", seconds(45)),
    ],
  };
}

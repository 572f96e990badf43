import { flushFirewall } from '../model/commands.ts';
import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('iptables-flush');

/**
 * Somebody tries the commands of an issue's comment on a node: `iptables -F`, and `-t nat -F` after it. The rules are gone and the
 * policies stay: what a firewall drops by default is now everything. The chains of Kubernetes stay, too, empty, so that their
 * owner, who looks whether they are there, believes that all is well.
 *
 * Source: postmortem 003, "Getting locked-out" ("I ran the very first one - iptables -F and my ssh session froze"; then "the rest of the
 * commands" from k3s' issue 535).
 *
 * @param options.node which node
 */
export function iptablesFlush(distribution: Distribution, options: { readonly node: NodeSelector }): Fault {
  const { node } = options;
  return {
    id: 'iptables-flush',
    title: 'The firewall rules of a node are flushed, and its policies stay',
    source: 'postmortem 003, "Getting locked-out"',
    fidelity: 'real',
    params: { node: typeof node === 'string' ? node : `worker ${node.worker}` },
    targets: node,
    prepare: [
      act(
        'keep what the undo puts back',
        node,
        [
          `mkdir -p ${kept}`,
          `iptables-save -t filter > ${kept}/filter`,
          "iptables-save -t nat | grep -q -- '-A KUBE-SERVICES'",
        ].join('\n'),
      ),
    ],
    inject: [act('flush them', node, flushFirewall)],
    witness: [
      {
        name: 'what is not listed is dropped, and nothing of the host is listed',
        on: node,
        command: "iptables -S INPUT | grep '^-P'; iptables -S | grep -c -- '^-A host-' || true",
        expect: '^-P INPUT DROP\\n0$',
      },
      {
        name: 'no rule leads to a service',
        on: node,
        command: "iptables-save -t nat | grep -c -- '-j KUBE-SEP-' || true",
        expect: '^0$',
      },
    ],
    witnessDeadlineMs: seconds(10),
    undo: [
      act(
        'put the rules back',
        node,
        [
          `iptables-restore -w -T filter < ${kept}/filter`,
          // Whoever starts again writes all of its own.
          distribution.kill('proxy', 'network'),
          `systemctl start ${distribution.units('runtime', 'kubelet')}`,
        ].join('\n'),
      ),
      until('service rules are there', node, "iptables-save -t nat | grep -q -- '-j KUBE-SEP-'", seconds(45)),
    ],
  };
}

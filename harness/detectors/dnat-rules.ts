import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/** How many rules of this node lead to an endpoint of a service. */
const count = "iptables-save -t nat | grep -c -- '-j KUBE-SEP-' || true";

/**
 * A node on which no rule leads to any service: what a check on each node sees that its agent, which believes that all is written,
 * does not.
 *
 * Source: postmortem 004, action items (`check_calico_node_restarts.sh`; "no NRPE check verifies that ClusterIP DNAT rules exist on
 * each node post-reboot").
 */
export function dnatRules(): Detector {
  return {
    id: 'dnat-rules',
    title: 'A node has no service rules',
    source: 'postmortem 004, chain 2: no check verified that ClusterIP DNAT rules exist on each node',
    loop: (profile) => `counts the rules of every node every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'no service rules on',
    watch({ cluster, signal, now }, profile) {
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const counts = await Promise.all(
          cluster.nodes.map(async ({ name }) => {
            return { name, rules: Number((await askNode({ cluster, signal }, name, count)).trim()) };
          }),
        );
        const bare = counts.filter(({ rules }) => rules === 0).map(({ name }) => name);
        return bare.length === 0 ? undefined : `no service rules on ${bare.join(', ')}`;
      });
    },
  };
}

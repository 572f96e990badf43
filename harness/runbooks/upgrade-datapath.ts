import { act, look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { untilAgentRolledOut, untilNodesReady } from './support/waits.ts';

/**
 * Roll out the version of the network's agent whose program the verifier accepts. What crash-loops is replaced first, for a daemon set's
 * rolling update need not wait for pods that are not available.
 * Source: postmortem 001, after 5 ("there may be a Cilium update. Sure enough, there is. Thank God that fixes my issue").
 */
export function upgradeDatapath(distribution: Distribution): Runbook {
  return {
    id: 'upgrade-datapath',
    title: "Upgrade the network's agent",
    source: 'postmortem 001, after step 5',
    why: "The agent's log says that the kernel refuses its program, and its issue tracker knows of it: a newer version builds a smaller one.",
    requires: [{ daemonSet: 'network' }],
    steps: [
      look('see the agents', 'workstation', 'kubectl -n kube-flannel get pods -o wide'),
      look(
        'read what they say',
        'workstation',
        'kubectl -n kube-flannel logs -l app=flannel -c datapath --prefix --tail=6',
      ),
      act(
        'roll out the newer version',
        'workstation',
        'kubectl -n kube-flannel set env daemonset/kube-flannel-ds -c datapath DATAPATH_VERSION=1.1',
        { standsFor: 'helm upgrade cilium cilium/cilium --namespace kube-system --reuse-values' },
      ),
      untilAgentRolledOut(distribution),
      untilNodesReady(),
    ],
  };
}

import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { corednsRolledOut } from './support/coredns.ts';

/**
 * Point the nodes' resolver away from loopback and restart CoreDNS, as CoreDNS' manual says for a detected loop.
 * Source: CoreDNS manual, plugin loop, "Troubleshooting loops in Kubernetes clusters".
 */
export function restoreResolver(): Runbook {
  return {
    id: 'restore-resolver',
    title: "Fix the nodes' resolver, then restart CoreDNS",
    source: 'CoreDNS manual, plugin loop',
    why: 'CoreDNS inherits the resolver of its node; as long as that is loopback, every restart fails the same way.',
    steps: [
      look('read why it dies', 'workstation', 'kubectl -n kube-system logs -l k8s-app=kube-dns --tail=3'),
      look('see the resolver', 'nodes', 'cat /etc/resolv.conf'),
      act(
        'point the resolver at the gateway',
        'nodes',
        `echo "nameserver $(ip -4 route show default | awk '{print $3}')" > /etc/resolv.conf`,
      ),
      act(
        'make new CoreDNS pods',
        'workstation',
        'kubectl -n kube-system delete pods -l k8s-app=kube-dns --wait=false',
      ),
      corednsRolledOut('wait until it is available'),
    ],
  };
}

import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { corednsRolledOut } from './support/coredns.ts';

/**
 * Restart the cluster's DNS, because names do not resolve.
 * Source: postmortem 002 ("DNS was broken"; CoreDNS in CrashLoopBackOff).
 */
export function restartCoredns(): Runbook {
  return {
    id: 'restart-coredns',
    title: 'Restart CoreDNS',
    source: 'postmortem 002, "DNS was broken"',
    why: 'Services cannot resolve each other and CoreDNS is failing: the obvious suspect.',
    steps: [
      look('see CoreDNS', 'workstation', 'kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide'),
      act('restart it', 'workstation', 'kubectl -n kube-system rollout restart deployment coredns'),
      corednsRolledOut('wait until it is available'),
    ],
  };
}

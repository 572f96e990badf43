import { act } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { oneCorednsReady, seeCoredns } from './support/coredns.ts';

/**
 * Two copies of CoreDNS instead of one, so that one of them is on a node that lives.
 * Source: postmortem 004, 08:00 ("CoreDNS scaled from 1 to 2 replicas to eliminate DNS SPOF").
 */
export function scaleCoredns2(): Runbook {
  return {
    id: 'scale-coredns-2',
    title: 'Scale CoreDNS to two',
    source: 'postmortem 004, resolution summary',
    why: 'No name is resolved, and the only CoreDNS is on a node that is gone.',
    steps: [
      seeCoredns,
      act('two of them', 'workstation', 'kubectl -n kube-system scale deployment coredns --replicas=2'),
      oneCorednsReady,
    ],
  };
}

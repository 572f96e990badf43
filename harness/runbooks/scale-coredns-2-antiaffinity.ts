import { act } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { oneCorednsReady, seeCoredns } from './support/coredns.ts';

const apart = JSON.stringify({
  spec: {
    replicas: 2,
    template: {
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } },
            ],
          },
        },
      },
    },
  },
});

/**
 * Two copies of CoreDNS that may never share a node: another template, so both are rolled out again.
 * Source: postmortem 004, action items ("ensure CoreDNS PodAntiAffinity patch is applied").
 */
export function scaleCoredns2Antiaffinity(): Runbook {
  return {
    id: 'scale-coredns-2-antiaffinity',
    title: 'Scale CoreDNS to two, never on one node',
    source: 'postmortem 004, action items',
    why: 'No name is resolved, the only CoreDNS is on a node that is gone, and it must not happen again.',
    steps: [
      seeCoredns,
      act('two of them, apart', 'workstation', `kubectl -n kube-system patch deployment coredns -p '${apart}'`),
      oneCorednsReady,
    ],
  };
}

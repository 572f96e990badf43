import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

/** The kubelet renews its lease at its interval and up to so much of it later (component-helpers' lease controller). */
const heartbeatJitter = 0.04;

/**
 * No copy of CoreDNS is ready. The API calls a pod of a node that went away ready until the node's grace period has passed since its
 * last heartbeat, which came one interval before the outage at the earliest: no check on replicas is sooner than the one less the other. (A
 * node that is back before that would say itself that its pods have ended; those of the scenarios are away for longer.)
 *
 * Source: postmortem 004, action items (`check_coredns_replicas.sh`, which wants two).
 */
export function corednsReplicas(): Detector {
  return {
    id: 'coredns-replicas',
    title: 'No CoreDNS is ready',
    source: 'postmortem 004, action items: check_coredns_replicas.sh',
    loop: (profile) => `asks the API every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: (profile) => millis(profile.nodeGraceMs - (1 + heartbeatJitter) * profile.kubeletStatusMs),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'CoreDNS',
    watch({ cluster, signal, now }, profile) {
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const pods = await cluster.api.pods({
          namespace: 'kube-system',
          labelSelector: 'k8s-app=kube-dns',
          timeoutMs: seconds(4),
          signal,
        });
        return pods.some((pod) => pod.ready && !pod.terminating)
          ? undefined
          : `0 of ${pods.length} CoreDNS ready: ${pods.map((pod) => `${pod.name} on ${pod.node || 'no node'}`).join(', ')}`;
      });
    },
  };
}

import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

/** The kubelet renews its lease at its interval and up to so much of it later (component-helpers' lease controller). */
const heartbeatJitter = 0.04;

/**
 * Too few copies of CoreDNS are ready. The API calls a pod of a node that went away ready until the node's grace period has passed since its
 * last heartbeat, which came one interval before the outage at the earliest: no check on replicas is sooner than the one less the other. (A
 * node that is back before that would say itself that its pods have ended; those of the scenarios are away for longer.)
 *
 * Source: postmortem 004, action items (`check_coredns_replicas.sh`).
 *
 * @param options.least how many must be ready (default 1: none is left; the postmortem's check wants 2)
 */
export function corednsReplicas(options: { readonly least?: number } = {}): Detector {
  const least = options.least ?? 1;
  return {
    id: 'coredns-replicas',
    title: least === 1 ? 'No CoreDNS is ready' : `Fewer than ${least} CoreDNS are ready`,
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
        const ready = pods.filter((pod) => pod.ready && !pod.terminating);
        return ready.length >= least
          ? undefined
          : `${ready.length} of ${pods.length} CoreDNS ready: ${pods.map((pod) => `${pod.name} on ${pod.node || 'no node'}`).join(', ')}`;
      });
    },
  };
}

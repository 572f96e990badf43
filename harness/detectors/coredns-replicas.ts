import type { Detector } from '../model/detector.ts';
import { humanDuration, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

/**
 * Too few copies of CoreDNS are ready. The API calls a pod of a node that went away ready until the node's grace period has passed, so no
 * check on replicas is sooner than that.
 *
 * Source: write-up 004, action items (`check_coredns_replicas.sh`).
 *
 * @param options.least how many must be ready (default 1: none is left; the write-up's check wants 2)
 */
export function corednsReplicas(options: { readonly least?: number } = {}): Detector {
  const least = options.least ?? 1;
  return {
    id: 'coredns-replicas',
    title: least === 1 ? 'No CoreDNS is ready' : `Fewer than ${least} CoreDNS are ready`,
    source: 'write-up 004, action items: check_coredns_replicas.sh',
    loop: (profile) => `asks the API every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: (profile) => profile.nodeGraceMs,
    periodMs: (profile) => profile.scrapeMs,
    expects: 'CoreDNS',
    watch({ cluster, signal }, profile) {
      return looking(profile.scrapeMs, signal, async () => {
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

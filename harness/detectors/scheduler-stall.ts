import type { Detector } from '../model/detector.ts';
import { humanDuration, type Millis } from '../model/units.ts';
import type { Profile } from '../model/profile.ts';
import { followWarnings } from './support/events.ts';
import { looking, lookTimeout } from './support/look.ts';
import { some, watched } from './support/scope.ts';

/** How long it has to be so: the postmortem asks for five minutes, which is what alerts on a rate look back. */
const forMs = (profile: Profile): Millis => profile.alertWindowMs;

/**
 * The signature of a scheduler that is alive and schedules nothing: pods without a node for a while, and not one
 * FailedScheduling event in that time. Pods that truly fit nowhere come with such events.
 *
 * Source: postmortem 004, action item PGM-226 (`check_k8s_scheduler_stall.sh`: Pending > N for over 5 min and zero events).
 */
export function schedulerStall(): Detector {
  return {
    id: 'scheduler-stall',
    title: 'Pods wait for a node and the scheduler is silent',
    source: 'postmortem 004, action items: check_k8s_scheduler_stall.sh',
    loop: (profile) =>
      `looks every ${humanDuration(profile.pollMs)}; fires when more than 0 pods have had no node for ${humanDuration(forMs(profile))} and no FailedScheduling event was written in that time`,
    // Counted from the look that first saw the pod without a node: in a steady cluster every pod has one until the onset.
    leastTtdMs: forMs,
    periodMs: (profile) => profile.pollMs,
    expects: 'no FailedScheduling',
    async *watch({ cluster, signal, now }, profile) {
      let explainedAt = -Infinity;
      using events = followWarnings({ cluster, now, signal }, (event) => {
        if (event.reason === 'FailedScheduling') explainedAt = now();
      });
      /** Since when each pod has been seen without a node, by uid. */
      const since = new Map<string, number>();
      let standing: string | undefined;
      yield* looking(profile.pollMs, { now, signal }, async () => {
        const pods = watched(await cluster.api.pods({ signal, timeoutMs: lookTimeout(profile.pollMs) }));
        const blind = events.blind();
        if (blind !== undefined) throw new Error(blind);
        const homeless = pods.filter((pod) => pod.node === '');
        const uids = new Set(homeless.map((pod) => pod.uid));
        for (const uid of since.keys()) if (!uids.has(uid)) since.delete(uid);
        for (const uid of uids) if (!since.has(uid)) since.set(uid, now());
        const before = now() - forMs(profile);
        const long = homeless.filter((pod) => (since.get(pod.uid) ?? Infinity) <= before);
        if (long.length === 0 || explainedAt > before) standing = undefined;
        else
          standing ??= `${long.length} pods without a node and no FailedScheduling event: ${some(long.map((pod) => `${pod.namespace}/${pod.name}`))}`;
        return standing;
      });
    },
  };
}

import type { Detector } from '../model/detector.ts';
import { isInstrument } from '../model/instruments.ts';
import { humanDuration } from '../model/units.ts';
import { looking, lookTimeout } from './support/look.ts';
import { some } from './support/scope.ts';

/**
 * Pods that have been Terminating for longer than any of them may take: what is deleted and does not go is waited for by whatever should
 * replace it, and no count of Pending or restarting pods shows it.
 *
 * Source: postmortem 004, 07:30 ("6 jiva-ctrl pods stuck Terminating"), found by somebody who read the list of pods an hour after the
 * reboot.
 */
export function podsTerminating(): Detector {
  return {
    id: 'pods-terminating',
    title: 'Pods stay Terminating',
    source: 'postmortem 004, 07:30',
    loop: (profile) =>
      `looks every ${humanDuration(profile.pollMs)}; fires for a pod that it has seen Terminating for ${humanDuration(profile.alertWindowMs)}`,
    // Counted from the look that first saw it: of a cluster in which nothing was on its way out, that is after the onset.
    leastTtdMs: (profile) => profile.alertWindowMs,
    periodMs: (profile) => profile.pollMs,
    expects: 'Terminating',
    watch({ cluster, signal, now }, profile) {
      const since = new Map<string, number>();
      let standing: string | undefined;
      return looking(profile.pollMs, { now, signal }, async () => {
        const pods = await cluster.api.pods({ signal, timeoutMs: lookTimeout(profile.pollMs) });
        const going = pods.filter((pod) => pod.terminating && !isInstrument(pod.namespace));
        const ids = new Set(going.map((pod) => pod.uid));
        for (const uid of since.keys()) if (!ids.has(uid)) since.delete(uid);
        const at = now();
        for (const uid of ids) if (!since.has(uid)) since.set(uid, at);
        const stuck = going.filter((pod) => at - (since.get(pod.uid) ?? at) >= profile.alertWindowMs);
        // The text of a standing alert stays: one more of them is no new alert.
        standing =
          stuck.length === 0
            ? undefined
            : (standing ?? `Terminating and not gone: ${some(stuck.map((pod) => `${pod.namespace}/${pod.name}`))}`);
        return standing;
      });
    },
  };
}

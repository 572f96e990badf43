import type { Detector } from '../model/detector.ts';
import { humanDuration } from '../model/units.ts';
import { looking, lookTimeout } from './support/look.ts';
import { isInstrument, some } from './support/scope.ts';

/**
 * Pods that have been Terminating for longer than any of them may take: what is deleted and does not go is waited for by whatever should
 * replace it, and no count of Pending or restarting pods shows it.
 *
 * Source: write-up 004, 07:30 ("6 jiva-ctrl pods stuck Terminating"), found by somebody who read the list of pods an hour after the
 * reboot.
 */
export function podsTerminating(): Detector {
  return {
    id: 'pods-terminating',
    title: 'Pods are Terminating and do not go',
    source: 'write-up 004, 07:30',
    loop: (profile) =>
      `looks every ${humanDuration(profile.pollMs)}; fires for a pod that it has seen Terminating for ${humanDuration(profile.alertWindowMs)}`,
    leastTtdMs: (profile) => profile.alertWindowMs,
    periodMs: (profile) => profile.pollMs,
    expects: 'Terminating',
    watch({ cluster, signal }, profile) {
      const since = new Map<string, number>();
      let standing: string | undefined;
      return looking(profile.pollMs, signal, async () => {
        const pods = await cluster.api.pods({ signal, timeoutMs: lookTimeout(profile.pollMs) });
        const going = pods.filter((pod) => pod.terminating && !isInstrument(pod.namespace));
        const ids = new Set(going.map((pod) => pod.uid));
        for (const uid of since.keys()) if (!ids.has(uid)) since.delete(uid);
        const now = Date.now();
        for (const uid of ids) if (!since.has(uid)) since.set(uid, now);
        const stuck = going.filter((pod) => now - (since.get(pod.uid) ?? now) >= profile.alertWindowMs);
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

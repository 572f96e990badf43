import type { PodState } from '../model/cluster.ts';
import type { Detector } from '../model/detector.ts';
import { isInstrument } from '../model/instruments.ts';
import { humanDuration, millis } from '../model/units.ts';
import { followWarnings } from './support/events.ts';
import { looking, lookTimeout, type Finding } from './support/look.ts';
import { some } from './support/scope.ts';

/** 128 and SIGKILL: what a container leaves whose first process was killed, also where the runtime was too late to say by whom. */
const killed = 137;

/**
 * A container was killed for memory: its last state says `OOMKilled` (or it ended by SIGKILL), or the kubelet says of its node that the
 * whole machine was out of memory (event SystemOOM). The latter is written for a machine without any limit above the pods alone: a kill for
 * the limit of a group, be it that of all pods, is no system OOM to it (cadvisor's oomparser).
 *
 * On control groups of version 1 the kernel tells every group below the one that was full, and the runtime then gives the reason to all of
 * them that end later: the names in this alert are sure with version 2 only.
 *
 * Source: postmortem 003, "The Database" (found by hand); kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} together with
 * increase(kube_pod_container_status_restarts_total) of kube-state-metrics; Kubernetes, "Node-pressure Eviction".
 */
export function oomKilled(): Detector {
  return {
    id: 'oom-killed',
    title: 'A container was killed for memory',
    source: 'postmortem 003, "The Database"; kube_pod_container_status_last_terminated_reason',
    loop: (profile) =>
      `scraped every ${humanDuration(profile.scrapeMs)}; looks back ${humanDuration(profile.alertWindowMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'OOMKilled|SystemOOM|exit 137',
    async *watch({ cluster, signal, now }, profile) {
      // Wall time, to hold against Kubernetes', which is in whole seconds.
      const began = Math.floor(Date.now() / 1000) * 1000;
      let system: { readonly what: string; readonly atMs: number } | undefined;
      using events = followWarnings({ cluster, now, signal }, (event) => {
        if (event.reason === 'SystemOOM') system = { what: `SystemOOM on ${event.object}`, atMs: now() };
      });
      let standing: { readonly kind: string; readonly what: string } | undefined;
      yield* looking(profile.scrapeMs, { now, signal }, async (): Promise<Finding> => {
        const pods = await cluster.api.pods({ signal, timeoutMs: lookTimeout(profile.scrapeMs) });
        const since = Math.max(began, Date.now() - profile.alertWindowMs);
        const found =
          whoWasKilled(pods, since) ??
          (system !== undefined && now() - system.atMs <= profile.alertWindowMs ? system : undefined);
        const blind = events.blind();
        if (found === undefined && blind !== undefined) throw new Error(blind);
        // The text of a standing alert stays: one more of them is no new alert. A reason where there was none is.
        const kind = found === undefined ? '' : (/^\S+/.exec(found.what)?.[0] ?? '');
        standing = found === undefined ? undefined : standing?.kind === kind ? standing : { kind, what: found.what };
        return standing?.what;
      });
    },
  };
}

/** Containers that ended so since then; those with the reason come before those that were only killed. */
function whoWasKilled(pods: readonly PodState[], sinceEpochMs: number): { readonly what: string } | undefined {
  const ends = pods
    .filter((pod) => !isInstrument(pod.namespace))
    .flatMap((pod) =>
      pod.containers.flatMap(({ name, lastEnd }) =>
        lastEnd === undefined || lastEnd.epochMs < sinceEpochMs
          ? []
          : [{ ...lastEnd, name: `${pod.namespace}/${pod.name}/${name}` }],
      ),
    );
  const names = (those: typeof ends) => some(those.map((end) => end.name).sort());
  const oom = ends.filter((end) => end.reason === 'OOMKilled');
  if (oom.length > 0) return { what: `OOMKilled: ${names(oom)}` };
  const other = ends.filter((end) => end.exitCode === killed);
  return other.length > 0 ? { what: `killed (exit 137): ${names(other)}` } : undefined;
}

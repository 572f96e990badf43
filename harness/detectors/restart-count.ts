import type { PodState } from '../model/cluster.ts';
import type { Detector } from '../model/detector.ts';
import { isInstrument } from '../model/instruments.ts';
import type { Profile } from '../model/profile.ts';
import { humanDuration, millis, type Millis } from '../model/units.ts';
import { looking, lookTimeout, type Finding } from './support/look.ts';

/**
 * The least time in which one container that has not been restarted before can be restarted `n` times, counted from its first end: the kubelet restarts a crashed container at once the first
 * time, then after 10 s, 20 s, 40 s and so on up to `maxMs`, which is 300 s unless lowered (kubelet's doBackOff).
 */
export function leastRestartsMs(n: number, maxMs: Millis): Millis {
  let total = 0;
  for (let restart = 2; restart <= n; restart++) total += Math.min(maxMs, 10_000 * 2 ** (restart - 2));
  return millis(total);
}

/** Restarts of each container by `namespace/pod/container`, of the pods that an owner would watch. */
function restartsOf(pods: readonly PodState[]): ReadonlyMap<string, number> {
  return new Map(
    pods
      .filter((pod) => !isInstrument(pod.namespace))
      .flatMap((pod) =>
        pod.containers.map(
          (container) => [`${pod.namespace}/${pod.name}/${container.name}`, container.restarts] as const,
        ),
      ),
  );
}

/**
 * The alert on restart counts that postmortem 002 says it should have had: a container restarted more than `over` times (scope
 * `container`), or all containers together more than `over` times within the profile's alert window (scope `cluster`:
 * `sum(increase(kube_pod_container_status_restarts_total[5m])) > 10`, so that it resolves when it is over). Scraped and
 * evaluated as Prometheus does.
 *
 * Source: postmortem 002, "Prometheus restart count > 10" and its `jq add` over all pods.
 */
export function restartCount(options: { readonly over: number; readonly scope?: 'container' | 'cluster' }): Detector {
  const { over, scope = 'container' } = options;
  const least = (profile: Profile) =>
    scope === 'container' ? leastRestartsMs(over + 1, profile.crashBackOffMaxMs) : millis(0);
  return {
    id: scope === 'container' ? 'restart-count' : 'restart-count-cluster',
    title:
      scope === 'container'
        ? `A container restarted more than ${over} times`
        : `More than ${over} restarts in the cluster`,
    source: 'postmortem 002, lessons: alert on restart counts; kube_pod_container_status_restarts_total',
    loop: (profile) =>
      `scraped every ${humanDuration(profile.scrapeMs)}, evaluated every ${humanDuration(profile.evaluationMs)}` +
      (scope === 'container'
        ? `; the kubelet's crash back-off (10 s, doubling up to ${humanDuration(profile.crashBackOffMaxMs)}) lets no container restart ${over + 1} times in less than ${humanDuration(least(profile))}`
        : `; looks back ${humanDuration(profile.alertWindowMs)}`),
    leastTtdMs: least,
    periodMs: (profile) => profile.scrapeMs,
    expects: 'restart',
    watch({ cluster, signal, now }, profile) {
      /** Highest count seen of each container: a deleted pod's restarts did happen. */
      const highest = new Map<string, number>();
      let base: ReadonlyMap<string, number> | undefined;
      /** Restarts since the watch began, at each look within the window and at the last one before it. */
      const history: { readonly at: number; readonly total: number }[] = [];
      let nextEvaluation = -Infinity;
      let standing: Finding;

      const evaluate = (): Finding => {
        if (scope === 'cluster') {
          const increase = (history.at(-1)?.total ?? 0) - (history[0]?.total ?? 0);
          return increase > over
            ? `more than ${over} restarts in the cluster within ${humanDuration(profile.alertWindowMs)}`
            : undefined;
        }
        const worst = [...highest].filter(([, count]) => count > over).map(([name]) => name);
        return worst.length === 0 ? undefined : `restarted more than ${over} times: ${worst.sort()[0] ?? ''}`;
      };

      return looking(profile.scrapeMs, { now, signal }, async () => {
        const counts = restartsOf(await cluster.api.pods({ signal, timeoutMs: lookTimeout(profile.scrapeMs) }));
        base ??= counts;
        // An alert on containers resolves when its container is gone; a sum over the cluster does not shrink.
        if (scope === 'container') highest.clear();
        for (const [name, count] of counts) highest.set(name, Math.max(highest.get(name) ?? 0, count));
        let total = 0;
        for (const [name, count] of highest) total += Math.max(0, count - (base.get(name) ?? 0));
        history.push({ at: now(), total });
        while ((history[1]?.at ?? Infinity) <= now() - profile.alertWindowMs) history.shift();
        if (now() >= nextEvaluation) {
          // A little slack, or every second evaluation slips to the next scrape.
          nextEvaluation = now() + profile.evaluationMs - profile.scrapeMs / 2;
          standing = evaluate();
        }
        return standing;
      });
    },
  };
}

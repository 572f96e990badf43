import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { looking, lookTimeout } from './support/look.ts';
import { some, watched } from './support/scope.ts';

/** So many looks in a row. */
const streak = 3;

/**
 * Pods that controllers want and that are not Ready, three looks in a row: `kubectl get pods -A` with somebody watching, or
 * the alert KubeDeploymentReplicasMismatch with a short `for`.
 *
 * A look that is under way when the outage begins may be the first to see it, however long ago it was begun, so the least TTD is one period
 * less than the streak has between its first look and its last.
 *
 * Source: postmortem 002 (23 pods expected, none Running) and 004 (pods Pending).
 */
export function podsNotRunning(): Detector {
  return {
    id: 'pods-not-running',
    title: 'Pods are not running',
    source: 'postmortems 002 and 004; KubeDeploymentReplicasMismatch of the Kubernetes mixin',
    loop: (profile) => `looks every ${humanDuration(profile.pollMs)}, fires at ${streak} in a row`,
    leastTtdMs: (profile) => millis((streak - 2) * profile.pollMs),
    periodMs: (profile) => profile.pollMs,
    expects: 'pods not ready',
    watch({ cluster, signal, now }, profile) {
      let bad = 0;
      let standing: string | undefined;
      return looking(profile.pollMs, { now, signal }, async () => {
        const options = { signal, timeoutMs: lookTimeout(profile.pollMs) };
        const replicas = await cluster.api.replicas(options);
        if (replicas.ready >= replicas.desired) {
          bad = 0;
          standing = undefined;
          return undefined;
        }
        bad++;
        // The text of a standing alert stays: a count that moves is no new alert.
        if (bad < streak || standing !== undefined) return standing;
        const names = watched(await cluster.api.pods(options))
          .filter((pod) => !pod.ready || pod.phase !== 'Running')
          .map((pod) => `${pod.namespace}/${pod.name}`);
        // One that is Terminating is nobody's any more, and what would replace it may not be there yet.
        const which = names.length === 0 ? 'what is missing is not there at all' : some(names);
        standing = `${replicas.desired - replicas.ready} of ${replicas.desired} pods not ready: ${which}`;
        return standing;
      });
    },
  };
}

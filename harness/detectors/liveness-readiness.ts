import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { followWarnings } from './support/events.ts';
import { looking, lookTimeout } from './support/look.ts';
import { some, watched } from './support/scope.ts';

/** Kubernetes' default, which the workload keeps. */
const failureThreshold = 3;

/**
 * The kubelet's own liveness and readiness probes: fires when a pod that was Ready no longer is (or its container was killed)
 * and the kubelet wrote an `Unhealthy` event about it. Both are asked for: the controller manager takes Ready away from all
 * pods of a node that is not Ready, and that is another alarm's merit.
 *
 * Source: postmortem 002, lessons ("would have detected within 30 seconds": three failures, 10 s apart); Kubernetes, "Configure
 * Liveness, Readiness and Startup Probes".
 */
export function livenessReadiness(): Detector {
  return {
    id: 'liveness-readiness',
    title: "The kubelet's liveness and readiness probes fail",
    source: 'postmortem 002, lessons: liveness and readiness probes, 30 s',
    loop: (profile) =>
      `the kubelet asks every ${humanDuration(profile.podProbeMs)} and acts at ${failureThreshold} failures in a row, so ${humanDuration(profile.podProbeMs * (failureThreshold - 1))} to ${humanDuration(profile.podProbeMs * failureThreshold)}; a container that ends by itself is not ready at once; its verdict is looked up every ${humanDuration(profile.pollMs)}`,
    // Nothing, where the container ends: the one probe that fails meanwhile is enough of an event. Two periods where it goes on.
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.pollMs,
    expects: 'probe failed',
    async *watch({ cluster, signal, now }, profile) {
      /** Last `Unhealthy` message of each pod, by `namespace/name`. One that is not repeated in time was a hiccup. */
      const unhealthy = new Map<string, { readonly message: string; readonly atMs: number }>();
      const freshMs = (failureThreshold + 1) * profile.podProbeMs + 2 * profile.pollMs;
      using events = followWarnings({ cluster, now, signal }, (event) => {
        // "errored" is a probe that could not be made, of a container that has ended: no verdict of the kubelet's comes of it.
        if (event.reason !== 'Unhealthy' || !event.message.includes('probe failed')) return;
        const name = `${event.namespace}/${event.object.split('/').at(-1) ?? ''}`;
        unhealthy.set(name, { message: event.message, atMs: now() });
      });
      /** Pods that have been Ready, with their restarts at the last look. */
      const known = new Map<string, number>();
      let standing: string | undefined;
      yield* looking(profile.pollMs, { now, signal }, async () => {
        const pods = watched(await cluster.api.pods({ signal, timeoutMs: lookTimeout(profile.pollMs) }));
        const blind = events.blind();
        if (blind !== undefined) throw new Error(blind);
        const failing: string[] = [];
        for (const pod of pods) {
          const restarts = pod.containers.reduce((sum, container) => sum + container.restarts, 0);
          const before = known.get(pod.uid);
          if (before !== undefined || pod.ready) known.set(pod.uid, restarts);
          if (before === undefined || (pod.ready && restarts <= before)) continue;
          const name = `${pod.namespace}/${pod.name}`;
          const said = unhealthy.get(name);
          if (said !== undefined && now() - said.atMs <= freshMs) failing.push(`${name}: ${said.message}`);
        }
        if (failing.length === 0) standing = undefined;
        else standing ??= some(failing.sort(), 2);
        return standing;
      });
    },
  };
}

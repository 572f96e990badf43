import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds, type Millis } from '../model/units.ts';
import type { Profile } from '../model/profile.ts';
import { followWarnings } from './support/events.ts';
import { looking } from './support/look.ts';

/** How often the standing of the watch is reported; a warning is reported within this. */
const beatMs = millis(250);
/** Heartbeats are kept to one in so many looks. */
const periodMs = seconds(1);

/** What every kubelet says at its start about the machine that it is on: nobody is paged for it. */
const startupNotices = new Set(['CgroupV1', 'InvalidDiskCapacity', 'PossibleMemoryBackedVolumesOnDisk']);

/** How long after the last warning the alert stands. */
const standsMs = (profile: Profile): Millis => millis(Math.max(10_000, profile.evaluationMs / 2));

/** What Warning events say where the network between pods is broken. */
export const podNetworkWarnings = 'NetworkNotReady|FailedCreatePodSandBox|FailedKillPod|Unhealthy|BackOff|NodeNotReady';

/**
 * `kubectl get events -A --watch --field-selector type=Warning` with somebody looking: fires at the first Warning event since the
 * watch began, and tells another one when its reason has not been seen yet or when it is the first that names the cause.
 *
 * Source: postmortem 002 (FailedCreatePodSandBox and BackOff stood in the events for two days) and 004 (a scheduler that stalls
 * writes no event at all, which this cannot see).
 *
 * @param options.expects regular expression of the events that name the cause, over `reason object: message` in one line. There is no default:
 * `Unhealthy` is the right word where probes cannot reach pods, and a mere symptom where a taint keeps pods from being scheduled.
 */
export function warningEvents(options: { readonly expects: string }): Detector {
  const names = new RegExp(options.expects);
  return {
    id: 'warning-events',
    title: 'Warning events',
    source: 'postmortems 002 and 004; kubectl get events --watch',
    loop: (profile) =>
      `a watch, so as soon as the event is written; stands for ${humanDuration(standsMs(profile))} after the last one`,
    leastTtdMs: () => millis(0),
    periodMs: () => periodMs,
    expects: options.expects,
    async *watch({ cluster, signal, now }, profile) {
      const reasons = new Set<string>();
      let lastAt = -Infinity;
      let text: string | undefined;
      let named = false;
      using events = followWarnings({ cluster, now, signal }, (event) => {
        if (startupNotices.has(event.reason)) return;
        lastAt = now();
        const told = `${event.reason} ${event.object}: ${event.message}`.replace(/\s+/g, ' ').slice(0, 300);
        const cause = names.test(told);
        if (reasons.has(event.reason) && (named || !cause)) return;
        reasons.add(event.reason);
        named ||= cause;
        text = told;
      });
      let beatAt = -Infinity;
      const looks = looking(beatMs, { now, signal }, () => {
        const blind = events.blind();
        if (blind !== undefined) return Promise.reject(new Error(blind));
        if (now() - lastAt > standsMs(profile)) {
          reasons.clear();
          named = false;
          text = undefined;
        }
        return Promise.resolve(text);
      });
      for await (const reading of looks) {
        const news = reading.state === 'quiet' || reading.state === 'firing';
        if (!news && now() - beatAt < periodMs) continue;
        beatAt = now();
        yield reading;
      }
    },
  };
}

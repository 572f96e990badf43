import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { followEvents } from './support/events.ts';
import { looking } from './support/look.ts';

/** So many within the window are normal. */
const over = 5;

/**
 * Many pods lost their sandbox at once: more than so many `SandboxChanged` events within the window. They are Normal events, which a
 * watch of warnings never shows.
 *
 * Source: postmortem 004, action items (`check_sandbox_changed.sh`: a SandboxChanged storm indicates stale state in containerd).
 */
export function sandboxChanged(): Detector {
  return {
    id: 'sandbox-changed',
    title: 'Many pods lost their sandbox at once',
    source: 'postmortem 004, action items: check_sandbox_changed.sh',
    loop: (profile) =>
      `looks every ${humanDuration(profile.pollMs)}; fires when more than ${over} such events came within ${humanDuration(profile.alertWindowMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.pollMs,
    expects: 'sandboxes changed',
    async *watch({ cluster, signal, now }, profile) {
      const seen: { readonly atMs: number; readonly object: string }[] = [];
      using events = followEvents({ cluster, now, signal }, (event) => {
        if (event.reason === 'SandboxChanged') seen.push({ atMs: now(), object: event.object });
      });
      let standing: string | undefined;
      yield* looking(profile.pollMs, { now, signal }, () => {
        const blind = events.blind();
        if (blind !== undefined) return Promise.reject(new Error(blind));
        const recent = seen.filter(({ atMs }) => now() - atMs < profile.alertWindowMs);
        const pods = new Set(recent.map(({ object }) => object));
        standing =
          pods.size > over
            ? (standing ?? `${pods.size} sandboxes changed, ${[...pods][0] ?? ''} among them`)
            : undefined;
        return Promise.resolve(standing);
      });
    },
  };
}

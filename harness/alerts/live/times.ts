import { shortenedBy, type Profile } from '../../model/profile.ts';
import { humanDuration, millis, minutes, seconds, type Millis } from '../../model/units.ts';

/** How often Prometheus and Alertmanager do what they do. */
export interface AlertTimes {
  readonly scrapeMs: Millis;
  readonly evaluationMs: Millis;
  readonly groupWaitMs: Millis;
  readonly groupIntervalMs: Millis;
  readonly repeatIntervalMs: Millis;
  /** How old the last sample of a series may be. */
  readonly lookbackMs: Millis;
}

/**
 * Stock: scraped every 15 s (components: 30 s, kubelets: 60 s), evaluated every 30 s, and a series is there for 5 min after its last sample, and Alertmanager's
 * defaults (group_wait 30 s, group_interval 5 min, repeat_interval 4 h).
 * Other profiles have all of them shorter by one factor. `evaluationMs` of the profile is that of the detectors in TypeScript.
 *
 * Source: Prometheus and Alertmanager, "Configuration"; kube-prometheus evaluates every 30 s.
 */
export function alertTimes(profile: Pick<Profile, 'scrapeMs'>): AlertTimes {
  const shorter = (ms: Millis): Millis => millis(Math.max(1000, Math.round(ms / shortenedBy(profile))));
  return {
    scrapeMs: profile.scrapeMs,
    evaluationMs: shorter(seconds(30)),
    groupWaitMs: shorter(seconds(30)),
    groupIntervalMs: shorter(minutes(5)),
    repeatIntervalMs: shorter(minutes(240)),
    lookbackMs: shorter(minutes(5)),
  };
}

/** How an alert comes to somebody, in words. */
export function alertLoop(forMs: Millis, times: AlertTimes): string {
  const held = forMs === 0 ? '' : `, must hold for ${humanDuration(forMs)}`;
  return `scraped every ${humanDuration(times.scrapeMs)} (components more rarely), evaluated every ${humanDuration(times.evaluationMs)}${held}; Alertmanager waits ${humanDuration(times.groupWaitMs)} for others of the name`;
}

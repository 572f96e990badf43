import type { z } from 'zod';
import { profiles, shortenedBy, type ProfileName } from '../model/profile.ts';
import { alertTimes } from './live/times.ts';
import { truthSchema } from './truth.ts';

/** How a Prometheus beside a trial keeps time; `metrics.json` beside a trial's metrics says it where it was otherwise. */
export const clocksSchema = truthSchema.pick({
  factor: true,
  scrapeMs: true,
  evaluationMs: true,
  lookbackMs: true,
  prometheus: true,
});
export type Clocks = z.infer<typeof clocksSchema>;

/** A profile's clocks: those of the monitoring that runs beside a trial. */
export function clocksOf(profile: ProfileName): Clocks {
  const { scrapeMs, evaluationMs, lookbackMs } = alertTimes(profiles[profile]);
  return { factor: 1 / shortenedBy(profiles[profile]), scrapeMs, evaluationMs, lookbackMs };
}

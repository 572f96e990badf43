import type { z } from 'zod';
import { profiles, type ProfileName } from '../model/profile.ts';
import { minutes, seconds } from '../model/units.ts';
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

/** Source: what most Prometheus set-ups run; five minutes is Prometheus' own default. */
const stock = { scrapeMs: seconds(15), evaluationMs: seconds(30), lookbackMs: minutes(5) };

/** A profile's clocks. The shortened profile has everything shortened by one factor: how often is scraped and evaluated, and every time in a rule. */
export function clocksOf(profile: ProfileName): Clocks {
  const factor = profiles[profile].scrapeMs / profiles.stock.scrapeMs;
  return {
    factor,
    scrapeMs: Math.round(stock.scrapeMs * factor),
    evaluationMs: Math.round(stock.evaluationMs * factor),
    lookbackMs: Math.round(stock.lookbackMs * factor),
  };
}

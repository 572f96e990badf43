import type { Answer } from './log.ts';
import type { Band } from '../model/record.ts';
import { whole } from './numbers.ts';
import { silenceOf } from './outages.ts';

/**
 * An SLI's timeline as stretches of good and bad, for drawing: each sample stands from its intended start to the next one's,
 * neighbours that agree are one band. Where there are no samples there is no band.
 */
export function bandsOf(samples: readonly Answer[], periodMs: number, toMs: number): readonly Band[] {
  const bands: { fromMs: number; toMs: number; good: boolean }[] = [];
  samples.forEach((sample, i) => {
    if (sample.intendedMs >= toMs) return;
    const next = samples[i + 1]?.intendedMs;
    const reach = sample.intendedMs + periodMs;
    const connected = next !== undefined && next - sample.intendedMs <= silenceOf(periodMs);
    const band = {
      fromMs: whole(sample.intendedMs),
      toMs: whole(Math.min(toMs, connected ? next : reach)),
      good: sample.ok,
    };
    const last = bands.at(-1);
    if (last?.toMs === band.fromMs && last.good === band.good) last.toMs = band.toMs;
    else bands.push(band);
  });
  return bands;
}

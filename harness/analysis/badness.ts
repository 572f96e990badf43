import type { Answer } from './log.ts';
import { whole } from './numbers.ts';

/**
 * Integral of (1 - availability) over [fromMs, toMs) in ms: every bad sample stands for one period from its intended start.
 * The fair number for flapping and partial outages, where one instant of recovery says little.
 */
export function badTime(samples: readonly Answer[], periodMs: number, fromMs: number, toMs: number): number {
  let sum = 0;
  for (const sample of samples) {
    if (sample.ok || sample.intendedMs < fromMs || sample.intendedMs >= toMs) continue;
    sum += Math.min(periodMs, toMs - sample.intendedMs);
  }
  return whole(sum);
}

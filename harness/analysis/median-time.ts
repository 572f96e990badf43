import { kaplanMeier, type Observed } from './stats.ts';

/** A share that was meant to be one half and is off by rounding. */
const tolerance = 1e-9;

/**
 * The median of times of which some were only watched without the event: where the product-limit estimate reaches one half, or undefined where
 * it does not. Where it stays at one half for a while, the middle of that stretch, which is the ordinary median when nothing is censored.
 * Source: as `survfit` of R's package survival prints it.
 */
export function medianTime(values: readonly Observed[]): number | undefined {
  const curve = kaplanMeier(values);
  const at = curve.findIndex(({ survival }) => survival < 0.5 + tolerance);
  const [step, next] = curve.slice(at);
  if (at === -1 || step === undefined) return undefined;
  return step.survival > 0.5 - tolerance && next !== undefined ? (step.time + next.time) / 2 : step.time;
}

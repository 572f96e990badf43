import jstat from 'jstat';
import { mean } from 'simple-statistics';

export interface Bounds {
  readonly lo: number;
  readonly hi: number;
}

/**
 * What a share is at least after k of n, with 95 % on that side: the greatest share with which so many or more would come about in no more
 * than 5 %. Exact: it holds in at least 95 % whatever the share is; after n of n it is 0.05^(1/n) (5, 22, 37, 55, 69 % after 1, 2, 3, 5, 8).
 * Source: Clopper and Pearson, Biometrika 26 (1934) 404, one side of it.
 * @throws RangeError for n < 1 or k outside 0..n
 */
export function atLeast(k: number, n: number): number {
  if (!(n >= 1 && k >= 0 && k <= n)) throw new RangeError(`atLeast(${k}, ${n})`);
  if (k === 0) return 0;
  return k === n ? 0.05 ** (1 / n) : jstat.beta.inv(0.05, k, n - k + 1);
}

/** What a share is at most after k of n, in the same way: 95 % after none of one, 26 % after none of ten. */
export const atMost = (k: number, n: number): number => 1 - atLeast(n - k, n);

/** Time to an event, or how long was watched without it. */
export interface Observed {
  readonly time: number;
  readonly event: boolean;
}

/**
 * Restricted mean time: mean(min(time, horizon)). Every trial is watched to the same horizon, so it needs no model; a trial
 * that did not recover counts with the whole horizon.
 * @throws RangeError for no values
 */
export function restrictedMean(values: readonly Observed[], horizon: number): number {
  if (values.length === 0) throw new RangeError('restrictedMean of nothing');
  return mean(values.map((v) => (v.event ? Math.min(v.time, horizon) : horizon)));
}

export interface SurvivalStep {
  readonly time: number;
  /** Share not yet recovered just after `time`. */
  readonly survival: number;
  readonly atRisk: number;
  readonly events: number;
}

/** Product-limit estimate of the share that has not recovered yet (Kaplan and Meier 1958), one step per event time. */
export function kaplanMeier(values: readonly Observed[]): readonly SurvivalStep[] {
  const sorted = [...values].sort((a, b) => a.time - b.time);
  const steps: SurvivalStep[] = [];
  let survival = 1;
  for (let at = 0; at < sorted.length;) {
    const time = sorted[at]?.time ?? 0;
    const atRisk = sorted.length - at;
    let events = 0;
    for (; sorted[at]?.time === time; at++) if (sorted[at]?.event === true) events++;
    if (events === 0) continue;
    survival *= 1 - events / atRisk;
    steps.push({ time, survival, atRisk, events });
  }
  return steps;
}

/** A share that was meant to be one half and is off by rounding. */
const halfTolerance = 1e-9;

/**
 * The median of times of which some were only watched without the event: where the product-limit estimate reaches one half, or undefined where
 * it does not. Where it stays at one half for a while, the middle of that stretch, which is the ordinary median when nothing is censored.
 * Source: as `survfit` of R's package survival prints it.
 */
export function survivalMedian(values: readonly Observed[]): number | undefined {
  const curve = kaplanMeier(values);
  const at = curve.findIndex(({ survival }) => survival < 0.5 + halfTolerance);
  const [step, next] = curve.slice(at);
  if (at === -1 || step === undefined) return undefined;
  return step.survival > 0.5 - halfTolerance && next !== undefined ? (step.time + next.time) / 2 : step.time;
}

/**
 * Restricted mean time as the area under the curve up to the horizon: what it is where trials are censored before it, too. The
 * same number as `restrictedMean` where all are watched to the horizon (a property test). Source: Royston and Parmar, BMC
 * Medical Research Methodology 13 (2013) 152.
 */
export function areaUnder(curve: readonly SurvivalStep[], horizon: number): number {
  let area = 0;
  let from = 0;
  let survival = 1;
  for (const step of curve) {
    if (step.time >= horizon) break;
    area += survival * (step.time - from);
    from = step.time;
    survival = step.survival;
  }
  return area + survival * (horizon - from);
}

/**
 * Upper 95 % bound of a Poisson mean after `count` events: what rate the data still allow. 3.0 for none (the rule of three). Exact:
 * Garwood, Biometrika 28 (1936) 437.
 */
export const poissonUpper = (count: number): number => jstat.chisquare.inv(0.95, 2 * (count + 1)) / 2;

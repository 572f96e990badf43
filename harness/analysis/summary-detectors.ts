import { max, median, min } from 'simple-statistics';
import type { Plan } from '../model/plan.ts';
import type { DetectorRecord, TrialRecord } from '../model/record.ts';
import { midpoint, type Interval } from '../model/units.ts';
import { whole } from './numbers.ts';
import { poissonUpper } from './stats.ts';

/** One alarm over all valid trials. Durations in ms. */
export interface DetectorSummary {
  readonly id: string;
  readonly title: string;
  readonly loop: string;
  /** The least TTD that its loop could ever have. */
  readonly leastTtdMs: number;
  readonly n: number;
  readonly counts: Readonly<Record<DetectorRecord['status'], number>>;
  /** Of the midpoints, over the trials that it detected. */
  readonly ttd?: { readonly minMs: number; readonly medianMs: number; readonly maxMs: number };
  readonly points: readonly { readonly trialId: string; readonly ttd: Interval }[];
  /** What it said the first time it was right. */
  readonly what?: string;
  /** What it said when it was wrong, or why it was blind or died. */
  readonly trouble?: string;
  /** Alarms without a fault, over the baselines and the control trials. */
  readonly falseAlarms: number;
  readonly watchedMs: number;
  /** Absent when no fault-free time was watched. `upper` is the rate that the data still allow (95 %). */
  readonly perHour?: { readonly rate: number; readonly upper: number };
  /** How much sooner than in the write-up the outage would have been noticed, by the median TTD; absent when never detected. */
  readonly savedMs?: number;
}

/** Soonest first; alarms that detected in fewer trials after those that did in more. */
export function summariseDetectors(
  plan: Plan,
  valid: readonly TrialRecord[],
  controls: readonly TrialRecord[],
): readonly DetectorSummary[] {
  const ids = [...new Set([...valid, ...controls].flatMap((r) => r.detectors.map((d) => d.id)))];
  return ids
    .map((id) => summariseDetector(id, plan, valid, controls))
    .sort(
      (a, b) =>
        b.counts.detected - a.counts.detected ||
        (a.ttd?.medianMs ?? 0) - (b.ttd?.medianMs ?? 0) ||
        (a.id < b.id ? -1 : 1),
    );
}

function summariseDetector(
  id: string,
  plan: Plan,
  valid: readonly TrialRecord[],
  controls: readonly TrialRecord[],
): DetectorSummary {
  const of = (records: readonly TrialRecord[]) =>
    records.flatMap((r) => r.detectors.filter((d) => d.id === id).map((d) => ({ record: r, detector: d })));
  const seen = of(valid);
  const quiet = of(controls);
  const points = seen.flatMap(({ record, detector }) =>
    detector.ttd === undefined ? [] : [{ trialId: record.trialId, ttd: detector.ttd }],
  );
  const middles = points.map((p) => midpoint(p.ttd));
  const counts = { detected: 0, missed: 0, dead: 0, blind: 0, misdiagnosed: 0, noisy: 0 };
  for (const { detector } of seen) counts[detector.status]++;
  const first = seen[0]?.detector ?? quiet[0]?.detector;
  const what = seen.find((s) => s.detector.status === 'detected')?.detector.what;
  const trouble = seen.find((s) => s.detector.status !== 'detected' && s.detector.what !== undefined)?.detector.what;
  const falseAlarms = [...seen, ...quiet].reduce((sum, s) => sum + s.detector.falseAlarms, 0);
  const watchedMs = whole([...seen, ...quiet].reduce((sum, s) => sum + faultFreeMs(s.record), 0));
  const hours = watchedMs / 3_600_000;
  return {
    id,
    title: first?.title ?? id,
    loop: first?.loop ?? '',
    leastTtdMs: first?.leastTtdMs ?? 0,
    n: seen.length,
    counts,
    ...(middles.length === 0
      ? {}
      : { ttd: { minMs: whole(min(middles)), medianMs: whole(median(middles)), maxMs: whole(max(middles)) } }),
    points,
    ...(what === undefined ? {} : { what }),
    ...(trouble === undefined ? {} : { trouble }),
    falseAlarms,
    watchedMs,
    ...(hours > 0
      ? { perHour: { rate: tenth(falseAlarms / hours), upper: tenth(poissonUpper(falseAlarms) / hours) } }
      : {}),
    ...(middles.length === 0 ? {} : { savedMs: Math.max(0, whole(plan.outage.undetectedMs - median(middles))) }),
  };
}

/**
 * How long the alarms watched a healthy cluster: from the start of the steady phase to the fault, in a control to the end, or to the
 * runbook that is tried on a healthy cluster.
 */
function faultFreeMs(record: TrialRecord): number {
  const steady = record.phases.find((p) => p.name === 'steady');
  const end = record.control === 'on-healthy' ? steady?.toMs : record.onset?.lo;
  return steady === undefined ? 0 : Math.max(0, (end ?? record.endMs) - steady.fromMs);
}

/** Rates say little in their last digits: whole numbers from 10 on, tenths below. */
const tenth = (x: number): number => (x >= 10 ? Math.round(x) : Math.round(x * 10) / 10);

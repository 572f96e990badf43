import { max, min } from 'simple-statistics';
import type { Plan } from '../model/plan.ts';
import type { DetectorRecord, TrialRecord } from '../model/record.ts';
import { midpoint } from '../model/units.ts';
import type { DetectorSummary } from '../model/summary.ts';
import { whole } from './numbers.ts';
import { poissonUpper, survivalMedian, type Observed } from './stats.ts';

/** Soonest first; alerts that detected in fewer trials after those that did in more. */
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
        (a.ttd?.medianMs ?? Number.MAX_SAFE_INTEGER) - (b.ttd?.medianMs ?? Number.MAX_SAFE_INTEGER) ||
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
  const { what, stages } = seen.find((s) => s.detector.status === 'detected')?.detector ?? {};
  const trouble = seen.find((s) => s.detector.status !== 'detected' && s.detector.what !== undefined)?.detector.what;
  const falseAlarms = [...seen, ...quiet].reduce((sum, s) => sum + s.detector.falseAlarms, 0);
  const watches = [...seen, ...quiet].map(({ record, detector }) => ({
    ms: faultFreeMs(record),
    leastMs: detector.leastTtdMs,
  }));
  const watchedMs = whole(watches.reduce((sum, w) => sum + w.ms, 0));
  // An alert on ten minutes says nothing in a watch of one.
  const couldFireMs = whole(watches.reduce((sum, w) => sum + Math.max(0, w.ms - w.leastMs), 0));
  const hours = couldFireMs / 3_600_000;
  const times = seen.map(({ record, detector }): Observed => {
    if (detector.ttd !== undefined) return { time: midpoint(detector.ttd), event: true };
    return { time: askedMs(record, detector), event: false };
  });
  const medianMs = survivalMedian(times);
  const longestMs = whole(Math.max(0, ...times.map((t) => t.time)));
  return {
    id,
    title: first?.title ?? id,
    loop: first?.loop ?? '',
    leastTtdMs: first?.leastTtdMs ?? 0,
    ...(first?.judged === undefined ? {} : { judged: first.judged }),
    n: seen.length,
    asked: seen.filter(
      ({ record, detector }) => detector.ttd !== undefined || askedMs(record, detector) > detector.leastTtdMs,
    ).length,
    counts,
    ...(medianMs === undefined
      ? longestMs > 0
        ? { notWithinMs: longestMs }
        : {}
      : { ttd: { minMs: whole(min(middles)), medianMs: whole(medianMs), maxMs: whole(max(middles)) } }),
    points,
    ...(what === undefined ? {} : { what }),
    ...(stages === undefined ? {} : { stages }),
    ...(trouble === undefined ? {} : { trouble }),
    falseAlarms,
    watchedMs,
    couldFireMs,
    ...(hours > 0
      ? { perHour: { rate: tenth(falseAlarms / hours), upper: tenth(poissonUpper(falseAlarms) / hours) } }
      : {}),
    ...(medianMs === undefined ? {} : { savedMs: Math.max(0, whole(plan.outage.undetectedMs - medianMs)) }),
  };
}

/** How long it was asked; records of definitions 1 asked every alert to the end. */
const askedMs = (record: TrialRecord, detector: DetectorRecord): number =>
  detector.askedMs ?? Math.max(0, record.endMs - (record.onset?.hi ?? record.endMs));

/**
 * How long the alerts watched a healthy cluster: from the start of the steady phase to the fault, in a control to the end, or to the
 * runbook that is tried on a healthy cluster.
 */
function faultFreeMs(record: TrialRecord): number {
  const steady = record.phases.find((p) => p.name === 'steady');
  const end = record.control === 'on-healthy' ? steady?.toMs : record.onset?.lo;
  return steady === undefined ? 0 : Math.max(0, (end ?? record.endMs) - steady.fromMs);
}

/** Rates say little in their last digits: whole numbers from 10 on, tenths below. */
const tenth = (x: number): number => (x >= 10 ? Math.round(x) : Math.round(x * 10) / 10);

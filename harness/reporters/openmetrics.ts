import type { RunSummary } from '../model/summary.ts';
import { plain } from './format.ts';

/**
 * The run as OpenMetrics text, for trends: a node exporter's text file, or a push. One sample a runbook or alert, with the run's
 * seed and id only on `firedrill_run_info`, so that series go on from night to night. What is not known has no sample: a mean
 * without a valid trial, an alert that never detected. Source: OpenMetrics 1.0.0, text format.
 */
export function openMetricsReport(summary: RunSummary): string {
  const base: Labels = {
    scenario: summary.scenario,
    profile: summary.profile,
    ...(summary.distribution === undefined ? {} : { distribution: summary.distribution }),
  };
  const one = [{ of: summary, labels: base }];
  const runbooks = summary.runbooks.map((of) => ({ of, labels: { ...base, runbook: of.id } }));
  const alarms = summary.detectors.map((of) => ({ of, labels: { ...base, alarm: of.id } }));
  const states = (['valid', 'invalid', 'unknown', 'controls'] as const).map((state) => ({
    of: summary.trials[state],
    labels: { ...base, state },
  }));
  const bounds = runbooks.flatMap(({ of: { meanTtrInterval: interval }, labels }) => [
    { of: interval?.lo, labels: { ...labels, bound: 'lower' } },
    { of: interval?.hi, labels: { ...labels, bound: 'upper' } },
  ]);
  const statuses = alarms.flatMap(({ of, labels }) =>
    Object.entries(of.counts).map(([status, count]) => ({ of: count, labels: { ...labels, status } })),
  );
  const families = [
    [
      '# TYPE firedrill_run info',
      '# HELP firedrill_run The run that these numbers are from.',
      sample('firedrill_run_info', { ...base, run: summary.runId, seed: String(summary.seed) }, 1),
    ],
    gauge('run_created_seconds', 'When the run was planned, since the epoch.', one, (s) => seconds(s.createdEpochMs)),
    gauge('trials', 'Trials by what became of them.', states, (count) => count),
    gauge(
      'horizon_seconds',
      'The horizon: how long a trial is watched at most; times to recover count up to here.',
      one,
      (s) => seconds(s.horizonMs),
    ),
    gauge('recovery_trials', 'Valid trials of a runbook.', runbooks, (r) => r.n),
    gauge('recovered_trials', 'Valid trials in which the runbook recovered.', runbooks, (r) => r.recovered.k),
    gauge(
      'recovered_least_ratio',
      'Lower bound of its true chance to recover: 95 %, exact, one-sided.',
      runbooks,
      (r) => r.recovered.atLeast,
    ),
    gauge('recovery_mean_seconds', 'Restricted mean time to recover: mean of min(time, horizon).', runbooks, (r) =>
      seconds(r.meanTtrMs),
    ),
    gauge(
      'recovery_mean_bound_seconds',
      'Ends of the 95 % interval of the mean of those that recovered, from six blocks on.',
      bounds,
      seconds,
    ),
    gauge('downtime_seconds', 'Mean downtime of the SLIs that the fault must break.', runbooks, downtime),
    gauge(
      'lost_rows',
      'Rows lost or damaged over all valid trials in which they could be read.',
      runbooks,
      ({ n, data }) => (n === data.unknown ? undefined : data.lost),
    ),
    gauge(
      'harmed_trials',
      'Valid trials that the runbook left worse than it found them.',
      runbooks,
      (r) => r.outcomes.harmed ?? 0,
    ),
    gauge('detection_trials', 'Valid trials by what an alert did in them.', statuses, (count) => count),
    gauge(
      'detection_asked_trials',
      'Valid trials in which an alert was evaluated for longer than its minimum time to detect.',
      alarms,
      (d) => d.asked,
    ),
    gauge(
      'detection_median_seconds',
      'Median time to detect (Kaplan-Meier), before anything was changed.',
      alarms,
      (d) => seconds(d.ttd?.medianMs),
    ),
    gauge('detection_least_seconds', 'The minimum time to detect: the shortest that its loop allows.', alarms, (d) =>
      seconds(d.leastTtdMs),
    ),
    gauge('false_alarms', 'Alerts without a fault.', alarms, (d) => d.falseAlarms),
    ...controlFamilies(summary, base),
  ];
  return `${families.flat().join('\n')}\n# EOF\n`;
}

/** Of the controls; without them there is not one sample, and so not one line. */
function controlFamilies(summary: RunSummary, base: Labels): readonly (readonly string[])[] {
  const arms = (summary.controlArms ?? []).map((of) => ({ of, labels: { ...base, control: of.id, kind: of.kind } }));
  const alarms = arms.flatMap(({ of, labels }) =>
    (of.alarms ?? []).map((a) => ({ of: a.k, labels: { ...labels, alarm: a.id } })),
  );
  return [
    gauge('control_trials', 'Valid trials of a control.', arms, (c) => c.n),
    gauge(
      'control_clean_trials',
      'Valid trials without a fault in which nothing was bad, no alert fired and nothing was lost.',
      arms,
      (c) => c.clean?.k,
    ),
    gauge(
      'control_downtime_seconds',
      'Mean downtime of the SLIs that the outage must break: without a fault, what the runbook itself costs.',
      arms,
      downtime,
    ),
    gauge('control_recovery_mean_seconds', 'Restricted mean time to recover of a control with a fault.', arms, (c) =>
      seconds(c.meanTtrMs),
    ),
    gauge('control_alarm_trials', 'Valid trials without a fault in which an alert fired.', alarms, (count) => count),
    gauge(
      'canary_difference_seconds',
      'How much later service recovered where the runbook began 30 s later.',
      arms,
      (c) => seconds(c.canary?.differenceMs),
    ),
  ];
}

type Labels = Readonly<Record<string, string>>;

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Of valid trials; unknown without one. */
const downtime = ({ n, badnessMs }: { readonly n: number; readonly badnessMs: number }): number | undefined =>
  n === 0 ? undefined : seconds(badnessMs);

/** The lines of a metric: a sample of each thing that has a value; none at all where nothing has. Its name ends with its unit. */
function gauge<T>(
  name: string,
  help: string,
  things: readonly { readonly of: T; readonly labels: Labels }[],
  valueOf: (thing: T) => number | undefined,
): readonly string[] {
  const full = `firedrill_${name}`;
  const known = things.flatMap(({ of, labels }) => {
    const value = valueOf(of);
    return value === undefined ? [] : [sample(full, labels, value)];
  });
  if (known.length === 0) return [];
  const unit = name.endsWith('_seconds') ? [`# UNIT ${full} seconds`] : [];
  return [`# TYPE ${full} gauge`, ...unit, `# HELP ${full} ${help}`, ...known];
}

function sample(name: string, labels: Labels, value: number): string {
  if (!Number.isFinite(value)) throw new RangeError('a report must not contain NaN or infinity');
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`);
  return `${name}{${pairs.join(',')}} ${value}`;
}

/** As the format wants label values; `plain` has taken control characters and line breaks away. */
const escape = (text: string): string => plain(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"');

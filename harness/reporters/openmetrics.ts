import type { RunSummary } from '../model/summary.ts';
import { plain } from './format.ts';

/**
 * The run as OpenMetrics text, for trends: a node exporter's text file, or a push. One sample a runbook or alert, with the run's
 * seed and id only on `firedrill_run_info`, so that series go on from night to night. What is not known has no sample: a mean
 * without a valid trial, an alert that never detected. Source: OpenMetrics 1.0.0, text format.
 */
export function openMetricsReport(summary: RunSummary): string {
  const base: Labels = { scenario: summary.scenario, profile: summary.profile };
  const runbooks = summary.runbooks.map((r) => ({ r, labels: { ...base, runbook: r.id } }));
  const alarms = summary.detectors.map((d) => ({ d, labels: { ...base, alarm: d.id } }));
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
  const families: readonly Family[] = [
    {
      name: 'firedrill_run',
      type: 'info',
      help: 'The run that these numbers are from.',
      samples: [{ suffix: '_info', labels: { ...base, run: summary.runId, seed: String(summary.seed) }, value: 1 }],
    },
    {
      name: 'firedrill_run_created_seconds',
      unit: 'seconds',
      help: 'When the run was planned, since the epoch.',
      samples: [{ labels: base, value: summary.createdEpochMs / 1000 }],
    },
    {
      name: 'firedrill_trials',
      help: 'Trials by what became of them.',
      samples: (['valid', 'invalid', 'unknown', 'controls'] as const).map((state) => ({
        labels: { ...base, state },
        value: summary.trials[state],
      })),
    },
    {
      name: 'firedrill_horizon_seconds',
      unit: 'seconds',
      help: 'The horizon: how long a trial is watched at most; times to recover count up to here.',
      samples: [{ labels: base, value: summary.horizonMs / 1000 }],
    },
    {
      name: 'firedrill_recovery_trials',
      help: 'Valid trials of a runbook.',
      samples: runbooks.map(({ r, labels }) => ({ labels, value: r.n })),
    },
    {
      name: 'firedrill_recovered_trials',
      help: 'Valid trials in which the runbook recovered.',
      samples: runbooks.map(({ r, labels }) => ({ labels, value: r.recovered.k })),
    },
    {
      name: 'firedrill_recovered_least_ratio',
      help: 'Lower bound of its true chance to recover: 95 %, exact, one-sided.',
      samples: runbooks.map(({ r, labels }) => ({ labels, value: r.recovered.atLeast })),
    },
    {
      name: 'firedrill_recovery_mean_seconds',
      unit: 'seconds',
      help: 'Restricted mean time to recover: mean of min(time, horizon).',
      samples: runbooks.map(({ r, labels }) => ({ labels, value: seconds(r.meanTtrMs) })),
    },
    {
      name: 'firedrill_recovery_mean_bound_seconds',
      unit: 'seconds',
      help: 'Ends of the 95 % interval of the mean of those that recovered, from six blocks on.',
      samples: runbooks.flatMap(({ r, labels }) =>
        (['lo', 'hi'] as const).map((end) => ({
          labels: { ...labels, bound: end === 'lo' ? 'lower' : 'upper' },
          value: seconds(r.meanTtrInterval?.[end]),
        })),
      ),
    },
    {
      name: 'firedrill_downtime_seconds',
      unit: 'seconds',
      help: 'Mean downtime of the SLIs that the fault must break.',
      samples: runbooks.map(({ r, labels }) => ({ labels, value: r.n === 0 ? undefined : r.badnessMs / 1000 })),
    },
    {
      name: 'firedrill_lost_rows',
      help: 'Rows lost or damaged over all valid trials in which they could be read.',
      samples: runbooks.map(({ r, labels }) => ({
        labels,
        value: r.n === r.data.unknown ? undefined : r.data.lost,
      })),
    },
    {
      name: 'firedrill_harmed_trials',
      help: 'Valid trials that the runbook left worse than it found them.',
      samples: runbooks.map(({ r, labels }) => ({ labels, value: r.outcomes.harmed ?? 0 })),
    },
    {
      name: 'firedrill_detection_trials',
      help: 'Valid trials by what an alert did in them.',
      samples: alarms.flatMap(({ d, labels }) =>
        Object.entries(d.counts).map(([status, value]) => ({ labels: { ...labels, status }, value })),
      ),
    },
    {
      name: 'firedrill_detection_asked_trials',
      help: 'Valid trials in which an alert was evaluated for longer than its minimum time to detect.',
      samples: alarms.map(({ d, labels }) => ({ labels, value: d.asked })),
    },
    {
      name: 'firedrill_detection_median_seconds',
      unit: 'seconds',
      help: 'Median time to detect (Kaplan-Meier), before anything was changed.',
      samples: alarms.map(({ d, labels }) => ({ labels, value: seconds(d.ttd?.medianMs) })),
    },
    {
      name: 'firedrill_detection_least_seconds',
      unit: 'seconds',
      help: 'The minimum time to detect: the shortest that its loop allows.',
      samples: alarms.map(({ d, labels }) => ({ labels, value: d.leastTtdMs / 1000 })),
    },
    {
      name: 'firedrill_false_alarms',
      help: 'Alerts without a fault.',
      samples: alarms.map(({ d, labels }) => ({ labels, value: d.falseAlarms })),
    },
  ];
  return `${[...families, ...controlFamilies(summary, base)].flatMap(lines).join('\n')}\n# EOF\n`;
}

/** Of the controls; without them there is not one sample, and so not one line. */
function controlFamilies(summary: RunSummary, base: Labels): readonly Family[] {
  const arms = (summary.controlArms ?? []).map((c) => ({ c, labels: { ...base, control: c.id, kind: c.kind } }));
  return [
    {
      name: 'firedrill_control_trials',
      help: 'Valid trials of a control.',
      samples: arms.map(({ c, labels }) => ({ labels, value: c.n })),
    },
    {
      name: 'firedrill_control_clean_trials',
      help: 'Valid trials without a fault in which nothing was bad, no alert fired and nothing was lost.',
      samples: arms.map(({ c, labels }) => ({ labels, value: c.clean?.k })),
    },
    {
      name: 'firedrill_control_downtime_seconds',
      unit: 'seconds',
      help: 'Mean downtime of the SLIs that the outage must break: without a fault, what the runbook itself costs.',
      samples: arms.map(({ c, labels }) => ({ labels, value: c.n === 0 ? undefined : c.badnessMs / 1000 })),
    },
    {
      name: 'firedrill_control_recovery_mean_seconds',
      unit: 'seconds',
      help: 'Restricted mean time to recover of a control with a fault.',
      samples: arms.map(({ c, labels }) => ({
        labels,
        value: c.meanTtrMs === undefined ? undefined : c.meanTtrMs / 1000,
      })),
    },
    {
      name: 'firedrill_control_alarm_trials',
      help: 'Valid trials without a fault in which an alert fired.',
      samples: arms.flatMap(({ c, labels }) =>
        (c.alarms ?? []).map((a) => ({ labels: { ...labels, alarm: a.id }, value: a.k })),
      ),
    },
    {
      name: 'firedrill_canary_difference_seconds',
      unit: 'seconds',
      help: 'How much later service recovered where the runbook began 30 s later.',
      samples: arms.map(({ c, labels }) => ({
        labels,
        value: c.canary?.differenceMs === undefined ? undefined : c.canary.differenceMs / 1000,
      })),
    },
  ];
}

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  /** `gauge` when not given. */
  readonly type?: 'info';
  readonly unit?: 'seconds';
  readonly help: string;
  readonly samples: readonly {
    readonly suffix?: string;
    readonly labels: Labels;
    readonly value: number | undefined;
  }[];
}

function lines({ name, type, unit, help, samples }: Family): readonly string[] {
  const known = samples.flatMap(({ suffix = '', labels, value }) => {
    if (value === undefined) return [];
    if (!Number.isFinite(value)) throw new RangeError('a report must not contain NaN or infinity');
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text)}"`);
    return [`${name}${suffix}{${pairs.join(',')}} ${String(value)}`];
  });
  if (known.length === 0) return [];
  return [
    `# TYPE ${name} ${type ?? 'gauge'}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...known,
  ];
}

/** As the format wants label values; `plain` has taken control characters and line breaks away. */
const escape = (text: string): string => plain(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"');

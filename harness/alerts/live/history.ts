import type { EventOf } from '../../model/events.ts';
import { grouped } from '../../model/grouped.ts';
import { labelKey } from '../labels.ts';
import type { Series } from './prometheus.ts';

/** A time without a sample that is longer than so many evaluations ends an alert: Prometheus writes one at each while it is there. */
const gapEvaluations = 2.5;

/**
 * The times at which alerts were pending and firing, from the samples of `ALERTS` that Prometheus wrote at each evaluation.
 * @param zeroEpochMs wall time of the trial's zero; what was over before it is left out
 */
export function alertHistory(
  series: readonly Series[],
  { zeroEpochMs, evaluationMs }: { readonly zeroEpochMs: number; readonly evaluationMs: number },
): readonly EventOf<'alert'>[] {
  const alerts = grouped(
    series.map(({ labels, timesMs }) => {
      const { __name__: _metric, alertstate = '', ...own } = labels;
      return { own, firing: alertstate === 'firing', timesMs };
    }),
    ({ own }) => labelKey(own),
  );
  const events = [...alerts.values()].flatMap((parts): EventOf<'alert'>[] => {
    const { alertname = '', ...labels } = parts[0]?.own ?? {};
    const samples = parts
      .flatMap(({ firing, timesMs }) => timesMs.map((epochMs) => ({ firing, atMs: Math.round(epochMs - zeroEpochMs) })))
      .sort((a, b) => a.atMs - b.atMs);
    return stretches(samples, gapEvaluations * evaluationMs).map((stretch) => {
      const firing = stretch.find((sample) => sample.firing)?.atMs;
      const pending = stretch.find((sample) => !sample.firing)?.atMs;
      return {
        type: 'alert',
        alertname,
        labels,
        ...(pending === undefined || (firing !== undefined && pending > firing) ? {} : { pendingMs: pending }),
        ...(firing === undefined ? {} : { firingMs: firing }),
        lastMs: stretch.at(-1)?.atMs ?? 0,
      };
    });
  });
  const beganMs = ({ pendingMs, firingMs, lastMs }: EventOf<'alert'>): number => pendingMs ?? firingMs ?? lastMs;
  return events.filter(({ lastMs }) => lastMs >= 0).sort((a, b) => beganMs(a) - beganMs(b));
}

/** Neighbours that are no further apart than `gapMs`. */
function stretches<T extends { readonly atMs: number }>(
  sorted: readonly T[],
  gapMs: number,
): readonly (readonly T[])[] {
  const found: T[][] = [];
  for (const sample of sorted) {
    const current = found.at(-1);
    const last = current?.at(-1);
    if (current !== undefined && last !== undefined && sample.atMs - last.atMs <= gapMs) current.push(sample);
    else found.push([sample]);
  }
  return found;
}

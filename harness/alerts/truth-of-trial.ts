import { isFaultFree } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import type { WholeRecord } from '../model/record.ts';
import { midpoint, uncensored, type Interval } from '../model/units.ts';
import type { Clocks } from './clocks.ts';
import type { Truth } from './truth.ts';

/**
 * What a trial's record says that an alert is held against: the trial's own milliseconds as Unix time.
 * @param witnessMs when the witness first confirmed the fault, trial milliseconds, where its events are kept
 */
export function truthOfTrial(
  plan: Plan,
  record: WholeRecord,
  clocks: Clocks,
  right: Truth['right'],
  more: { readonly witnessMs?: number } = {},
): Omit<Truth, 'dataFromMs' | 'dataToMs' | 'sha256'> {
  const { onset, firstSymptom, mitigation, environment } = record;
  const wall = (ms: number): number => Math.round(record.wallEpochMs + ms);
  const between = ({ lo, hi }: Interval): Interval => ({ lo: wall(lo), hi: wall(hi) });
  const after = (time: Parameters<typeof uncensored>[0]): number | undefined => {
    const found = uncensored(time);
    return found === undefined || onset === undefined ? undefined : wall(midpoint(onset) + midpoint(found));
  };
  const steady = record.phases.find((phase) => phase.name === 'steady');
  // In a control that tries a runbook on a healthy cluster, only what is before the runbook is left alone.
  const healthyTo =
    record.control === 'on-healthy'
      ? steady?.toMs
      : (onset?.lo ?? (isFaultFree(record.control) ? record.endMs : undefined));
  const times = {
    witnessMs: more.witnessMs === undefined ? undefined : wall(more.witnessMs),
    changedMs: mitigation === undefined ? undefined : wall(mitigation.startMs),
    restoredMs: after(record.firstGood ?? record.ttr),
    stableMs: after(record.ttr),
    fullRecoveryMs: after(record.fullRecovery),
  };
  return {
    schemaVersion: 1,
    ...(isFaultFree(record.control) ? {} : { outage: record.scenario }),
    title: isFaultFree(record.control) ? 'a healthy cluster' : plan.outage.title,
    trialId: record.trialId,
    profile: record.profile,
    ...clocks,
    runbook: record.runbook,
    distribution: plan.distribution ?? 'kubeadm',
    ...(environment['kubernetes'] === undefined ? {} : { kubernetes: environment['kubernetes'] }),
    ...(onset === undefined ? {} : { onset: between(onset) }),
    ...(firstSymptom === undefined
      ? {}
      : { firstSymptom: { sli: firstSymptom.sli, interval: between(firstSymptom.interval) } }),
    ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined)),
    endMs: wall(record.endMs),
    healthy:
      steady === undefined || healthyTo === undefined || healthyTo <= steady.fromMs
        ? []
        : [{ fromMs: wall(steady.fromMs), toMs: wall(healthyTo) }],
    ...(right === undefined ? {} : { right }),
  };
}

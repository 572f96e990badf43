import { timersOf, type Scenario } from '../model/scenario.ts';
import type { PlannedControl } from '../model/plan.ts';
import type { ProfileName } from '../model/profile.ts';
import { delayOf, healthyWatchMs } from './controls.ts';
import { seconds } from '../model/units.ts';

/** What is known of a trial's wall time beforehand: a cluster from a snapshot, its teardown (measured on 2 cores: 15 to 25 s and 5 to 15 s). */
const aroundMs = seconds(45);

/**
 * A first guess of a trial's wall time, until the first has been seen: the frame and the baseline, then the horizon for those that are watched
 * to it. Milliseconds, the mean over runbooks and controls.
 */
export function typicalTrialMs(
  scenario: Pick<Scenario, 'runbooks' | 'horizonMs' | 'holdMs'>,
  profile: ProfileName,
  controls: readonly Pick<PlannedControl, 'kind'>[] = [],
): number {
  const timers = timersOf(scenario, profile);
  const cureMs = timers.runbookDelayMs + timers.holdMs + seconds(60);
  const watched = [
    ...scenario.runbooks.map((c) => (c.claim.expect === 'recovers' ? cureMs : scenario.horizonMs[profile])),
    ...controls.map(({ kind }) => {
      if (kind === 'healthy') return healthyWatchMs(timers);
      return kind === 'on-healthy' ? healthyWatchMs(timers) + seconds(60) : cureMs + delayOf(kind);
    }),
  ];
  return aroundMs + timers.steadyHoldMs + watched.reduce((a, b) => a + b, 0) / Math.max(1, watched.length);
}

/**
 * What a cluster with its workload, probes and load takes at most, in bytes. Measured at rest (bench/results/cluster-size.json): 1.2 GiB with
 * three nodes and 23 pods, 1.4 with five, 2.9 with three and 121 (62 of `cascade`, Kubernetes' own, and those that its faults add).
 */
export function clusterMemory(workers: number, pods: number): number {
  return (0.2 + 0.35 * (workers + 1) + 0.03 * pods) * 2 ** 30;
}

import { countWorkloadPods, workloadDir } from '../cluster/manifests.ts';
import { timersOf, type Scenario } from '../model/scenario.ts';
import type { ProfileName } from '../model/profile.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { wholeBlocks } from '../analysis/decision.ts';
import { clusterMemory, type Need } from '../setup/need.ts';
import { delayOf, healthyWatchMs, type Arm } from './controls.ts';
import { waitingMs } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/** What is known of a trial's wall time beforehand: a cluster from a snapshot, its teardown (measured on 2 cores: 15 to 25 s and 5 to 15 s). */
const aroundMs = seconds(45);

/**
 * A first guess of one trial's wall time, until others have been seen: the frame and the baseline, then as long as its arm is watched: to the
 * horizon when it is not expected to end the outage. Milliseconds.
 */
export function expectedTrialMs(
  scenario: Pick<Scenario, 'fault' | 'runbooks' | 'horizonMs' | 'holdMs'>,
  profile: ProfileName,
  { runbook, control }: Arm,
): number {
  const timers = timersOf(scenario, profile);
  const frameMs = aroundMs + timers.steadyHoldMs;
  if (control === 'healthy') return frameMs + healthyWatchMs(timers);
  if (control === 'on-healthy') return frameMs + healthyWatchMs(timers) + seconds(60);
  const onsetMs = waitingMs(scenario.fault.inject);
  const fixes = scenario.runbooks.some((c) => c.runbook.id === runbook && c.claim.expect === 'recovers');
  if (!fixes && control === undefined) return frameMs + onsetMs + scenario.horizonMs[profile];
  return frameMs + onsetMs + timers.runbookDelayMs + timers.holdMs + seconds(60) + delayOf(control);
}

/** The same for several trials one after the other. */
export function expectedMs(
  scenario: Parameters<typeof expectedTrialMs>[0],
  profile: ProfileName,
  arms: readonly Arm[],
): number {
  return arms.reduce((sum, arm) => sum + expectedTrialMs(scenario, profile, arm), 0);
}

/**
 * The trials, by id, that a run needs up to its next look if all goes as expected: arms that are not expected to end the outage are dropped as soon
 * as the plan's rule allows it. All trials where nothing is to be decided, or no look is left.
 */
export function untilNextLook(
  plan: Plan,
  records: readonly TrialRecord[],
  scenario: Pick<Scenario, 'runbooks'>,
): readonly string[] {
  const { comparison } = plan;
  const block = comparison?.decide === true ? wholeBlocks(plan, records) : Infinity;
  const next = comparison?.looks.find(({ blocks }) => blocks > block)?.blocks;
  const fixes = new Set(scenario.runbooks.flatMap((c) => (c.claim.expect === 'recovers' ? [c.runbook.id] : [])));
  return plan.trials
    .filter((t) => next === undefined || t.block <= next)
    .filter((t) => next === undefined || fixes.has(t.runbook) || t.block <= (comparison?.dropAfter ?? Infinity))
    .map(({ id }) => id);
}

/** What a run of a scenario takes of the machine. */
export async function needOf(scenarioId: string, { cluster }: Pick<Scenario, 'cluster'>, clusters = 1): Promise<Need> {
  const pods = await countWorkloadPods(workloadDir(cluster.workload));
  return { what: scenarioId, clusters, nodes: cluster.workers + 1, memoryBytes: clusterMemory(cluster.workers, pods) };
}

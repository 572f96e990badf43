import type { SliLog, TrialLog } from './log.ts';
import type { Observation } from './observation.ts';
import { badAtEnd } from './relapse.ts';
import { findSymptoms } from './symptoms.ts';

/**
 * What the runbook left worse than it had found it, in words; empty when it changed nothing, for then whatever happened is the
 * fault's own doing. Harm is what lasts: an SLI (a bystander's or another) that nothing was wrong with until the first changing
 * command and that is bad in the end, or an object outside the blast radius that is gone without a successor. What was hit
 * and came back is collateral, which is counted beside the outcome: a reinstall that takes a bystander down for a minute is
 * costly, not useless.
 */
export function harmOf(
  log: TrialLog,
  observation: Observation,
  mitigationStartMs: number | undefined,
  lostOutside: readonly string[],
): readonly string[] {
  if (mitigationStartMs === undefined) return [];
  const harm: string[] = [];
  for (const sli of log.slis) {
    if (!firstWentBadAfter(sli, observation, mitigationStartMs)) continue;
    if ((observation.control || !log.started.breaks.includes(sli.sli)) && badAtEnd(sli, observation.toMs)) {
      harm.push(`${sli.sli} was good before the runbook and is not any more`);
    }
  }
  const [first] = lostOutside;
  if (first !== undefined) {
    const more = lostOutside.length - 1;
    harm.push(`${first}${more > 0 ? ` and ${String(more)} more` : ''} outside the blast radius gone`);
  }
  return harm;
}

function firstWentBadAfter(sli: SliLog, observation: Observation, atMs: number): boolean {
  const first = findSymptoms(sli.samples, observation.fromMs, observation.toMs)[0];
  return first !== undefined && first.firstBadMs >= atMs;
}

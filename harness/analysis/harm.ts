import type { TrialLog } from './log.ts';
import type { Observation } from './observation.ts';
import type { Broken } from './recovery.ts';

/**
 * What the runbook left worse than it had found it, in words; empty when it changed nothing, for then whatever happened is the
 * fault's own doing. Harm is what lasts: an SLI (a bystander's or another) without an outage until the first changing command that is in
 * an outage at the end, or an object outside the blast radius that is gone without a successor. What was hit and came back is collateral,
 * which is counted beside the outcome: a reinstall that takes a bystander down for a minute is costly, not useless.
 * @param all every SLI with its outages
 */
export function harmOf(
  log: TrialLog,
  observation: Observation,
  all: readonly Broken[],
  mitigationStartMs: number | undefined,
  lostOutside: readonly string[],
): readonly string[] {
  if (mitigationStartMs === undefined) return [];
  const harm = all
    .filter(({ sli }) => observation.control || !log.started.breaks.includes(sli.sli))
    .filter(({ outages }) => {
      const [first] = outages;
      return first !== undefined && first.overdueMs >= mitigationStartMs && outages.at(-1)?.ended === undefined;
    })
    .map(({ sli }) => `${sli.sli} was good before the runbook and is not any more`);
  const [first] = lostOutside;
  if (first !== undefined) {
    const more = lostOutside.length - 1;
    harm.push(`${first}${more > 0 ? ` and ${String(more)} more` : ''} outside the blast radius gone`);
  }
  return harm;
}

import type { NightLine } from '../../model/night.ts';
import { countOf } from '../../model/units.ts';
import { validIn } from './gates.ts';
import { nightsOf, type Tonight } from './lines.ts';
import { blocksIn, type ScenarioVerdict } from './verdict.ts';

/** With so many blocks a baseline is whole: `missing` adds no further night to it. */
export const baselineBlocks = 10;

/** `now`: tonight is the baseline of its environment from here on. `missing`: tonight is added where that has fewer than ten blocks. */
export type Pin = 'now' | 'missing';

/**
 * A baseline's lines with tonight pinned, and what was done, one line for each scenario of which there is something to say. Every environment has
 * its own baseline; those of others stay as they are. A night without any valid trial, or of more than one environment, is never pinned; `missing`
 * takes only nights that are not red.
 */
export function pin(
  lines: readonly NightLine[],
  tonight: readonly Tonight[],
  verdicts: readonly ScenarioVerdict[],
  when: Pin,
): { readonly lines: readonly NightLine[]; readonly says: readonly string[] } {
  let kept = lines;
  const says: string[] = [];
  for (const night of tonight) {
    const { scenario, fingerprint, runId } = night;
    const same = (l: NightLine): boolean => l.scenario === scenario && l.fingerprint === fingerprint;
    const there = nightsOf(kept.filter(same));
    const blocks = blocksIn(there);
    if (when === 'missing' && (blocks >= baselineBlocks || there.some((n) => n.runId === runId))) continue;
    const own = [...night.arms.values()];
    const red = verdicts.find((v) => v.scenario === scenario)?.verdict === 'red';
    const why =
      night.mixed.length > 0
        ? 'its trials ran in more than one environment'
        : own.every((l) => l.blocks.length === 0) || own.every((l) => validIn(l) === 0)
          ? 'no trial of it was valid'
          : when === 'missing' && red
            ? 'it is red'
            : undefined;
    if (why !== undefined) {
      says.push(`${scenario}: tonight is not pinned: ${why}`);
      continue;
    }
    kept = [
      ...kept.filter((l) => !same(l) || (when === 'missing' && l.runId !== runId)),
      ...own.map((line) => ({ ...line, facts: { ...night.facts } })),
    ];
    const now = blocksIn(nightsOf(kept.filter(same)));
    says.push(
      when === 'now'
        ? `${scenario}: tonight is the baseline of its environment (${countOf(now, 'block')})`
        : `${scenario}: tonight is added to the baseline of its environment (${now} of ${countOf(baselineBlocks, 'block')})`,
    );
  }
  return { lines: kept, says };
}

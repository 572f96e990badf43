import { canaryDelayMs } from '../model/control.ts';
import { endpoints, type Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { Canary } from '../model/summary.ts';
import { countOf } from '../model/units.ts';
import { environmentDifferences } from './environments.ts';
import { armBlocks, isValid } from './observed.ts';
import { type Pair, testPairs, type Told } from './significance.ts';
import { signed } from './words.ts';

/** The canary of a run: the delayed arm against the same runbook begun in time, block by block. Undefined without such an arm. */
export function canaryOf(plan: Plan, records: readonly TrialRecord[]): Canary | undefined {
  const planned = plan.controls?.find(({ kind }) => kind === 'delayed');
  if (planned?.runbook === undefined) return undefined;
  const { id: arm, runbook } = planned;
  const ours = records.filter((r) => isValid(r) && r.runbook === runbook && r.control !== 'on-healthy');
  const [pair] = testPairs(armBlocks(plan, [runbook, arm], ours), { ...plan, level: 0.05 });
  if (pair === undefined) return undefined;
  const kinds = endpoints.map((time) => canaryKind(pair.times[time]));
  const order = ['undecided', 'other', 'not-seen'] as const;
  const alike = environmentDifferences(ours, ours).length === 0;
  const kind = alike ? (order.find((k) => kinds.includes(k)) ?? 'seen') : 'undecided';
  const { differenceMs, interval } = pair.times.ttr;
  return {
    kind,
    arm,
    runbook,
    blocks: pair.blocks,
    ...(differenceMs === undefined ? {} : { differenceMs }),
    ...(interval === undefined ? {} : { interval }),
    says: sentence(kind, runbook, pair),
  };
}

/** What one time of a runbook (a) beside the same one begun 30 s later (b) says of the comparison itself. */
function canaryKind({ p, sooner, interval, differenceMs = 0, minimumEffectMs }: Told): Canary['kind'] {
  if (p === undefined) return 'undecided';
  if (sooner === undefined) return 'not-seen';
  const covered = interval !== undefined && interval.lo <= canaryDelayMs && interval.hi >= canaryDelayMs;
  // An interval this narrow that misses by less than would matter is no news: a fix may itself take longer later.
  const near = covered || Math.abs(differenceMs - canaryDelayMs) < minimumEffectMs;
  return sooner === 'a' && near ? 'seen' : 'other';
}

function sentence(kind: Canary['kind'], runbook: string, { blocks, times }: Pair): string {
  const { ttr, downtime } = times;
  if (ttr.differenceMs === undefined) return `no block in which both it and ${runbook} recovered`;
  const bounds = ({ interval }: Told): string =>
    interval === undefined ? '' : ` (95 %: ${signed(interval.lo)} to ${signed(interval.hi)})`;
  const more = `${signed(downtime.differenceMs ?? 0)} more downtime${bounds(downtime)}`;
  const later = `recovered ${signed(ttr.differenceMs)} later than ${runbook}${bounds(ttr)}, ${more}, over ${countOf(blocks, 'block')}`;
  const words = {
    seen: 'the delay of 30 s is seen',
    other: 'a difference is shown, but not the delay of 30 s',
    'not-seen': 'the delay of 30 s is not seen: nor would be a difference of that size between runbooks',
    undecided: ttr.p === undefined ? 'too few blocks to show it' : 'no conclusion',
  } as const;
  return `${later}: ${words[kind]}`;
}

/** What `compare` says about a run's canary: nothing without one. */
export function canaryNote({
  plan,
  records,
}: {
  readonly plan: Plan;
  readonly records: readonly TrialRecord[];
}): readonly string[] {
  const canary = canaryOf(plan, records);
  return canary === undefined ? [] : [`Canary ${canary.arm}: ${canary.says}.`];
}

import { canaryDelayMs } from '../model/control.ts';
import { endpoints, type Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { signed } from './comparison.ts';
import { environmentDifferences } from './environments.ts';
import { isValid } from './observed.ts';
import { armBlocks } from './pairs.ts';
import { tellApart, type Pair, type Told } from './told-apart.ts';

/**
 * Whether the comparison saw that a runbook was begun 30 s later. `seen`: both times are shown to be longer, and 30 s is within the interval, or off by less than
 * would matter. `other`: shown, but 30 s is not. `not-seen`: not shown, with blocks enough to show something: then other differences of that size
 * cannot be believed to be seen either. `undecided`: too few blocks, or nothing to compare.
 */
export interface Canary {
  readonly kind: 'seen' | 'other' | 'not-seen' | 'undecided';
  readonly arm: string;
  readonly runbook: string;
  /** Blocks in which both were valid. */
  readonly blocks: number;
  /** How much later service was back; ms, mean over the blocks in which it was back after both. */
  readonly differenceMs?: number;
  /** 95 %, ms; absent below six such blocks. */
  readonly interval?: { readonly lo: number; readonly hi: number };
  /** The whole of it in one clause; the arm is not named. */
  readonly says: string;
}

/** The canary of a run: the delayed arm against the same runbook begun in time, block by block. Undefined without such an arm. */
export function canaryOf(plan: Plan, records: readonly TrialRecord[]): Canary | undefined {
  const planned = plan.controls?.find(({ kind }) => kind === 'delayed');
  if (planned?.runbook === undefined) return undefined;
  const { id: arm, runbook } = planned;
  const ours = records.filter((r) => isValid(r) && r.runbook === runbook && r.control !== 'on-healthy');
  const [pair] = tellApart(armBlocks(plan, [runbook, arm], ours), { ...plan, level: 0.05 });
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
  // An interval this narrow that misses by less than would matter is no news: a cure may itself take longer later.
  const near = covered || Math.abs(differenceMs - canaryDelayMs) < minimumEffectMs;
  return sooner === 'a' && near ? 'seen' : 'other';
}

function sentence(kind: Canary['kind'], runbook: string, { blocks, times }: Pair): string {
  const { ttr, downtime } = times;
  if (ttr.differenceMs === undefined) return `no block in which service was back after it and after ${runbook}`;
  const bounds = ({ interval }: Told): string =>
    interval === undefined ? '' : ` (95 %: ${signed(interval.lo)} to ${signed(interval.hi)})`;
  const more = `${signed(downtime.differenceMs ?? 0)} more downtime${bounds(downtime)}`;
  const later = `back ${signed(ttr.differenceMs)} later than ${runbook}${bounds(ttr)}, ${more}, over ${String(blocks)} ${blocks === 1 ? 'block' : 'blocks'}`;
  const words = {
    seen: 'the delay of 30 s is seen',
    other: 'a difference is shown, but not the delay of 30 s',
    'not-seen': 'the delay of 30 s is not seen: neither would be a difference of that size between runbooks',
    undecided: ttr.p === undefined ? 'too few blocks to show it' : 'nothing can be said of it',
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

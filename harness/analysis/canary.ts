import { canaryDelayMs } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { compare, signed, type Comparison } from './comparison.ts';
import { environmentDifferences } from './environments.ts';
import { byBlock, isValid } from './observed.ts';
import { armPairs } from './pairs.ts';

/**
 * Whether the comparison saw that a runbook was begun 30 s later. `seen`: shown to be slower, and 30 s is within the interval, or off by less than would matter.
 * `other`: shown, but 30 s is not. `not-seen`: not shown, with blocks enough to show something: then other differences of that size
 * cannot be believed to be seen either. `undecided`: too few blocks, or nothing to compare.
 */
export interface Canary {
  readonly kind: 'seen' | 'other' | 'not-seen' | 'undecided';
  readonly arm: string;
  readonly runbook: string;
  /** Blocks in which both were valid. */
  readonly blocks: number;
  /** How much later service was back; ms, mean over those blocks. */
  readonly differenceMs?: number;
  /** 95 %, ms; absent below six blocks. */
  readonly interval?: { readonly lo: number; readonly hi: number };
  /** The whole of it in one line. */
  readonly says: string;
}

/** The canary of a run: the delayed arm against the same runbook begun in time, block by block. Undefined without such an arm. */
export function canaryOf(plan: Plan, records: readonly TrialRecord[]): Canary | undefined {
  const planned = plan.controls?.find(({ kind }) => kind === 'delayed');
  if (planned?.runbook === undefined) return undefined;
  const { id: arm, runbook } = planned;
  const ours = records.filter((r) => isValid(r) && r.runbook === runbook && r.control !== 'on-healthy');
  const pairs = armPairs(byBlock(plan, ours), runbook, arm, plan.horizonMs);
  const [comparison] = compare(
    [
      {
        a: runbook,
        b: arm,
        design: 'paired',
        timesA: pairs.map(([x]) => x),
        timesB: pairs.map(([, y]) => y),
      },
    ],
    {
      horizonMs: plan.horizonMs,
      seed: plan.seed,
      refused: environmentDifferences(ours, ours).length > 0,
      sooner: 'is faster than',
      unit: 'block',
    },
  );
  const kind = canaryKind(comparison);
  return {
    kind,
    arm,
    runbook,
    blocks: pairs.length,
    ...(comparison?.differenceMs === undefined ? {} : { differenceMs: comparison.differenceMs }),
    ...(comparison?.interval === undefined ? {} : { interval: comparison.interval }),
    says: sentence(kind, arm, runbook, pairs.length, comparison),
  };
}

/** What a comparison of a runbook (a) with the same one begun 30 s later (b) says of the comparison itself. */
export function canaryKind(comparison: Comparison | undefined): Canary['kind'] {
  switch (comparison?.kind) {
    case 'faster': {
      const { interval, differenceMs = 0, minimumEffectMs = 0 } = comparison;
      const covered = interval !== undefined && interval.lo <= canaryDelayMs && interval.hi >= canaryDelayMs;
      // An interval this narrow that misses by less than would matter is no news: a cure may itself take longer later.
      return covered || Math.abs(differenceMs - canaryDelayMs) < minimumEffectMs ? 'seen' : 'other';
    }
    case 'slower':
      return 'other';
    case 'below-minimum':
    case 'not-shown':
    case 'not-resolvable':
      return 'not-seen';
    case 'neither':
    case 'too-few':
    case 'refused':
    case 'no-data':
    case undefined:
      return 'undecided';
  }
}

function sentence(
  kind: Canary['kind'],
  arm: string,
  runbook: string,
  blocks: number,
  comparison: Comparison | undefined,
): string {
  const { differenceMs, interval } = comparison ?? {};
  if (differenceMs === undefined) return `${arm}: no block in which it and ${runbook} were valid`;
  const bounds = interval === undefined ? '' : ` (95 %: ${signed(interval.lo)} to ${signed(interval.hi)})`;
  const later = `back ${signed(differenceMs)} later than ${runbook}${bounds} over ${String(blocks)} ${blocks === 1 ? 'block' : 'blocks'}`;
  const words = {
    seen: 'the delay of 30 s is seen',
    other: 'a difference is shown, but not the delay of 30 s',
    'not-seen': 'the delay of 30 s is not seen: neither would be a difference of that size between runbooks',
    undecided: comparison?.kind === 'too-few' ? 'too few blocks to show it' : 'nothing can be said of it',
  } as const;
  return `${arm}: ${later}: ${words[kind]}`;
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
  return canary === undefined ? [] : [`Canary ${canary.says}.`];
}

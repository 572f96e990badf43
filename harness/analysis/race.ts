import { armName } from '../model/control.ts';
import { armsIn, type Look, type Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { RunbookSummary } from '../model/summary.ts';
import { atStake, safestFirst, severity, worstFault, type Fault } from './faults.ts';
import { armBlocks, type ArmBlocks, byBlock, isValid } from './observed.ts';
import { leastPairs } from './permutation.ts';
import { testPairs, type Pair } from './significance.ts';

/** Fewer valid trials of a runbook name no winner, whatever they show. */
export const leastTrials = 5;
/**
 * Fewer do not name one for its times alone over one that puts no more at stake: what fails three times in ten looks as if it never failed in 6 %
 * of runs of eight, and in 4 % of runs of nine. What puts less at stake may be tried before the other.
 */
export const leastForTimes = 9;
/** A watch is over when the trial's clock says so, not to the millisecond. */
const watchTailMs = 2000;
const usualLevel = 0.05;

/** Why one runbook is to be preferred to another. */
export type Reason =
  | { readonly kind: 'no-data' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'fails'; readonly blocks: number }
  | { readonly kind: 'better'; readonly pair: Pair }
  | { readonly kind: 'no-worse' };

/** The runbooks of a run beside each other. */
export interface Race {
  /** Compared runbooks with a valid trial. */
  readonly arms: readonly RunbookSummary[];
  /** Those that recovered every time, in trials of which most gave data. */
  readonly clean: readonly RunbookSummary[];
  /** Of those, the ones that were watched long enough to be named (in plans that ask for no such watch: all), without those that another one is better than; safest first. */
  readonly candidates: readonly RunbookSummary[];
  /** The one that is to be preferred to every other, as far as the trials go. */
  readonly leader?: RunbookSummary;
  /** The same where it may be named. */
  readonly winner?: RunbookSummary;
  /** Why `a` is to be preferred to `b`; undefined where nothing says so. */
  readonly reason: (a: RunbookSummary, b: RunbookSummary) => Reason | undefined;
  readonly pairOf: (a: RunbookSummary, b: RunbookSummary) => Pair | undefined;
  readonly blocks: ReadonlyMap<string, ArmBlocks>;
}

/**
 * Sets the runbooks of a run beside each other. Hard facts come before times, and times count only as far as the comparison shows them.
 * @param trials those of runbooks, none of a control
 */
export function raceOf(plan: Plan, summaries: readonly RunbookSummary[], trials: readonly TrialRecord[]): Race {
  const { comparison } = plan;
  const arms = summaries.filter(
    (r) => !r.prevention && r.n > 0 && (comparison === undefined || comparison.arms.includes(r.id)),
  );
  const ids = arms.map(({ id }) => id);
  const level = levelOf(plan, trials);
  const seen = lookedAt(plan, trials);
  const blocks = new Map(armBlocks(plan, ids, seen.filter(isValid)).map((arm) => [arm.id, arm]));
  const pairs = longest(blocks) < leastPairs(1) ? [] : testPairs([...blocks.values()], { ...plan, level });
  const clean = arms.filter((r) => r.recovered.k === r.n && !isSilent(r));
  const pairOf = (a: RunbookSummary, b: RunbookSummary): Pair | undefined =>
    pairs.find((p) => (p.a === a.id && p.b === b.id) || (p.a === b.id && p.b === a.id));
  const better = (a: RunbookSummary, b: RunbookSummary): boolean => {
    const pair = pairOf(a, b);
    if (pair?.better === undefined || pair[pair.better] !== a.id) return false;
    // Of two times one may be significant earlier than the other: what is shown in the one is no answer while the other looks the opposite.
    return Object.values(pair.times).every(
      ({ restrictedMs, minimumEffectMs }) => (pair.better === 'a' ? restrictedMs : -restrictedMs) > -minimumEffectMs,
    );
  };

  function reason(a: RunbookSummary, b: RunbookSummary): Reason | undefined {
    if (isSilent(b)) return { kind: 'no-data' };
    if (weightOf(b) > weightOf(a)) return { kind: 'fault', fault: worstFault(b) };
    if (plan.dropped?.some(({ arm }) => arm === b.id)) return { kind: 'dropped' };
    const failed = failedBeside(blocks.get(a.id), blocks.get(b.id));
    // Exact two-sided sign test of the blocks in which one recovered and the other did not (McNemar), Bonferroni over the rivals.
    if (failed.more > 0 && failed.fewer === 0 && 2 ** (1 - failed.more) * (arms.length - 1) <= level)
      return { kind: 'fails', blocks: failed.more };
    const pair = pairOf(a, b);
    if (pair === undefined) return undefined;
    if (better(a, b)) return { kind: 'better', pair };
    return pair.noWorse[pair.a === a.id ? 'a' : 'b'] && atStake(a) <= atStake(b) ? { kind: 'no-worse' } : undefined;
  }

  const named = clean.filter((r) => comparison === undefined || isConfirmed(r, comparison.confirmMs));
  const lightest = Math.min(...named.map(weightOf));
  const candidates = named
    .filter((r) => weightOf(r) === lightest)
    .filter((r, _, all) => !all.some((other) => better(other, r)))
    .sort(safestFirst);
  const isAhead = (r: RunbookSummary): boolean =>
    r.n >= leastTrials && arms.every((other) => other === r || reason(r, other) !== undefined);
  const leader = candidates.find(isAhead);
  const early = (r: RunbookSummary): boolean =>
    arms.every((other) => {
      const kind = other === r ? undefined : reason(r, other)?.kind;
      return (kind !== 'better' && kind !== 'no-worse') || atStake(r) < atStake(other);
    });
  const won = comparison !== undefined && leader !== undefined && (leader.n >= leastForTimes || early(leader));
  return {
    ...{ arms, clean, candidates, reason, pairOf, blocks },
    ...(leader === undefined ? {} : { leader }),
    ...(won ? { winner: leader } : {}),
  };
}

/** What was never seen in a few trials may be chance: that it was never whole and that nothing was read weigh from five trials on. */
function weightOf(r: RunbookSummary): number {
  const fault = worstFault(r);
  return (fault === 'never-whole' || fault === 'unread') && r.n < leastTrials ? 0 : severity(fault);
}

/** Whether most of its trials gave no data: then nothing is known of it, good or bad. */
export const isSilent = (r: RunbookSummary): boolean => r.invalid + r.unknown > r.n;

/** Whether a trial, or an arm at least once, was watched for so long after it was stable, and stayed so. */
export const isConfirmed = (r: Pick<RunbookSummary, 'watchedStableMs'>, confirmMs: number): boolean =>
  (r.watchedStableMs ?? 0) >= confirmMs - watchTailMs;

/**
 * What an adjusted p must not be above to show anything: 0.05, or what was declared for the look at which the run stands. 0 before the first
 * look.
 */
export function levelOf(plan: Plan, trials: readonly TrialRecord[]): number {
  return lookOf(plan, trials)?.level ?? (plan.comparison?.decide === true ? 0 : usualLevel);
}

/** The trials that count at the look at which the run stands: what came after a declared look is not looked at before the next one. */
export function lookedAt(plan: Plan, trials: readonly TrialRecord[]): readonly TrialRecord[] {
  const look = lookOf(plan, trials);
  return look === undefined ? trials : upTo(plan, trials, look.blocks);
}

/** Where a run that is to be decided stands: its last declared look. Undefined before the first one, and in runs that are looked at once, in the end. */
function lookOf(plan: Plan, trials: readonly TrialRecord[]): Look | undefined {
  const { comparison } = plan;
  if (comparison?.decide !== true) return undefined;
  const inIt = armsIn(plan);
  const done = [...byBlock(plan, trials).values()].filter((block) =>
    inIt.every((arm) => block.some((t) => armName(t) === arm)),
  ).length;
  return comparison.looks.filter(({ blocks }) => blocks <= done).sort((a, b) => b.blocks - a.blocks)[0];
}

/** The trials of the first so many blocks. */
export function upTo(plan: Plan, trials: readonly TrialRecord[], blocks: number): readonly TrialRecord[] {
  const within = new Set(plan.trials.filter((t) => t.block <= blocks).map(({ id }) => id));
  return trials.filter(({ trialId }) => within.has(trialId));
}

/** Of the two runbooks with the most blocks, the fewer. */
function longest(blocks: ReadonlyMap<string, ArmBlocks>): number {
  return [...blocks.values()].map((arm) => arm.blocks.size).sort((a, b) => b - a)[1] ?? 0;
}

/** Blocks in which `b` did not recover and `a` did, and the other way round. */
function failedBeside(a: ArmBlocks | undefined, b: ArmBlocks | undefined): { more: number; fewer: number } {
  const found = { more: 0, fewer: 0 };
  for (const [key, mine] of a?.blocks ?? []) {
    const theirs = b?.blocks.get(key);
    if (theirs === undefined || mine.ttr.event === theirs.ttr.event) continue;
    if (mine.ttr.event) found.more++;
    else found.fewer++;
  }
  return found;
}

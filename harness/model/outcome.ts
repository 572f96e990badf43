import { z } from 'zod';
import type { Claim } from './runbook.ts';

/** Everything about an outcome that does not depend on its trial. Whatever judges, counts or shows outcomes reads it here. */
interface Meaning {
  /** Its label in a table. */
  readonly label: string;
  /** What the runbook did, as in `it … in 2 of 3 trials`; only where a share of recovered trials does not say it. */
  readonly did?: string;
  /** `no-data` says nothing about the runbook, and counts for and against nobody. */
  readonly verdict: 'success' | 'failure' | 'no-data';
}

const meanings = {
  prevented: { label: 'prevented', did: 'prevented', verdict: 'success' },
  recovered: { label: 'recovered', verdict: 'success' },
  relapsed: { label: 'relapsed', did: 'relapsed', verdict: 'failure' },
  'not-recovered': { label: 'not recovered', verdict: 'failure' },
  'recovered-with-loss': { label: 'recovered, data lost', did: 'recovered with data lost', verdict: 'failure' },
  harmed: { label: 'did harm', did: 'did harm', verdict: 'failure' },
  'control-clean': { label: 'clean', verdict: 'success' },
  'control-disturbed': { label: 'disturbed', verdict: 'failure' },
  invalid: { label: 'invalid', verdict: 'no-data' },
  unknown: { label: 'unknown', verdict: 'no-data' },
} as const satisfies Readonly<Record<string, Meaning>>;

/**
 * What became of a trial. `prevented`: the change was made under a prevention, and nothing that had to break did. `invalid` (no steady
 * state, no witness, or what had to break did not) and `unknown` (the harness or its nodes starved, probe gaps) are never counted as a runbook's
 * failure. Where no fault was injected: `control-clean` (no SLI bad, no alert, nothing lost) or `control-disturbed`.
 */
export type Outcome = keyof typeof meanings;

/** All outcomes, the best first. */
export const outcomes = Object.keys(meanings) as [Outcome, ...Outcome[]];
export const outcomeSchema = z.enum(outcomes);

const meaningOf = (outcome: Outcome): Meaning => meanings[outcome];

/** Its label in a table. */
export const outcomeLabel = (outcome: Outcome): string => meaningOf(outcome).label;

/** Whether a trial says anything about its runbook. */
export const isValidOutcome = (outcome: Outcome): boolean => meaningOf(outcome).verdict !== 'no-data';

/** Whether the runbook did what it is for, or a control stayed clean. */
export const isSuccess = (outcome: Outcome): boolean => meaningOf(outcome).verdict === 'success';

/** `good`, `bad`, or neither, for colours and symbols. */
export const toneOf = (outcome: Outcome): 'good' | 'bad' | 'none' =>
  (({ success: 'good', failure: 'bad', 'no-data': 'none' }) as const)[meaningOf(outcome).verdict];

/** Outcomes that a share of recovered trials does not show, with what the runbook did: `did harm`. */
export const notableOutcomes: readonly (readonly [Outcome, string])[] = outcomes.flatMap((outcome) => {
  const { did } = meaningOf(outcome);
  return did === undefined ? [] : [[outcome, did] as const];
});

/**
 * What a trial says about the claim of its scenario. A runbook that is expected to fail and fails is a result like any other, and so is one that recovers
 * against expectation: only a runbook that was expected to recover and did not is `broken`.
 */
export function claimAfter(outcome: Outcome, expect: Claim['expect']): 'held' | 'broken' | 'no-data' {
  if (!isValidOutcome(outcome)) return 'no-data';
  return expect === 'recovers' && !isSuccess(outcome) ? 'broken' : 'held';
}

/** How many trials of each outcome there are. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

const count = (counts: OutcomeCounts, which: (outcome: Outcome) => boolean): number =>
  outcomes.filter(which).reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);

/** How many of them were a success. */
export const successes = (counts: OutcomeCounts): number => count(counts, isSuccess);

/** How many of them say anything. */
export const validTrials = (counts: OutcomeCounts): number => count(counts, isValidOutcome);

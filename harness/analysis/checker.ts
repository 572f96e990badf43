import type { FindingRecord, TrialRecord } from '../model/record.ts';
import { oneLine } from '../model/errors.ts';
import type { TrialLog } from './log.ts';
import type { Observation } from './observation.ts';
import type { Broken } from './recovery.ts';
import type { Service } from './service.ts';

/** A trial as its events tell it, for whatever judges it. */
export interface Trial {
  readonly log: TrialLog;
  readonly observation: Observation;
  /** Every SLI with its outages. */
  readonly slis: readonly Broken[];
  readonly mitigation: TrialRecord['mitigation'];
  readonly service: Service;
  /** What another checker of the list found; undefined where it had nothing to say or crashed. */
  readonly found: <T>(checker: Checker<T>) => T | undefined;
}

/** What a checker has to say of a trial. */
export interface Finding<T = undefined> {
  readonly verdict: FindingRecord['verdict'];
  /** One clause for people, without a full stop. */
  readonly says: string;
  /** That no outcome can be told, and why is what it says: not a trial of its runbook (`invalid`), or not measured well enough (`unknown`). */
  readonly voids?: 'invalid' | 'unknown';
  /** For code that needs more than words. */
  readonly value: T;
}

/**
 * One judgement of a trial: a pure function of what its events tell. A new one is a file in `checkers/` and a line in `checkers.ts`; reports list what
 * it says. The idea is that of Jepsen's checkers.
 */
export interface Checker<T = unknown> {
  readonly name: string;
  /** Whether the numbers can be believed depends on it: where it crashes, the trial's outcome is `unknown`. */
  readonly gate?: true;
  /** Undefined where there is nothing to judge. */
  readonly check: (trial: Trial) => Finding<T> | undefined;
}

/** What all checkers found, in the order of their list. */
export interface Judged {
  readonly findings: readonly (FindingRecord & Pick<Finding, 'voids'>)[];
  readonly found: Trial['found'];
}

/**
 * Asks every checker about a trial. One that throws is `unknown`, with the reason, and the others are asked all the same.
 */
export function judge(checkers: readonly Checker[], trial: Omit<Trial, 'found'>): Judged {
  const asked = new Map<Checker, { readonly finding?: Finding<unknown>; readonly crash?: string }>();
  const ask = (checker: Checker): { readonly finding?: Finding<unknown>; readonly crash?: string } => {
    const before = asked.get(checker);
    if (before !== undefined) return before;
    let answer;
    try {
      const finding = checker.check({ ...trial, found });
      answer = finding === undefined ? {} : { finding };
    } catch (error) {
      answer = { crash: `the checker crashed: ${oneLine(error)}` };
    }
    asked.set(checker, answer);
    return answer;
  };
  // What is kept for a checker is what that very checker answered.
  const found = <T>(checker: Checker<T>): T | undefined => ask(checker).finding?.value as T | undefined;
  const findings = checkers.flatMap((checker) => {
    const { name, gate } = checker;
    const { finding, crash } = ask(checker);
    if (crash !== undefined) {
      const voids = gate === true ? { voids: 'unknown' as const } : {};
      return [{ name, verdict: 'unknown' as const, says: crash, crashed: true as const, ...voids }];
    }
    if (finding === undefined) return [];
    const { verdict, says, voids } = finding;
    return [{ name, verdict, says, ...(voids === undefined ? {} : { voids }) }];
  });
  return { findings, found };
}

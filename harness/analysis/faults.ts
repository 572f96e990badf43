import type { RunbookSummary } from '../model/summary.ts';

/**
 * What speaks against a runbook whatever its speed, worst first. `lost-data`, `harm`, `down-again`: in any valid trial. `never-whole`: it
 * was fully recovered in none. `unread`: the data were read back in none.
 */
export const faults = ['lost-data', 'harm', 'down-again', 'never-whole', 'unread', 'none'] as const;
export type Fault = (typeof faults)[number];

type Counts = Pick<RunbookSummary, 'n' | 'outcomes'> & {
  readonly data: Pick<RunbookSummary['data'], 'trialsWithLoss' | 'unknown'>;
  readonly fullRecovery: Pick<RunbookSummary['fullRecovery'], 'k'>;
};

/** The worst that is known of a runbook. */
export function worstFault({ n, outcomes, data, fullRecovery }: Counts): Fault {
  if (n === 0) return 'none';
  if (data.trialsWithLoss > 0) return 'lost-data';
  if ((outcomes.harmed ?? 0) > 0) return 'harm';
  if ((outcomes.relapsed ?? 0) > 0) return 'down-again';
  if (fullRecovery.k === 0) return 'never-whole';
  return data.unknown === n ? 'unread' : 'none';
}

/** 0 for none; greater is worse. */
export const severity = (fault: Fault): number => faults.length - 1 - faults.indexOf(fault);

type Mildness = Pick<RunbookSummary, 'id' | 'passive' | 'destroys' | 'badnessMs'>;

/** What a runbook puts at stake: nothing by doing nothing, else the things that its steps say they destroy. */
export const atStake = (r: Pick<Mildness, 'passive' | 'destroys'>): number => (r.passive ? -1 : r.destroys.length);

/** Order of what is least risky, then of the least downtime. */
export const safestFirst = (a: Mildness, b: Mildness): number =>
  atStake(a) - atStake(b) || a.badnessMs - b.badnessMs || (a.id < b.id ? -1 : 1);

import type { RunSummary } from '../model/summary.ts';
import { firstAlarm, fixes, overviewOf, type Overview, type OverviewRunbook, type RunInShort } from './overview.ts';
import { sum } from './numbers.ts';
import { atLeast } from './stats.ts';

/**
 * What is known of ending an outage, the best first. `by-itself`: doing nothing recovered every time. `works`: a runbook did, and nothing speaks against it.
 * `at-a-price`: one did, but never in full, or its data could not be read. `sometimes`: one did in some trials. `nothing`: none did. `no-data`: no trial was valid.
 */
export const standings = ['by-itself', 'works', 'at-a-price', 'sometimes', 'nothing', 'no-data'] as const;
export type Standing = (typeof standings)[number];

/** One outage, for people who do not read tables. */
export interface BriefOutage {
  readonly outage: Overview;
  readonly standing: Standing;
  /** What to use, or what came nearest; absent where nothing did. */
  readonly best?: OverviewRunbook;
  /** How many of its trials there were in the run that had the most, and how often it may fail all the same: at most, of 1 (95 %, exact). Absent where nothing recovered every time. */
  readonly sure?: { readonly trials: number; readonly mayFail: number };
  /** Runbooks that lost rows, did harm or whose fix did not last, in any trial. */
  readonly harmful: readonly OverviewRunbook[];
  /** Other runbooks that did not end it every time. */
  readonly useless: readonly OverviewRunbook[];
  /** Runbooks beside the best that ended it every time, and against which nothing speaks. */
  readonly others: readonly OverviewRunbook[];
  /** The alert that detected it most often, then soonest; absent where none did. */
  readonly alarm?: NonNullable<ReturnType<typeof firstAlarm>>;
  /** The objective of the latest run that has one. */
  readonly objective?: NonNullable<RunSummary['objective']>;
}

/** Everything that was rehearsed, the best known first. */
export interface Briefing {
  readonly outages: readonly BriefOutage[];
  readonly runs: number;
  /** Valid trials. */
  readonly trials: number;
  /** When the first and the last run were made. */
  readonly fromEpochMs: number;
  readonly toEpochMs: number;
}

/** With fewer trials than this a result is a first impression. */
export const impressionBelow = 5;

/** What kept runs come to, in the order of how well each outage is under control. @throws RangeError for no run */
export function briefingOf(runs: readonly RunInShort[]): Briefing {
  if (runs.length === 0) throw new RangeError('no run to sum up');
  const made = runs.map(({ plan }) => plan.createdEpochMs);
  const outages = overviewOf(runs)
    .map((outage) => briefOutage(outage, runs))
    .sort((a, b) => standings.indexOf(a.standing) - standings.indexOf(b.standing));
  return {
    outages,
    runs: runs.length,
    trials: sum(outages.map(({ outage }) => outage.trials.valid)),
    fromEpochMs: Math.min(...made),
    toEpochMs: Math.max(...made),
  };
}

function briefOutage(outage: Overview, runs: readonly RunInShort[]): BriefOutage {
  const own = runs.filter(({ plan }) => outage.runs.some(({ runId }) => runId === plan.runId));
  const tried = outage.runbooks.filter((r) => !r.prevention && r.n > 0);
  const harmful = tried.filter((r) => ['lost-data', 'harm', 'down-again'].includes(r.fault));
  const always = fixes(outage).filter((r) => !harmful.includes(r));
  // Least severe fault first, and nothing is safer than doing nothing.
  const [fix] = always;
  const [nearest] = tried.filter((r) => r.k > 0).sort((a, b) => b.k / b.n - a.k / a.n);
  const best = fix ?? nearest;
  const alarm = firstAlarm(outage);
  const objective = [...own]
    .sort((a, b) => b.plan.createdEpochMs - a.plan.createdEpochMs)
    .find(({ summary }) => summary.objective !== undefined)?.summary.objective;
  return {
    outage,
    standing: standingOf(tried.length, fix, nearest),
    ...(best === undefined ? {} : { best }),
    ...(fix === undefined ? {} : { sure: surenessOf(fix.id, own) }),
    harmful,
    useless: tried.filter((r) => r !== best && r.k < r.n && !harmful.includes(r)),
    others: always.filter((r) => r !== best && r.fault === 'none'),
    ...(alarm === undefined ? {} : { alarm }),
    ...(objective === undefined ? {} : { objective }),
  };
}

function standingOf(tried: number, fix: OverviewRunbook | undefined, nearest: OverviewRunbook | undefined): Standing {
  if (tried === 0) return 'no-data';
  if (fix !== undefined) {
    if (fix.passive) return 'by-itself';
    return fix.fault === 'none' ? 'works' : 'at-a-price';
  }
  return nearest === undefined ? 'nothing' : 'sometimes';
}

/** By the one run that tried it most often: runs of different days are not one sample. */
function surenessOf(id: string, runs: readonly RunInShort[]): { readonly trials: number; readonly mayFail: number } {
  const most = Math.max(...runs.flatMap(({ summary }) => summary.runbooks.filter((r) => r.id === id).map((r) => r.n)));
  return { trials: most, mayFail: 1 - atLeast(most, most) };
}

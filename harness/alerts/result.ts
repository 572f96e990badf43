import { poissonUpper } from '../analysis/stats.ts';
import { grouped } from '../model/grouped.ts';
import type { ProfileName } from '../model/profile.ts';
import { agrees, type Agreement } from './against-live.ts';
import type { KeptTrial } from './corpus.ts';
import type { Verdict } from './judge.ts';
import type { Rule } from './rules.ts';
import type { AlertSpan } from './state.ts';

/** A rule in one trial, with what is drawn of it. */
export interface Cell {
  readonly rule: Rule;
  readonly verdict: Verdict;
  readonly spans: readonly AlertSpan[];
  readonly missing: readonly string[];
  readonly trouble?: string;
  readonly drawn?: Drawn;
}

/** An expression over a trial. Unix ms. */
export interface Drawn {
  readonly expr: string;
  readonly op?: string;
  readonly threshold?: number;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [atMs: number, value: number])[];
  }[];
  /** How many series there are besides those. */
  readonly more: number;
}

/** A trial, with what every alert rule did in it: soonest first, then in the files' order. */
export interface TrialRow {
  readonly kept: KeptTrial;
  readonly verdicts: readonly Cell[];
  /** The replay against the alerts of the Prometheus that ran beside the trial, where rules of these names ran in both. */
  readonly live: readonly Agreement[];
}

export interface OutageRow {
  readonly outage: string;
  readonly trials: readonly TrialRow[];
}

/** False alarms over healthy stretches. */
export interface FalseAlarms {
  readonly count: number;
  readonly hours: number;
  /** Absent where there was no time in which it could have fired. */
  readonly perHour?: { readonly rate: number; readonly /** What the data still allow, 95 %. */ upper: number };
}

/** An alert rule over all trials of a profile. */
export interface RuleRow {
  readonly rule: Rule;
  /** Outages in which it was detected in every trial, in some, and of how many. */
  readonly detected: number;
  readonly outages: number;
  readonly right: number;
  readonly wrong: number;
  readonly falseAlarms: FalseAlarms;
  /** Series that it needs and no trial has. */
  readonly neverHere: readonly string[];
}

/** Everything of one profile: two of them are never compared. */
export interface ProfileResult {
  readonly profile: ProfileName;
  readonly outages: readonly OutageRow[];
  /** Trials without an outage. */
  readonly healthy: readonly TrialRow[];
  readonly rules: readonly RuleRow[];
  /** Of all rules together: pages of a healthy cluster. */
  readonly total: FalseAlarms;
  readonly live: LiveAgreement;
}

/** How far replayed alerts are those of the Prometheus that ran beside the trials. */
export interface LiveAgreement {
  /** Alerts that fired in either. */
  readonly of: number;
  /** Those that fired in both within one evaluation of each other. */
  readonly agree: number;
  /** The others: alert, trial, and how far apart. */
  readonly apart: readonly {
    readonly name: string;
    readonly trial: string;
    readonly replayedMs?: number;
    readonly liveMs?: number;
  }[];
}

/** The rate of false alarms and its upper bound. */
export function falseAlarmsOf(verdicts: readonly Pick<Verdict, 'falseAlarms' | 'couldFireMs'>[]): FalseAlarms {
  const count = verdicts.reduce((sum, v) => sum + v.falseAlarms, 0);
  const hours = verdicts.reduce((sum, v) => sum + v.couldFireMs, 0) / 3_600_000;
  return {
    count,
    hours,
    ...(hours > 0 ? { perHour: { rate: count / hours, upper: poissonUpper(count) / hours } } : {}),
  };
}

const soonest = (a: Cell, b: Cell): number => (a.verdict.ttdMs ?? Infinity) - (b.verdict.ttdMs ?? Infinity) || 0;

/** Puts trials together by profile and outage. */
export function resultOf(rows: readonly TrialRow[]): readonly ProfileResult[] {
  return [...grouped(rows, ({ kept }) => kept.truth.profile)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([profile, all]): ProfileResult => {
      const sorted = all.map((row) => ({ ...row, verdicts: [...row.verdicts].sort(soonest) }));
      const outages = [
        ...grouped(
          sorted.filter(({ kept }) => kept.truth.outage !== undefined),
          ({ kept }) => kept.truth.outage ?? '',
        ),
      ]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([outage, trials]): OutageRow => ({ outage, trials }));
      const rules = [...new Set(all.flatMap(({ verdicts }) => verdicts.map(({ rule }) => ruleKey(rule))))];
      const cellsOf = (key: string) =>
        sorted.flatMap(({ kept, verdicts }) =>
          verdicts.filter(({ rule }) => ruleKey(rule) === key).map((cell) => ({ kept, cell })),
        );
      return {
        profile,
        outages,
        healthy: sorted.filter(({ kept }) => kept.truth.outage === undefined),
        rules: rules.map((key) =>
          ruleRow(
            cellsOf(key).map(({ kept, cell }) => ({ outage: kept.truth.outage, cell })),
            outages.length,
          ),
        ),
        total: togetherOf(sorted),
        live: liveOf(sorted),
      };
    });
}

/** Rules of two files may have one name. */
export const ruleKey = ({ file, line, name }: Pick<Rule, 'file' | 'line' | 'name'>): string =>
  `${name} ${file}:${line}`;

function ruleRow(
  cells: readonly { readonly outage: string | undefined; readonly cell: Cell }[],
  outages: number,
): RuleRow {
  const byOutage = [
    ...grouped(
      cells.filter(({ outage }) => outage !== undefined),
      ({ outage }) => outage ?? '',
    ).values(),
  ];
  const count = (which: (verdict: Verdict) => boolean): number =>
    byOutage.filter((some) => some.every(({ cell }) => which(cell.verdict))).length;
  const missing = cells.map(({ cell }) => cell.missing);
  const [first] = cells;
  if (first === undefined) throw new Error('a rule without a trial');
  return {
    rule: first.cell.rule,
    detected: count(({ state }) => state === 'detected'),
    outages,
    right: count(({ name }) => name === 'right'),
    wrong: count(({ name }) => name === 'wrong'),
    falseAlarms: falseAlarmsOf(cells.map(({ cell }) => cell.verdict)),
    neverHere: missing.every((each) => each.length > 0) ? [...new Set(missing.flat())] : [],
  };
}

/** Of all rules: each rule's alarms over the healthy time that there was, whichever rule could have fired in it. */
function togetherOf(rows: readonly TrialRow[]): FalseAlarms {
  const perTrial = rows.map(({ kept, verdicts }) => ({
    falseAlarms: verdicts.reduce((sum, { verdict }) => sum + verdict.falseAlarms, 0),
    couldFireMs: kept.truth.healthy.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
  }));
  return falseAlarmsOf(perTrial);
}

function liveOf(rows: readonly TrialRow[]): LiveAgreement {
  const all = rows.flatMap(({ kept, live }) => live.map((each) => ({ kept, each })));
  const apart = all.filter(({ kept, each }) => !agrees(each, kept.truth.evaluationMs));
  return {
    of: all.length,
    agree: all.length - apart.length,
    apart: apart.map(({ kept, each: { name, replayedMs, liveMs } }) => ({
      name,
      trial: kept.name,
      ...(replayedMs === undefined ? {} : { replayedMs }),
      ...(liveMs === undefined ? {} : { liveMs }),
    })),
  };
}

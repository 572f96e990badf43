import { max, median, min } from 'simple-statistics';
import { grouped } from '../model/grouped.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import { midpoint, type Interval } from '../model/units.ts';
import type { DetectorSummary, RunSummary, RunbookSummary } from '../model/summary.ts';
import { safestFirst, severity, worstFault, type Fault } from './faults.ts';
import { agree, measuredSentence } from './summary-runbooks.ts';
import { sum, whole } from './numbers.ts';
import { lastingTtr } from './observed.ts';

/** A run in short: of many, no more than this has to be kept. */
export interface RunInShort {
  readonly plan: Plan;
  readonly summary: RunSummary;
}

/** A runbook in all runs of an outage. */
export interface OverviewRunbook extends Pick<
  RunbookSummary,
  | 'id'
  | 'title'
  | 'passive'
  | 'prevention'
  | 'destroys'
  | 'says'
  | 'expect'
  | 'outcomes'
  | 'agreement'
  | 'measured'
  | 'badnessMs'
> {
  /** Valid trials. */
  readonly n: number;
  /** Of those, recovered or prevented. */
  readonly k: number;
  /** Times to recover in ms (middles) of the trials that were restored; absent when none was. */
  readonly ttr?: Range;
  /** Rows lost or damaged, over all trials. */
  readonly lost: number;
  /** The worst that speaks against it, in any run. */
  readonly fault: Fault;
}

/** An alert in all runs of an outage. */
export interface OverviewAlarm extends Pick<DetectorSummary, 'id' | 'title'> {
  /** Trials in which it was asked for longer than its least time to detect. */
  readonly n: number;
  readonly detected: number;
  /** Times to detect in ms (middles); absent when it never did. */
  readonly ttd?: Range;
}

/** Least, middle and most of some times, in ms. */
export interface Range {
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** What is known of one outage, from all runs of it that were given. */
export interface Overview {
  readonly scenario: string;
  readonly profile: string;
  /** Absent where it was kubeadm; a stand-in is called one. */
  readonly distribution?: string;
  /** The versions on its nodes: `Kubernetes v1.34.3, containerd v2.2.0, cgroup v1`; '' where no trial says. */
  readonly nodes: string;
  /** In the words of the latest run. */
  readonly outage: Plan['outage'];
  /** Earliest first. */
  readonly runs: readonly { readonly runId: string; readonly createdEpochMs: number }[];
  readonly trials: { readonly planned: number; readonly valid: number };
  /** Best first: recovered most often, then with the least severe fault, then safest. */
  readonly runbooks: readonly OverviewRunbook[];
  /** Best first: detected most often, then soonest. */
  readonly alarms: readonly OverviewAlarm[];
}

/**
 * Puts runs of the same outage together, in the order in which each outage comes first. Trials are counted and times are listed,
 * and nothing is inferred: runs of different days are not one sample. (For that there is `compare`, within a run.) Profiles are kept apart, and so are nodes
 * of different versions: what upstream's does is no news of ours.
 */
export function overviewOf(runs: readonly RunInShort[]): readonly Overview[] {
  const groups = grouped(
    runs,
    (run) => `${run.plan.scenario} ${run.plan.profile} ${run.summary.distribution ?? ''} ${nodesOf(run)}`,
  );
  return [...groups.values()].map((group) =>
    ofOneOutage(group.sort((a, b) => a.plan.createdEpochMs - b.plan.createdEpochMs)),
  );
}

/** The versions that decide what a node does, by their names among a trial's facts. */
const versions = { Kubernetes: 'version.kubernetes', containerd: 'version.containerd', cgroup: 'cgroup' };

function nodesOf({ summary: { environment } }: RunInShort): string {
  const known = Object.entries(versions).flatMap(([name, fact]) => {
    const version = environment[fact];
    return version === undefined ? [] : [`${name} ${version}`];
  });
  return known.join(', ');
}

function ofOneOutage(runs: readonly RunInShort[]): Overview {
  const latest = runs.at(-1);
  if (latest === undefined) throw new Error('no run');
  const { scenario, profile, outage } = latest.plan;
  // A runbook stands as its latest run has it.
  const ids = (of: (summary: RunSummary) => readonly { readonly id: string }[]): readonly string[] => [
    ...new Set([...runs].reverse().flatMap(({ summary }) => of(summary).map(({ id }) => id))),
  ];
  return {
    scenario,
    profile,
    ...(latest.summary.distribution === undefined ? {} : { distribution: latest.summary.distribution }),
    nodes: nodesOf(latest),
    outage,
    runs: runs.map(({ plan: { runId, createdEpochMs } }) => ({ runId, createdEpochMs })),
    trials: {
      planned: sum(runs.map(({ summary }) => summary.trials.planned)),
      valid: sum(runs.map(({ summary }) => summary.trials.valid)),
    },
    runbooks: ids((s) => s.runbooks)
      .map((id) => runbookIn(runs, id))
      .sort((a, b) => share(b.k, b.n) - share(a.k, a.n) || severity(a.fault) - severity(b.fault) || safestFirst(a, b)),
    alarms: ids((s) => s.detectors)
      .map((id) => alarmIn(runs, id))
      .sort(
        (a, b) =>
          share(b.detected, b.n) - share(a.detected, a.n) || middle(a.ttd) - middle(b.ttd) || (a.id < b.id ? -1 : 1),
      ),
  };
}

function runbookIn(runs: readonly RunInShort[], id: string): OverviewRunbook {
  const seen = runs.flatMap(({ summary }) =>
    summary.runbooks.filter((r) => r.id === id).map((runbook) => ({ runbook, horizonMs: summary.horizonMs })),
  );
  const last = seen.at(-1)?.runbook;
  if (last === undefined) throw new Error(`no run has ${id}`);
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const { runbook } of seen)
    for (const [outcome, count] of Object.entries(runbook.outcomes) as [Outcome, number][])
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  const n = sum(seen.map(({ runbook }) => runbook.n));
  const k = sum(seen.map(({ runbook }) => runbook.recovered.k));
  const lost = sum(seen.map(({ runbook }) => runbook.data.lost));
  const spans: readonly Interval[] = seen.flatMap(({ runbook }) =>
    runbook.points.flatMap((point) => lastingTtr(point) ?? []),
  );
  // What did not recover is known to have lasted for the shortest of their horizons.
  const horizonMs = min(seen.filter(({ runbook }) => runbook.n > 0 || n === 0).map((s) => s.horizonMs));
  const ttr = rangeOf(spans);
  const { title, passive, prevention, destroys, says, expect } = last;
  const total = (of: (runbook: RunbookSummary) => number): number => sum(seen.map(({ runbook }) => of(runbook)));
  return {
    ...{ id, title, passive, prevention, destroys, says, expect, outcomes, n, k, lost },
    badnessMs: n === 0 ? 0 : whole(total((r) => r.badnessMs * r.n) / n),
    fault: worstFault({
      n,
      outcomes,
      data: { trialsWithLoss: total((r) => r.data.trialsWithLoss), unknown: total((r) => r.data.unknown) },
      fullRecovery: { k: total((r) => r.fullRecovery.k) },
    }),
    agreement: agree(expect, k, n),
    measured: measuredSentence(k, n, outcomes, spans, lost, horizonMs),
    ...(ttr === undefined ? {} : { ttr }),
  };
}

function alarmIn(runs: readonly RunInShort[], id: string): OverviewAlarm {
  const seen = runs.flatMap(({ summary }) => summary.detectors.filter((d) => d.id === id));
  const ttd = rangeOf(seen.flatMap((d) => d.points.map((p) => p.ttd)));
  return {
    id,
    title: seen.at(-1)?.title ?? id,
    n: sum(seen.map((d) => d.asked ?? d.n)),
    detected: sum(seen.map((d) => d.counts.detected)),
    ...(ttd === undefined ? {} : { ttd }),
  };
}

function rangeOf(spans: readonly Interval[]): Range | undefined {
  if (spans.length === 0) return undefined;
  const middles = spans.map(midpoint);
  return { minMs: min(middles), medianMs: median(middles), maxMs: max(middles) };
}

/** Those without data come last. */
const share = (k: number, n: number): number => (n === 0 ? -1 : k / n);
const middle = (range: Range | undefined): number => range?.medianMs ?? 0;

/** What noticed the outage first, of what notices it most often; undefined when nothing ever did. */
export function firstAlarm({ alarms: [first] }: Overview): Required<OverviewAlarm> | undefined {
  return first?.ttd === undefined ? undefined : { ...first, ttd: first.ttd };
}

/** What ended the outage every time that it was tried, as the verdict weighs it: least severe fault, then safest. Which of them is better only a run's own comparison says. */
export function fixes({ runbooks }: Overview): readonly OverviewRunbook[] {
  return runbooks.filter((r) => !r.prevention && r.n > 0 && r.k === r.n);
}

/** What did not do every time what the postmortem says. */
export function surprises({ runbooks }: Overview): readonly OverviewRunbook[] {
  return runbooks.filter((r) => r.agreement === 'contradicted' || r.agreement === 'mixed');
}

import { armName, isFaultFree } from '../model/control.ts';
import { isWanted, type Dropped, type Plan } from '../model/plan.ts';
import { isSuccess, notableOutcomes } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import type { Run } from '../model/run.ts';
import { countOf, humanDuration } from '../model/units.ts';
import { canaryNote } from './canary.ts';
import { comparePairs, compareSamples, samplesOf, type Question } from './compared.ts';
import { alarmSamples, alarmSide, alarmTimes, compareAlarms } from './compared-alarms.ts';
import type { Comparison } from './comparison.ts';
import { environmentDifferences, type Difference } from './environments.ts';
import { armBlocks, isValid, observedTtr } from './observed.ts';
import { levelOf, lookedAt } from './race.ts';
import { regressionsOf } from './regressions.ts';
import { isControl } from './summary.ts';
import { sidesOf } from './words.ts';

/** The usual level; a run that may end early has its looks' own. */
const usualLevel = 0.05;

/** Everything that `compare` prints, as data. Durations in ms. */
export interface RunComparison {
  readonly schemaVersion: 2;
  readonly scenario: string;
  /** `runbooks`: downtime and times to recover. `alarms`: times to detect. */
  readonly what: 'runbooks' | 'alarms';
  /** `paired`: within a run, block by block (alerts: trial by trial). `two-sample`: two runs, with nothing in common. */
  readonly design: 'paired' | 'two-sample';
  /** One run, or the first and the second. */
  readonly runs: readonly {
    readonly runId: string;
    readonly profile: string;
    /** What its nodes ran where that was not kubeadm; a stand-in is called one. */
    readonly distribution?: string;
    readonly createdEpochMs: number;
    readonly seed: number;
    readonly valid: number;
    readonly planned: number;
  }[];
  /** Times are counted up to here at most. */
  readonly horizonMs: number;
  /** Facts in which the environments differ. With any of them there are no verdicts. */
  readonly differences: readonly Difference[];
  readonly headline: string;
  /** What an adjusted p must not be above. */
  readonly level: number;
  /** Whether any of it was named after trials had been seen. */
  readonly exploratory: boolean;
  /** Arms that were given up on the way: what became of them is known, and their times are not compared. */
  readonly dropped: readonly Dropped[];
  readonly notes: readonly string[];
  /** Within a run each pair; of two runs each runbook (alert) under its name, `a` the first run and `b` the second. */
  readonly comparisons: readonly (Comparison & { readonly name?: string })[];
  /** What is worse in the second run: shown slower, or one of the hard facts that need no statistics. */
  readonly regressions: readonly string[];
}

/** What to compare: all when no names are given. */
export interface Wanted {
  readonly what: 'runbooks' | 'alarms';
  readonly names?: readonly string[];
}

/** Runbooks (or alerts) of one run with one another, paired by block (alerts by trial). */
export function compareWithin(run: Run, wanted: Wanted): RunComparison {
  const { plan } = run;
  const valid = validOf(run, wanted);
  const differences = environmentDifferences(valid, valid);
  const names = namesIn(run, wanted);
  const alarms = wanted.what === 'alarms' ? alarmTimes(plan, names, valid) : undefined;
  const horizonMs = alarms?.askedMs ?? plan.horizonMs;
  const dropped = alarms === undefined ? (plan.dropped ?? []).filter(({ arm }) => names.includes(arm)) : [];
  const level = alarms === undefined ? levelOf(plan, run.records) : usualLevel;
  const seen = new Set(lookedAt(plan, run.records));
  const question = { ...questionOf(wanted.what, 'paired', horizonMs, plan.seed, differences), level };
  const comparisons =
    alarms === undefined
      ? pairsOf(
          run,
          valid.filter((r) => seen.has(r)),
          names.filter((name) => !dropped.some(({ arm }) => arm === name)),
          question,
        )
      : compareAlarms(alarms, question);
  return {
    schemaVersion: 2,
    scenario: plan.scenario,
    what: wanted.what,
    design: 'paired',
    runs: [runFacts(run)],
    horizonMs,
    differences,
    headline: headline(comparisons, differences, `pair${comparisons.length === 1 ? '' : 's'}`),
    level,
    exploratory: comparisons.some((c) => c.exploratory === true),
    dropped,
    notes: notesOf([run], wanted.what, names, horizonMs),
    comparisons,
    regressions: [],
  };
}

/**
 * Pairs of runbooks. Where both were declared before the first trial they are tested among all that were declared, whichever of them are asked for now;
 * pairs with any other one are tested among those that are asked for, and are exploratory.
 */
function pairsOf(
  { plan }: Run,
  valid: readonly TrialRecord[],
  names: readonly string[],
  question: Question,
): readonly Comparison[] {
  const declared = declaredArms(plan);
  const isDeclared = (name: string): boolean => declared.includes(name);
  const arms = (ids: readonly string[]) => armBlocks(plan, ids, valid);
  const planned = names.some(isDeclared) ? comparePairs(arms(declared), question) : [];
  const others = names.every(isDeclared) ? [] : comparePairs(arms(names), question);
  return names.flatMap((a, i) =>
    names.slice(i + 1).flatMap((b): readonly Comparison[] => {
      const both = isDeclared(a) && isDeclared(b);
      const pair = (both ? planned : others).find((c) => c.a === a && c.b === b);
      if (pair === undefined) return [];
      return [both ? pair : { ...pair, exploratory: true }];
    }),
  );
}

/** What was declared before the first trial and is still compared, in the plan's order; none where that was changed later. */
function declaredArms({ comparison, runbooks, dropped }: Plan): readonly string[] {
  if (comparison === undefined || (comparison.amendments ?? []).length > 0) return [];
  const given = new Set((dropped ?? []).map(({ arm }) => arm));
  return runbooks.map(({ id }) => id).filter((id) => comparison.arms.includes(id) && !given.has(id));
}

/** The same runbooks (or alerts) in two runs of one scenario; the first is the one that the second is held against. */
export function compareBetween(first: Run, second: Run, wanted: Wanted): RunComparison {
  const known = namesIn(second, wanted);
  const names = namesIn(first, wanted).filter((name) => known.includes(name));
  const { ours, theirs } = sameArms(validOf(first, wanted), validOf(second, wanted), wanted.what);
  const across = distributionOf(first.plan) !== distributionOf(second.plan);
  const differences = [...environmentDifferences(ours, theirs, across), ...planDifferences(first.plan, second.plan)];
  const shorter = Math.min(first.plan.horizonMs, second.plan.horizonMs);
  const sides = sidesOf(runFacts(first), runFacts(second), 'the ');
  const questionFor = (horizonMs: number): Question => ({
    ...questionOf(wanted.what, 'two-sample', horizonMs, first.plan.seed, differences),
    sides,
  });
  const { horizonMs, comparisons } = wanted.what === 'runbooks' ? runbooksBetween(shorter) : alarmsBetween(shorter);
  return {
    schemaVersion: 2,
    scenario: first.plan.scenario,
    what: wanted.what,
    design: 'two-sample',
    runs: [runFacts(first), runFacts(second)],
    horizonMs,
    differences,
    headline: headline(comparisons, differences, wanted.what),
    level: usualLevel,
    exploratory: false,
    dropped: [],
    notes: notesOf([first, second], wanted.what, names, horizonMs),
    comparisons,
    // Another distribution is another thing, and not a later state of the same.
    regressions: differences.length > 0 || across ? [] : regressionsOf(first, second, comparisons, wanted.what),
  };

  function runbooksBetween(horizonMs: number) {
    const times = (records: readonly TrialRecord[], name: string) =>
      records
        .filter((r) => armName(r) === name)
        .map((r) => ({ downtimeMs: r.badnessMs, ttr: observedTtr(r, horizonMs) }));
    const samples = names.map((name) => samplesOf(name, times(ours, name), times(theirs, name)));
    return { horizonMs, comparisons: compareSamples(samples, questionFor(horizonMs)) };
  }

  function alarmsBetween(most: number) {
    const [mine, others] = [
      alarmTimes({ ...first.plan, horizonMs: most }, names, ours),
      alarmTimes({ ...second.plan, horizonMs: most }, names, theirs),
    ];
    const horizonMs = Math.max(mine.askedMs, others.askedMs);
    const samples = alarmSamples(names, mine, others);
    return { horizonMs, comparisons: compareSamples(samples, questionFor(horizonMs), alarmSide(horizonMs)) };
  }
}

/** Of alerts only trials of runbooks that both runs have: a runbook says how long an alert is asked. */
function sameArms(ours: readonly TrialRecord[], theirs: readonly TrialRecord[], what: Wanted['what']) {
  if (what === 'runbooks') return { ours, theirs };
  const [mine, others] = [new Set(ours.map(armName)), new Set(theirs.map(armName))];
  return {
    ours: ours.filter((r) => others.has(armName(r))),
    theirs: theirs.filter((r) => mine.has(armName(r))),
  };
}

/**
 * What is compared: runbooks in the plan's order, alerts in the order of the records. Controls only where they are named: they are no
 * answers to the outage, and each would make it harder to tell the runbooks apart. Trials without a fault compare nothing.
 */
export function namesIn(run: Run, wanted: Wanted): readonly string[] {
  const all = knownNames(run, wanted.what);
  if (wanted.names !== undefined) return all.filter((name) => wanted.names?.includes(name));
  const controls = (run.plan.controls ?? []).map(({ id }) => id);
  return wanted.what === 'alarms' ? all : all.filter((name) => !controls.includes(name));
}

/** Everything that may be named: with the controls that have a fault. */
export function knownNames({ plan, records }: Run, what: Wanted['what']): readonly string[] {
  if (what === 'alarms') return [...new Set(records.flatMap((r) => r.detectors.map((d) => d.id)))].sort();
  return [
    ...plan.runbooks
      .map((r) => r.id)
      .filter((id) => id !== 'none' && plan.trials.some((t) => t.control === undefined && t.runbook === id)),
    ...(plan.controls ?? []).filter(({ kind }) => !isFaultFree(kind)).map(({ id }) => id),
  ];
}

/**
 * Trials that count, in an order that does not depend on how they were read. Of alerts only those of runbooks: a control that is over
 * sooner would shorten the watch of all.
 */
function validOf({ records }: Run, { what, names }: Wanted): readonly TrialRecord[] {
  const wanted = (r: TrialRecord): boolean =>
    !isControl(r) || (what === 'runbooks' && r.onset !== undefined && names?.includes(armName(r)) === true);
  return records
    .filter((r) => isValid(r) && wanted(r))
    .sort((a, b) => (a.trialId < b.trialId ? -1 : a.trialId > b.trialId ? 1 : 0));
}

/** What a run's nodes ran, as it was asked for. */
const distributionOf = ({ distribution = 'kubeadm' }: Plan): string => distribution;

function planDifferences(a: Plan, b: Plan): readonly Difference[] {
  return a.holdMs === b.holdMs
    ? []
    : [{ fact: 'stability window', a: humanDuration(a.holdMs), b: humanDuration(b.holdMs) }];
}

function questionOf(
  what: Wanted['what'],
  design: RunComparison['design'],
  horizonMs: number,
  seed: number,
  differences: readonly Difference[],
): Question {
  return {
    what,
    horizonMs,
    seed,
    level: usualLevel,
    refused: differences.length > 0,
    unit: design === 'paired' && what === 'runbooks' ? 'block' : 'trial',
  };
}

function runFacts(run: Run): RunComparison['runs'][number] {
  const { runId, profile, createdEpochMs, seed, trials } = run.plan;
  const planned = trials.filter((t) => t.control === undefined && isWanted(run.plan, t)).length;
  const label = run.plan.distribution === undefined ? {} : { distribution: labelOf(run) };
  return { runId, profile, ...label, createdEpochMs, seed, valid: validOf(run, { what: 'runbooks' }).length, planned };
}

function headline(comparisons: readonly Comparison[], differences: readonly Difference[], unit: string): string {
  const of = (...kinds: readonly Comparison['kind'][]): number =>
    comparisons.filter((c) => kinds.includes(c.kind)).length;
  const all = comparisons.length;
  if (all === 0) return 'Nothing to compare';
  if (differences.length > 0) {
    return `No verdict: the environments differ in ${countOf(differences.length, 'fact')}`;
  }
  if (of('no-data') === all) return 'No data: nothing was valid on both sides';
  const few = of('too-few') > 0 && of('too-few', 'neither', 'no-data') === all;
  if (few) return `Too few trials to show any difference in ${all} ${unit}`;
  const shown = of('faster', 'slower', 'mixed');
  return shown === 0
    ? `No significant difference in ${all} ${unit}`
    : `Significant difference in ${shown} of ${all} ${unit}`;
}

function notesOf(
  runs: readonly Run[],
  what: Wanted['what'],
  names: readonly string[],
  horizonMs: number,
): readonly string[] {
  const notes: string[] = what === 'runbooks' ? [...runs.flatMap(canaryNote), ...costs(runs, names)] : [];
  const [first, second] = runs;
  if (what === 'alarms')
    notes.push(
      `An alert counts until the first changing command, or to the end of the trial if nothing was changed; times to detect count up to ${humanDuration(horizonMs)}.`,
    );
  else if (first !== undefined && second !== undefined && first.plan.horizonMs !== second.plan.horizonMs) {
    notes.push(`Times to recover count up to ${humanDuration(horizonMs)}, the shorter of the two horizons.`);
  }
  if (first === undefined || second === undefined) return notes;
  const [ours, theirs] = [distributionOf(first.plan), distributionOf(second.plan)];
  if (ours !== theirs)
    notes.push(
      `Each runbook does the same on ${labelOf(first)} and on ${labelOf(second)}, by the commands of its own.`,
    );
  notes.push(
    first.plan.beside?.includes(second.plan.runId) === true
      ? 'The two runs drew their trials into the same blocks, one trial at a time.'
      : 'The two runs were made at different times: a difference may come from that and not from what was changed.',
  );
  for (const runbook of first.plan.runbooks) {
    const other = second.plan.runbooks.find((r) => r.id === runbook.id);
    const steps = ({ before, steps: list }: typeof runbook): string => JSON.stringify([before ?? [], list]);
    if (what === 'runbooks' && ours === theirs && other !== undefined && steps(other) !== steps(runbook)) {
      notes.push(`${runbook.id}: its steps are not the same in both runs.`);
    }
  }
  return notes;
}

/** What a run's nodes ran, as they said: a double is called one. */
const labelOf = ({ plan, records }: Run): string => records[0]?.environment['distribution'] ?? distributionOf(plan);

/** What time alone does not say: a runbook that is faster and loses data is not better. */
function costs(runs: readonly Run[], names: readonly string[]): string[] {
  const bad = notableOutcomes.filter(([outcome]) => !isSuccess(outcome));
  const [first, second] = runs;
  const sides =
    first === undefined || second === undefined ? undefined : sidesOf(runFacts(first), runFacts(second), 'the ');
  return names.flatMap((name) =>
    runs.flatMap((run, i) => {
      const trials = validOf(run, { what: 'runbooks', names }).filter((r) => armName(r) === name);
      const side = sides?.[i];
      const where = side === undefined ? '' : side.startsWith('the ') ? ` in ${side}` : ` on ${side}`;
      return bad.flatMap(([outcome, what]) => {
        const k = trials.filter((r) => r.outcome === outcome).length;
        return k === 0 ? [] : [`${name} ${what} in ${k} of ${trials.length} trials${where}.`];
      });
    }),
  );
}

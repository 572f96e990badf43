import { armName, isFaultFree } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { humanDuration } from '../model/units.ts';
import { compare, type Asked, type Comparison, type Question } from './comparison.ts';
import { environmentDifferences, type Difference } from './environments.ts';
import { byBlock, isValid, observedTtr, restricted, type ObservedTime } from './observed.ts';
import { armPairs } from './pairs.ts';
import { regressionsOf } from './regressions.ts';
import { canaryNote } from './canary.ts';
import { isControl } from './summary.ts';

/** A run to be compared: what was planned, and what came of it. */
export interface Run {
  readonly plan: Plan;
  readonly records: readonly TrialRecord[];
}

/** Everything that `compare` prints, as data. Durations in ms. */
export interface RunComparison {
  readonly schemaVersion: 1;
  readonly scenario: string;
  /** `runbooks`: times to recover. `alarms`: times to detect. */
  readonly what: 'runbooks' | 'alarms';
  /** `paired`: within a run, block by block (alarms: trial by trial). `two-sample`: two runs, with nothing in common. */
  readonly design: 'paired' | 'two-sample';
  /** One run, or the first and the second. */
  readonly runs: readonly {
    readonly runId: string;
    readonly profile: string;
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
  readonly notes: readonly string[];
  /** Within a run each pair; of two runs each runbook (alarm) under its name, `a` the first run and `b` the second. */
  readonly comparisons: readonly (Comparison & { readonly name?: string })[];
  /** What is worse in the second run: shown slower, or one of the hard facts that need no statistics. */
  readonly regressions: readonly string[];
}

/** What to compare: all when no names are given. */
export interface Wanted {
  readonly what: 'runbooks' | 'alarms';
  readonly names?: readonly string[];
}

/** Runbooks (or alarms) of one run with one another, paired by block (alarms by trial). */
export function compareWithin(run: Run, wanted: Wanted): RunComparison {
  const valid = validOf(run, wanted);
  const differences = environmentDifferences(valid, valid);
  const horizonMs = wanted.what === 'runbooks' ? run.plan.horizonMs : shortestWatch(run.plan, valid);
  const blocks = byBlock(run.plan, valid);
  const names = namesIn(run, wanted);
  const questions = names.flatMap((a, i) =>
    names.slice(i + 1).map((b): Question => {
      const pairs =
        wanted.what === 'runbooks'
          ? armPairs(blocks, a, b, horizonMs)
          : valid.flatMap((r) => {
              const [x, y] = [ttd(r, a, horizonMs), ttd(r, b, horizonMs)];
              return x === undefined || y === undefined ? [] : [[x, y] as const];
            });
      return { a, b, design: 'paired', timesA: pairs.map(([x]) => x), timesB: pairs.map(([, y]) => y) };
    }),
  );
  const asked = askedOf(wanted.what, 'paired', horizonMs, run.plan.seed, differences);
  const comparisons = compare(questions, asked);
  return {
    schemaVersion: 1,
    scenario: run.plan.scenario,
    what: wanted.what,
    design: 'paired',
    runs: [runFacts(run)],
    horizonMs,
    differences,
    headline: headline(comparisons, differences, `pair${comparisons.length === 1 ? '' : 's'}`),
    notes: notesOf([run], wanted.what, names, horizonMs),
    comparisons,
    regressions: [],
  };
}

/** The same runbooks (or alarms) in two runs of one scenario; the first is the one that the second is held against. */
export function compareBetween(first: Run, second: Run, wanted: Wanted): RunComparison {
  const [ours, theirs] = [validOf(first, wanted), validOf(second, wanted)];
  const differences = [...environmentDifferences(ours, theirs), ...planDifferences(first.plan, second.plan)];
  const horizonMs =
    wanted.what === 'runbooks'
      ? Math.min(first.plan.horizonMs, second.plan.horizonMs)
      : Math.min(shortestWatch(first.plan, ours), shortestWatch(second.plan, theirs));
  const known = namesIn(second, wanted);
  const names = namesIn(first, wanted).filter((name) => known.includes(name));
  const times = (records: readonly TrialRecord[], name: string): readonly ObservedTime[] =>
    records.flatMap((r) => {
      if (wanted.what === 'runbooks') return armName(r) === name ? [observedTtr(r, horizonMs)] : [];
      return ttd(r, name, horizonMs) ?? [];
    });
  const questions = names.map((name): Question => ({
    a: 'the first run',
    b: 'the second run',
    design: 'two-sample',
    timesA: times(ours, name),
    timesB: times(theirs, name),
  }));
  const asked = askedOf(wanted.what, 'two-sample', horizonMs, first.plan.seed, differences);
  const comparisons = compare(questions, asked).map((c, i) => ({ ...c, name: names[i] ?? '' }));
  return {
    schemaVersion: 1,
    scenario: first.plan.scenario,
    what: wanted.what,
    design: 'two-sample',
    runs: [runFacts(first), runFacts(second)],
    horizonMs,
    differences,
    headline: headline(comparisons, differences, wanted.what),
    notes: notesOf([first, second], wanted.what, names, horizonMs),
    comparisons,
    regressions: differences.length > 0 ? [] : regressionsOf(first, second, comparisons, wanted.what),
  };
}

/**
 * What is compared: runbooks in the plan's order, alarms in the order of the records. Controls only where they are named: they are no
 * answers to the outage, and each would make Holm's correction harder on the runbooks. Trials without a fault compare nothing.
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
 * Trials that count, in an order that does not depend on how they were read. Of alarms only those of runbooks: a control that is over
 * sooner would shorten the watch of all.
 */
function validOf({ records }: Run, { what, names }: Wanted): readonly TrialRecord[] {
  const wanted = (r: TrialRecord): boolean =>
    !isControl(r) || (what === 'runbooks' && r.onset !== undefined && names?.includes(armName(r)) === true);
  return records
    .filter((r) => isValid(r) && wanted(r))
    .sort((a, b) => (a.trialId < b.trialId ? -1 : a.trialId > b.trialId ? 1 : 0));
}

/** An alarm's time in a trial: censored when it did not detect; undefined when the trial did not watch it. */
function ttd(record: TrialRecord, id: string, horizonMs: number): ObservedTime | undefined {
  const detector = record.detectors.find((d) => d.id === id);
  return detector === undefined ? undefined : restricted(detector.ttd, horizonMs);
}

/** Alarms were watched as long as the shortest trial: only up to there was every one of them asked the same. */
function shortestWatch(plan: Plan, valid: readonly TrialRecord[]): number {
  return Math.max(0, Math.min(plan.horizonMs, ...valid.map((r) => Math.floor(r.endMs - (r.onset?.hi ?? 0)))));
}

function planDifferences(a: Plan, b: Plan): readonly Difference[] {
  return a.holdMs === b.holdMs ? [] : [{ fact: 'hold window', a: humanDuration(a.holdMs), b: humanDuration(b.holdMs) }];
}

function askedOf(
  what: Wanted['what'],
  design: Question['design'],
  horizonMs: number,
  seed: number,
  differences: readonly Difference[],
): Asked {
  return {
    horizonMs,
    seed,
    refused: differences.length > 0,
    sooner: what === 'runbooks' ? 'is faster than' : 'notices sooner than',
    unit: design === 'paired' && what === 'runbooks' ? 'block' : 'trial',
  };
}

function runFacts(run: Run): RunComparison['runs'][number] {
  const { runId, profile, createdEpochMs, seed, trials } = run.plan;
  const planned = trials.filter((t) => t.control === undefined).length;
  return { runId, profile, createdEpochMs, seed, valid: validOf(run, { what: 'runbooks' }).length, planned };
}

function headline(comparisons: readonly Comparison[], differences: readonly Difference[], unit: string): string {
  const of = (...kinds: readonly Comparison['kind'][]): number =>
    comparisons.filter((c) => kinds.includes(c.kind)).length;
  const all = comparisons.length;
  if (all === 0) return 'Nothing to compare';
  if (differences.length > 0) {
    return `No verdict: the environments differ in ${String(differences.length)} ${differences.length === 1 ? 'fact' : 'facts'}`;
  }
  if (of('no-data') === all) return 'No data: nothing was valid on both sides';
  const few = of('too-few') > 0 && of('too-few', 'neither', 'no-data') === all;
  if (few) return `Too few trials to show any difference in ${String(all)} ${unit}`;
  const shown = of('faster', 'slower');
  return shown === 0
    ? `No difference shown in ${String(all)} ${unit}`
    : `A difference is shown in ${String(shown)} of ${String(all)} ${unit}`;
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
    notes.push(`Times to detect are counted up to ${humanDuration(horizonMs)}, the shortest watch.`);
  else if (first !== undefined && second !== undefined && first.plan.horizonMs !== second.plan.horizonMs) {
    notes.push(`Times to recover are counted up to ${humanDuration(horizonMs)}, the shorter of both horizons.`);
  }
  if (first === undefined || second === undefined) return notes;
  notes.push('The two runs were not side by side: a difference may be the day and not what was changed.');
  for (const runbook of first.plan.runbooks) {
    const other = second.plan.runbooks.find((r) => r.id === runbook.id);
    const steps = ({ before, steps: list }: typeof runbook): string => JSON.stringify([before ?? [], list]);
    if (what === 'runbooks' && other !== undefined && steps(other) !== steps(runbook)) {
      notes.push(`${runbook.id}: its steps are not the same in both runs.`);
    }
  }
  return notes;
}

/** What time alone does not say: a runbook that is faster and loses data is not better. */
function costs(runs: readonly Run[], names: readonly string[]): string[] {
  const words = [
    ['recovered-with-loss', 'recovered with data lost'],
    ['harmed', 'did harm'],
    ['relapsed', 'relapsed'],
  ] as const;
  return names.flatMap((name) =>
    runs.flatMap((run, i) => {
      const trials = validOf(run, { what: 'runbooks', names }).filter((r) => armName(r) === name);
      const where = runs.length === 1 ? '' : i === 0 ? ' in the first run' : ' in the second run';
      return words.flatMap(([outcome, what]) => {
        const k = trials.filter((r) => r.outcome === outcome).length;
        return k === 0 ? [] : [`${name} ${what} in ${String(k)} of ${String(trials.length)} trials${where}.`];
      });
    }),
  );
}

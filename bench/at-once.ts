/**
 * Whether trials side by side leave the timings as they are: an A/A comparison of stored runs of one scenario and one runbook, run
 * with `--parallel 1` and with `--parallel N`. `npm run bench at-once -- <run folder> <run folder> [...]`
 *
 * Both are the same thing done twice, so whatever differs is due to N. Shown are the medians and the ranges of what trials measure, the
 * sign of every pair that can be formed (how often the second is the slower one; half the time when nothing differs), and how
 * far the harness itself was from its CPU. The largest N whose timings stay is what `--parallel` should be at most here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readEvents } from '../harness/analysis/read.ts';
import { analyseTrial } from '../harness/analysis/record.ts';
import type { TrialRecord } from '../harness/model/record.ts';
import { midpoint } from '../harness/model/units.ts';
import { keep, median, table } from './support.ts';

const runs = process.argv.slice(2);
if (runs.length < 2) {
  process.stderr.write('which runs?  ->  npm run bench at-once -- reports/<scenario>/<run> reports/<scenario>/<run>\n');
  process.exit(2);
}

/** Seconds, or undefined where a trial has none. */
type Measure = (record: TrialRecord) => number | undefined;
const phase = (record: TrialRecord, name: string): number | undefined => {
  const found = record.phases.find((one) => one.name === name);
  return found === undefined ? undefined : (found.toMs - found.fromMs) / 1000;
};
const measures: Readonly<Record<string, Measure>> = {
  'time to recover': ({ ttr }) => (ttr === undefined || 'censored' in ttr ? undefined : midpoint(ttr) / 1000),
  'fully recovered': ({ fullRecovery: full }) =>
    full === undefined || 'censored' in full ? undefined : midpoint(full) / 1000,
  'first symptom': ({ firstSymptom, onset }) =>
    firstSymptom === undefined || onset === undefined
      ? undefined
      : (midpoint(firstSymptom.interval) - midpoint(onset)) / 1000,
  'until a cluster is there': (record) => phase(record, 'provision'),
};

const columns = runs.map((run) => {
  const trials = readdirSync(join(run, 'trials')).map((trial) => {
    const file = join(run, 'trials', trial, 'events.jsonl');
    const events = readEvents(readFileSync(file, 'utf8'), file);
    const waited = events.flatMap((event) => (event.type === 'harness' ? (event.waitedShare ?? []) : []));
    return { record: analyseTrial(events), waited: median(waited) };
  });
  const atOnce = trials[0]?.record.environment['trials.at-once'] ?? '?';
  return { run: basename(run), atOnce, trials };
});
const [first, ...others] = columns;
if (first === undefined) throw new Error('no runs');

const valuesOf = (column: (typeof columns)[number], measure: Measure): number[] =>
  column.trials.flatMap(({ record }) => measure(record) ?? []);
const shown = (values: readonly number[]): string =>
  values.length === 0
    ? 'none'
    : `${median(values).toFixed(1)} s (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
/** Share of pairs in which the second is larger; ties count half. */
const larger = (a: readonly number[], b: readonly number[]): number => {
  const pairs = a.flatMap((x) => b.map((y) => (y > x ? 1 : y === x ? 0.5 : 0)));
  return pairs.reduce<number>((sum, one) => sum + one, 0) / pairs.length;
};

const outcomes = (column: (typeof columns)[number]): string => {
  const counts = new Map<string, number>();
  for (const { record } of column.trials) counts.set(record.outcome, (counts.get(record.outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
};
process.stdout.write(
  `${table([
    ['', ...columns.map((column) => `${column.atOnce} at once`), ...others.map((column) => `${column.atOnce} slower`)],
    ['trials', ...columns.map(outcomes)],
    ...Object.entries(measures).map(([title, measure]) => [
      title,
      ...columns.map((column) => shown(valuesOf(column, measure))),
      ...others.map((column) => larger(valuesOf(first, measure), valuesOf(column, measure)).toFixed(2)),
    ]),
    [
      'harness waiting for a CPU',
      ...columns.map((column) => `${(100 * median(column.trials.map(({ waited }) => waited))).toFixed(1)} %`),
    ],
  ])}\n`,
);
await keep('at-once', {
  runs: columns.map(({ run, atOnce, trials }) => ({
    run,
    atOnce: Number(atOnce),
    trials: trials.map(({ record, waited }) => ({
      outcome: record.outcome,
      waited,
      ...Object.fromEntries(Object.entries(measures).map(([title, measure]) => [title, measure(record) ?? null])),
    })),
  })),
});

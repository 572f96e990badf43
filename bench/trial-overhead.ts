/**
 * What a trial costs beside the outage itself: `npm run bench trial-overhead -- <run folder> [<run folder> ...]`
 *
 * Needed are the phases from the injection to the end of the watch (`inject` to `verify`: the outage, the runbook, the stability
 * window, the watch for a relapse) and the window for which steady state has to hold; all else is overhead, also what lies between two trials. The
 * ratio is of the whole run: from its first trial's beginning to its last one's end, over what all its trials needed. Read from stored events, so that two runs of one machine (with and
 * without snapshots) can be set side by side.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readEvents } from '../harness/analysis/read.ts';
import { phaseNames, type PhaseName } from '../harness/model/events.ts';
import { profiles } from '../harness/model/profile.ts';
import { keep, median, table } from './support.ts';

const overhead: readonly PhaseName[] = ['provision', 'steady', 'teardown'];
const runs = process.argv.slice(2);
if (runs.length === 0) {
  process.stderr.write('which runs?  ->  npm run bench trial-overhead -- reports/<scenario>/<run>\n');
  process.exit(2);
}

/** One trial: seconds of each phase, of the steady window in it, and when it was, in milliseconds since the Unix epoch. */
interface Spent {
  readonly phases: ReadonlyMap<PhaseName, number>;
  readonly window: number;
  readonly fromMs: number;
  readonly toMs: number;
}

function spentIn(file: string): Spent {
  const found = new Map<PhaseName, number>();
  let began = 0;
  let [fromMs, toMs, window] = [0, 0, 0];
  for (const event of readEvents(readFileSync(file, 'utf8'), file)) {
    toMs = fromMs + event.atMs;
    if (event.type === 'trial.started') {
      fromMs = event.wallEpochMs;
      window = profiles[event.profile].steadyHoldMs / 1000;
    }
    if (event.type !== 'phase') continue;
    if (event.state === 'started') began = event.atMs;
    else found.set(event.name, (event.atMs - began) / 1000);
  }
  return { phases: found, window, fromMs, toMs };
}

const columns = runs.map((run) => {
  const trials = join(run, 'trials');
  return {
    run: basename(run),
    trials: readdirSync(trials).map((trial) => spentIn(join(trials, trial, 'events.jsonl'))),
  };
});
const sum = (phases: ReadonlyMap<PhaseName, number>, names: readonly PhaseName[]): number =>
  names.reduce((total, name) => total + (phases.get(name) ?? 0), 0);
const row = (title: string, names: readonly PhaseName[]): string[] => {
  const values = columns.map(({ trials }) => median(trials.map(({ phases }) => sum(phases, names))));
  const [first = Number.NaN, ...others] = values;
  return [
    title,
    ...values.map((value) => `${value.toFixed(1)} s`),
    ...others.map((other) => `${(first / other).toFixed(1)} times`),
  ];
};
const wanted = phaseNames.filter((name) => !overhead.includes(name));
/** Wall time of a run over what its trials needed. Trials one after the other: a run with `--parallel` has no such ratio. */
const ratioOf = (trials: readonly Spent[]): number => {
  const wall = (Math.max(...trials.map((t) => t.toMs)) - Math.min(...trials.map((t) => t.fromMs))) / 1000;
  return wall / trials.reduce((total, { phases, window }) => total + sum(phases, wanted) + window, 0);
};
process.stdout.write(
  `${table([
    [
      'median of a trial',
      ...columns.map(({ run, trials }) => `${run} (${trials.length})`),
      ...columns.slice(1).map(() => 'less'),
    ],
    ...overhead.map((name) => row(name, [name])),
    row('overhead in all', overhead),
    row('needed by the outage', wanted),
    [
      'wall time over what was needed',
      ...columns.map(({ trials }) => ratioOf(trials).toFixed(2)),
      ...columns.slice(1).map(() => ''),
    ],
  ])}\n`,
);
await keep('trial-overhead', {
  found: columns.map(({ run, trials }) => ({
    run,
    trials: trials.length,
    ratio: Number(ratioOf(trials).toFixed(3)),
    phases: Object.fromEntries(
      phaseNames.map((name) => [name, median(trials.map(({ phases }) => phases.get(name) ?? 0))]),
    ),
  })),
});

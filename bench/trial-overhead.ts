/**
 * What a trial costs beside the outage itself: `npm run bench trial-overhead -- <run folder> [<run folder> ...]`
 *
 * Needed are the phases from the injection to the end of the watch (`inject` to `verify`: the outage, the runbook, the hold
 * window, the watch for a relapse); all else is overhead. Read from stored events, so that two runs of one machine (with and
 * without snapshots) can be set side by side.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readEvents } from '../harness/analysis/read.ts';
import { phaseNames, type PhaseName } from '../harness/model/events.ts';
import { keep, median, table } from './support.ts';

const overhead: readonly PhaseName[] = ['provision', 'steady', 'teardown'];
const runs = process.argv.slice(2);
if (runs.length === 0) {
  process.stderr.write('which runs?  ->  npm run bench trial-overhead -- reports/<scenario>/<run>\n');
  process.exit(2);
}

/** Seconds of each phase of one trial. */
function phasesOf(file: string): ReadonlyMap<PhaseName, number> {
  const found = new Map<PhaseName, number>();
  let began = 0;
  for (const event of readEvents(readFileSync(file, 'utf8'), file)) {
    if (event.type !== 'phase') continue;
    if (event.state === 'started') began = event.atMs;
    else found.set(event.name, (event.atMs - began) / 1000);
  }
  return found;
}

const columns = runs.map((run) => {
  const trials = join(run, 'trials');
  return {
    run: basename(run),
    trials: readdirSync(trials).map((trial) => phasesOf(join(trials, trial, 'events.jsonl'))),
  };
});
const sum = (phases: ReadonlyMap<PhaseName, number>, names: readonly PhaseName[]): number =>
  names.reduce((total, name) => total + (phases.get(name) ?? 0), 0);
const row = (title: string, names: readonly PhaseName[]): string[] => {
  const values = columns.map(({ trials }) => median(trials.map((trial) => sum(trial, names))));
  const [first = Number.NaN, ...others] = values;
  return [
    title,
    ...values.map((value) => `${value.toFixed(1)} s`),
    ...others.map((other) => `${(first / other).toFixed(1)} times`),
  ];
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
    row(
      'needed by the outage',
      phaseNames.filter((name) => !overhead.includes(name)),
    ),
  ])}\n`,
);
await keep('trial-overhead', {
  found: columns.map(({ run, trials }) => ({
    run,
    trials: trials.length,
    phases: Object.fromEntries(phaseNames.map((name) => [name, median(trials.map((trial) => trial.get(name) ?? 0))])),
  })),
});

/**
 * What the order of the image build is worth: the same parts one after another against two lanes side by side (compiling beside
 * fetching), in turns, each time from an empty cache of its own, Go's compiler cache included; and once more with all of it
 * there. `npm run bench image-build -- --rounds 1`
 *
 * The parts are four middle ones of the real build (the largest, Kubernetes, has nothing to run beside it most of its time): two that
 * compile and two Debian roots. Sources that were downloaded before are not downloaded again: the network is not measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildGraph } from '../harness/images/build.ts';
import { pendingSteps, runSteps, type Step } from '../harness/images/dag.ts';
import { recipesDir } from '../harness/images/keys.ts';
import { realRunner, type Runner } from '../harness/host/run.ts';
import { keep, median, say, table, untilTold } from './support.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1' } } });
const rounds = Number(values.rounds);
const goals = ['go-podinfo', 'go-etcd', 'root-postgres', 'root-iptables'];
const signal = untilTold();

/** All of one lane: never two at once. */
const oneByOne = (steps: readonly Step[]): readonly Step[] => steps.map((step) => ({ ...step, lane: 'cpu' }));
const asTheyAre = (steps: readonly Step[]): readonly Step[] => steps;

async function measure(title: string, arrange: (steps: readonly Step[]) => readonly Step[]) {
  const cacheDir = await mkdtemp(join(tmpdir(), 'firedrill-bench-'));
  const runner: Runner = {
    ...realRunner,
    run: (file, args, options = {}) =>
      realRunner.run(file, args, { ...options, env: { ...options.env, GOCACHE: join(cacheDir, 'go') } }),
  };
  try {
    const steps = arrange(buildGraph({ runner, cacheDir, recipesDir, durations: {} }).steps);
    const from = performance.now();
    const timings = await runSteps(steps, goals, { progress: () => undefined, signal });
    const wall = (performance.now() - from) / 1000;
    const again = performance.now();
    const left = await pendingSteps(steps, goals, signal);
    if (left.length > 0) throw new Error(`still to be done after all was done: ${left.map((s) => s.id).join(', ')}`);
    const second = (performance.now() - again) / 1000;
    say(`${title}: ${wall.toFixed(1)} s`);
    return { wall, second, parts: Object.fromEntries(timings.map(({ id, ms }) => [id, Math.round(ms / 100) / 10])) };
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}

type Measured = Awaited<ReturnType<typeof measure>>;
const found: { readonly serial: Measured[]; readonly lanes: Measured[] } = { serial: [], lanes: [] };
for (let round = 1; round <= rounds; round++) {
  const turns = [
    async () => found.serial.push(await measure(`round ${round}, one by one`, oneByOne)),
    async () => found.lanes.push(await measure(`round ${round}, two lanes`, asTheyAre)),
  ];
  for (const turn of round % 2 === 1 ? turns : turns.reverse()) await turn();
}
const wall = (runs: readonly Measured[]): number => median(runs.map((run) => run.wall));
const [serial, lanes] = [wall(found.serial), wall(found.lanes)];
const second = median([...found.serial, ...found.lanes].map((run) => run.second));
process.stdout.write(
  `${table([
    [`median of ${rounds}`, 'seconds', 'against one by one'],
    ['one by one', serial.toFixed(1), '1.00'],
    ['two lanes', lanes.toFixed(1), (lanes / serial).toFixed(2)],
    ['all of it there', second.toFixed(3), (second / serial).toFixed(4)],
  ])}\n`,
);
await keep('image-build', { rounds, goals, found });

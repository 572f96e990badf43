/**
 * What a decision costs: `npm run bench decision [-- <rounds> [<run folder>]]`
 *
 * Draws runs of `cni-wipe` out of the two kept ones and lets the declared rules of `run --decide` stop them: out of the eight whole blocks of a slower
 * machine (whole blocks, with replacement), and out of the run that was decided for real, each arm's trials by themselves; beside it, eight full blocks of the same draws, as a run without `--decide` has them. A trial costs what it took in the kept run from the injection to
 * the end of its watch, the confirmation where it has one, and what a trial costs beside that (`bench/results/trial-overhead.json`). The times are those
 * of the kept run's machine.
 * With a run folder: what that run, which was decided for real, has taken, from its trials' clocks.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decide, watchOf, wholeBlocks } from '../harness/analysis/decision.ts';
import { looksFor } from '../harness/analysis/sample-size.ts';
import { summarise } from '../harness/analysis/summary.ts';
import { readReport } from '../harness/cli/stored.ts';
import { isWanted, type Plan, type PlannedTrial } from '../harness/model/plan.ts';
import { profiles } from '../harness/model/profile.ts';
import { seeded } from '../harness/model/random.ts';
import type { TrialRecord } from '../harness/model/record.ts';
import { keep, median, say, table } from './support.ts';

const rounds = Number(process.argv[2] ?? 400);
const real = process.argv[3];
const most = 20;
const full = 8;
const { confirmMs, relapseWatchMs } = profiles.fast;
const right = 'restore-cni-and-pods';
/** Seconds of a trial beside the outage and its windows, as `bench trial-overhead` found them. */
const overheadMs = 1000 * Number(process.env['OVERHEAD_S'] ?? 17);

const example = (name: string) =>
  readReport(fileURLToPath(new URL(`../reports/examples/${name}/report.json`, import.meta.url)));
const [kept, decidedRun] = await Promise.all([example('cni-wipe'), example('cni-wipe-decided')]);
const arms = kept.plan.runbooks.map(({ id }) => id);

/** One trial of each arm, drawn. */
type Draw = (random: () => number) => ReadonlyMap<string, TrialRecord>;

const blocks = new Map<number, Map<string, TrialRecord>>();
for (const { id, block, runbook } of kept.plan.trials) {
  const record = kept.records.find((r) => r.trialId === id);
  if (record === undefined) continue;
  blocks.set(block, (blocks.get(block) ?? new Map<string, TrialRecord>()).set(runbook, record));
}
const wholeBlock: Draw = (random) =>
  blocks.get(1 + Math.floor(random() * blocks.size)) ?? new Map<string, TrialRecord>();
/** Arms that were dropped have two trials, and blocks of them there are none. */
const eachArm: Draw = (random) =>
  new Map(
    arms.flatMap((arm) => {
      const own = decidedRun.records.filter((r) => r.runbook === arm && r.control === undefined);
      const one = own[Math.floor(random() * own.length)];
      return one === undefined ? [] : [[arm, one] as const];
    }),
  );

function planOf(trials: number, decided: boolean): Plan {
  return {
    ...kept.plan,
    trials: Array.from({ length: trials }, (_, i) =>
      arms.map((runbook): PlannedTrial => ({ id: `${runbook}-${String(i + 1)}`, block: i + 1, runbook, seed: i })),
    ).flat(),
    comparison: {
      arms,
      endpoints: ['downtime', 'ttr'],
      looks: decided ? looksFor(trials) : [{ blocks: trials, level: 0.05 }],
      decide: decided,
      ...(decided ? { dropAfter: 2 } : {}),
      confirmMs,
    },
  };
}

const needed = ({ phases }: TrialRecord): number =>
  phases
    .filter(({ name }) => ['inject', 'observe', 'runbook', 'recover', 'verify'].includes(name))
    .reduce((total, { fromMs, toMs }) => total + toMs - fromMs, Number(profiles.fast.steadyHoldMs));

interface Outcome {
  readonly named: string;
  readonly minutes: number;
  readonly blocks: number;
}

/** One run: its trials in the plan's order, each block drawn, until the rules end it. */
function play(draw: Draw, trials: number, decided: boolean, seed: number): Outcome {
  const random = seeded(seed);
  let plan = planOf(trials, decided);
  const records: TrialRecord[] = [];
  let ms = 0;
  for (let block = 1; block <= trials && plan.decided === undefined; block++) {
    const drawn = draw(random);
    for (const trial of plan.trials.filter((t) => t.block === block && isWanted(plan, t))) {
      const record = drawn.get(trial.runbook);
      if (record === undefined) continue;
      const watchMs = watchOf(plan, records, trial, relapseWatchMs);
      const up = record.outcome === 'recovered';
      const longer = up && watchMs > relapseWatchMs ? Math.max(0, watchMs - (record.watchedStableMs ?? 0)) : 0;
      ms += needed(record) + longer + overheadMs;
      records.push({
        ...record,
        trialId: trial.id,
        ...(longer > 0 ? { watchedStableMs: watchMs } : {}),
      });
    }
    const { dropped, decided: end } = decide(plan, records);
    plan = {
      ...plan,
      ...(dropped.length === 0 ? {} : { dropped: [...(plan.dropped ?? []), ...dropped] }),
      ...(end === undefined ? {} : { decided: end }),
    };
  }
  const { verdict } = summarise(plan, records);
  return {
    named: verdict.runbook ?? verdict.kind,
    minutes: ms / 60_000,
    blocks: plan.decided?.afterBlock ?? wholeBlocks(plan, records),
  };
}

function sum(outcomes: readonly Outcome[]) {
  const minutes = outcomes.map((o) => o.minutes).sort((a, b) => a - b);
  const share = (of: (o: Outcome) => boolean) => outcomes.filter(of).length / outcomes.length;
  return {
    minutes: { median: median(minutes), p90: minutes[Math.floor(minutes.length * 0.9)] ?? 0 },
    blocks: median(outcomes.map((o) => o.blocks)),
    right: share((o) => o.named === right),
    wrong: share((o) => arms.includes(o.named) && o.named !== right),
  };
}

say(`${String(rounds)} runs drawn from each`);
const seeds = Array.from({ length: rounds }, (_, i) => i + 1);
const both = (draw: Draw) => ({
  decide: sum(seeds.map((seed) => play(draw, most, true, seed))),
  eight: sum(seeds.map((seed) => play(draw, full, false, seed))),
});
const found = { blocks: both(wholeBlock), decided: both(eachArm) };
const columns = [found.blocks.decide, found.blocks.eight, found.decided.decide, found.decided.eight];
const row = (name: string, of: (x: ReturnType<typeof sum>) => string) => [name, ...columns.map(of)];
const rows = [
  ['', 'eight blocks: --decide', 'all eight', 'decided run: --decide', 'all eight'],
  row('cluster-minutes, median', (x) => x.minutes.median.toFixed(0)),
  row('of which one in ten takes more', (x) => x.minutes.p90.toFixed(0)),
  row('blocks, median', (x) => String(x.blocks)),
  row(`names ${right}`, (x) => `${(100 * x.right).toFixed(1)} %`),
  row('names another', (x) => `${(100 * x.wrong).toFixed(1)} %`),
];
process.stdout.write(`${table(rows)}\n`);

/** From the first trial's beginning to the last one's end. */
function taken(runDir: string) {
  const plan = JSON.parse(readFileSync(join(runDir, 'plan.json'), 'utf8')) as Plan;
  const ran = plan.trials
    .map(({ id }) => join(runDir, 'trials', id, 'events.jsonl'))
    .filter((path) => existsSync(path))
    .map((path) => {
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      const first = JSON.parse(lines[0] ?? '{}') as { readonly wallEpochMs: number };
      const last = JSON.parse(lines.at(-1) ?? '{}') as { readonly atMs: number };
      return { fromMs: first.wallEpochMs, toMs: first.wallEpochMs + last.atMs };
    });
  const minutes = (Math.max(...ran.map((t) => t.toMs)) - Math.min(...ran.map((t) => t.fromMs))) / 60_000;
  return { trials: ran.length, minutes, dropped: plan.dropped ?? [], ...(plan.decided ?? {}) };
}
const seen = real === undefined ? undefined : taken(real);
if (seen !== undefined)
  process.stdout.write(
    `for real: ${seen.minutes.toFixed(0)} minutes, ${String(seen.trials)} trials, ${seen.why ?? 'not decided'}\n`,
  );
await keep('decision', { rounds, overheadMs, ...found, ...(seen === undefined ? {} : { real: seen }) });

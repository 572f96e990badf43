/**
 * What commands that read many trials cost: `npm run bench many-trials [-- <trials>]`
 *
 * Each command is the real one (`bin/firedrill.mjs`) in a process of its own; its CPU seconds and its greatest resident memory are those of the whole
 * process, from its start. `report` and `compare` are told one run, so 10,000 trials are one run of 10,000 here: seven arms in blocks, as cni-wipe
 * has them. Beside it a tenth of that, to see how the cost grows, and the same number as ten runs, which is ten processes: CPU seconds added up,
 * the greatest memory of any. `overview` reads all ten in one process. `analyse` computes some trials from their events.
 *
 * Records are what the analysis makes of generated events of a real trial's size, and differ in times, facts and words. The events are hard links
 * to a few files, so that the folder stays below a gigabyte.
 */
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyseTrial } from '../harness/analysis/record.ts';
import { buildLog } from '../test/support/log-builder.ts';
import { planOf } from '../test/support/plan.ts';
import type { Plan } from '../harness/model/plan.ts';
import { seeded } from '../harness/model/random.ts';
import type { TrialRecord } from '../harness/model/record.ts';
import type { Interval } from '../harness/model/units.ts';
import { inFolder, keep, say, table } from './support.ts';

const idle = 'wait';
const arms = [idle, ...Array.from({ length: 6 }, (_, i) => `cure-${String(i + 1)}`)];
/** Different logs of each runbook; all its trials are one of them with other times. */
const variants = 4;
const eventsPart = 200;
const firedrill = fileURLToPath(new URL('../bin/firedrill.mjs', import.meta.url));

/** What a command cost. */
interface Found {
  readonly trials: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** A trial of a real one's size: nine probes, two to five minutes, alerts that beat, the load of each second. */
function logOf(runbook: string, variant: number) {
  const random = seeded(variant + 1);
  const goodMs = runbook === idle ? 1e9 : 65_000 + random() * 60_000;
  const endMs = runbook === idle ? 285_000 : goodMs + 40_000;
  const alarms = Array.from({ length: 8 }, (_, i) => `alarm-${String(i)}`);
  const output = Array.from({ length: 12 }, (_, i) => `pod/web-${String(i)} condition met`).join('\n');
  return buildLog({
    trialId: `${runbook}-1`,
    runbook,
    probes: Array.from({ length: 9 }, (_, i) => ({
      sli: i === 0 ? 'dns' : `sli-${String(i)}`,
      outages: i % 3 === 0 ? [[32_000 + random() * 3000, goodMs]] : [[40_000 + random() * 9000, 52_000]],
    })),
    steps:
      runbook === idle
        ? []
        : Array.from({ length: 6 }, (_, i) => ({
            name: `step ${String(i)}`,
            fromMs: 61_000 + i * 500,
            toMs: 61_400 + i * 500,
            command: 'kubectl -n web rollout restart deployment --selector tier=web && kubectl get pods -A -o wide',
            output,
          })),
    detectors: alarms.map((id) => ({ id })),
    readings: alarms.flatMap((detector, i) => [
      ...Array.from({ length: Math.floor((endMs - 4000) / 2000) }, (_, n) => ({
        atMs: 3000 + n * 2000,
        detector,
        state: 'alive' as const,
      })),
      { atMs: 40_000 + i * 1000, detector, state: 'firing' as const, what: 'NotReady: worker2 since 12 s' },
    ]),
    load: Array.from({ length: Math.floor(endMs / 1000) }, (_, s) => ({
      type: 'load' as const,
      secondMs: s * 1000,
      good: 8,
      bad: 2,
      dropped: 0,
    })),
    facts: Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`fact-${String(i)}`, `value ${String(i)} of it`])),
    endMs,
  });
}

/** A run of so many blocks, as a run is planned. */
function planFor(scenario: string, blocks: number): Plan {
  const plan = planOf(0, { scenario, runId: '20251121-041500-0001' });
  const [wait, cure] = plan.runbooks;
  if (wait === undefined || cure === undefined) throw new Error('the plan of tests has other runbooks');
  return {
    ...plan,
    runbooks: arms.map((id) => (id === idle ? wait : { ...cure, id })),
    trials: Array.from({ length: blocks }, (_, i) =>
      arms.map((runbook) => ({ id: `${runbook}-${String(i + 1)}`, block: i + 1, runbook, seed: i })),
    ).flat(),
  };
}

/** Writes runs that have so many trials together; returns their folders, and what a trial takes on disk in bytes. */
function writeRuns(dir: string, trials: number, count: number) {
  const random = seeded(7);
  const templates = new Map(
    arms.map((runbook) => [
      runbook,
      Array.from({ length: variants }, (_, variant) => {
        const events = logOf(runbook, variant);
        const path = join(dir, `${runbook}-${String(variant)}.jsonl`);
        writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
        return { path, record: analyseTrial(events) };
      }),
    ]),
  );
  const bytes = { record: 0, events: 0 };
  const blocks = Math.max(1, Math.round(trials / count / arms.length));
  const all = blocks * count * arms.length;
  const runs = Array.from({ length: count }, (_, s) => {
    const plan = planFor(`outage-${String(s)}`, blocks);
    const runDir = join(dir, plan.scenario, plan.runId);
    for (const { id, runbook, block } of plan.trials) {
      const template = templates.get(runbook)?.[(block + s) % variants];
      if (template === undefined) throw new Error(`no template of ${runbook}`);
      const trialDir = join(runDir, 'trials', id);
      mkdirSync(trialDir, { recursive: true });
      linkSync(template.path, join(trialDir, 'events.jsonl'));
      const text = JSON.stringify(varied(template.record, id, plan.scenario, random), null, 2);
      writeFileSync(join(trialDir, 'record.json'), `${text}\n`);
      bytes.record += text.length / all;
      bytes.events += statSync(template.path).size / all;
    }
    writeFileSync(join(runDir, 'plan.json'), JSON.stringify(plan));
    return runDir;
  });
  return { runs, trials: all, bytes };
}

/** The same trial with other times: nothing that two trials would not share is the same in both. */
function varied(record: TrialRecord, trialId: string, scenario: string, random: () => number): TrialRecord {
  const byMs = Math.round(random() * 5000);
  const later = ({ lo, hi }: Interval): Interval => ({ lo: lo + byMs, hi: hi + byMs });
  const { ttr } = record;
  return {
    ...record,
    ...(ttr === undefined || 'censored' in ttr ? {} : { ttr: later(ttr) }),
    definitions: 2,
    trialId,
    scenario,
    reason: `${record.reason} (${String(byMs)} ms)`,
    badnessMs: record.badnessMs + byMs,
    detectors: record.detectors.map((d) =>
      d.ttd === undefined
        ? d
        : { ...d, ttd: later(d.ttd), ...(d.askedMs === undefined ? {} : { askedMs: d.askedMs + byMs }) },
    ),
    environment: {
      ...record.environment,
      addresses: `pinned: worker=10.201.${String(byMs % 251)}.12`,
      'seconds.ready': (byMs / 1000).toFixed(1),
    },
  };
}

/** Is loaded before the command, and says at its end what it took. */
const atExit = `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.FIREDRILL_BENCH_USAGE, JSON.stringify(process.resourceUsage())));`;

async function measured(args: readonly string[], trials: number, dir: string): Promise<Found> {
  const usage = join(dir, 'usage.json');
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(atExit)}`, firedrill, ...args],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, FIREDRILL_BENCH_USAGE: usage },
    },
  );
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`firedrill ${args[0] ?? ''} ended with ${String(code)}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(usage, 'utf8')) as NodeJS.ResourceUsage;
  const found = {
    trials,
    wallSeconds: (performance.now() - began) / 1000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMiB: maxRSS / 1024,
  };
  say(
    `${args.filter((arg) => !arg.startsWith(dir)).join(' ')}: ${found.cpuSeconds.toFixed(1)} s, ${found.peakMiB.toFixed(0)} MiB`,
  );
  return found;
}

const commands: Readonly<Record<string, readonly string[]>> = {
  report: ['report'],
  compare: ['compare'],
  'compare --alerts': ['compare', '--alerts'],
};

/** Writes so many trials, measures each command, and takes them away again. */
async function measure(trials: number, count: number) {
  return inFolder(async (dir) => {
    say(`${String(trials)} trials in ${String(count)} ${count === 1 ? 'run' : 'runs'}: writing`);
    const { runs, trials: all, bytes } = writeRuns(dir, trials, count);
    say(
      `a record of ${String(Math.round(bytes.record / 1024))} KiB, events of ${String(Math.round(bytes.events / 1024))} KiB`,
    );
    const found: Record<string, Found> = {};
    for (const [name, args] of Object.entries(commands)) {
      const each: Found[] = [];
      for (const run of runs) each.push(await measured([...args, run], all / count, dir));
      found[name] = together(each);
    }
    if (count > 1) found['overview'] = await measured(['overview', ...runs], all, dir);
    return { bytes, commands: found };
  });
}

/** Of one command after the other. */
function together(each: readonly Found[]): Found {
  const sum = (of: (found: Found) => number): number => each.reduce((total, found) => total + of(found), 0);
  return {
    trials: sum((f) => f.trials),
    wallSeconds: sum((f) => f.wallSeconds),
    cpuSeconds: sum((f) => f.cpuSeconds),
    peakMiB: Math.max(...each.map((f) => f.peakMiB)),
  };
}

/** What issue and docs promise of 10,000 trials. */
const most = { trials: 10_000, cpuSeconds: 20, peakMiB: 300 };

const trials = Number(process.argv[2] ?? most.trials);
const few = await measure(trials / 10, 1);
const one = await measure(trials, 1);
const ten = await measure(trials, 10);
const analyse = await inFolder((dir) => {
  const { runs, trials: all } = writeRuns(dir, eventsPart, 1);
  return measured(['analyse', ...runs], all, dir);
});

const cell = (found: Found | undefined): string =>
  found === undefined ? '' : `${found.cpuSeconds.toFixed(1)} s, ${found.peakMiB.toFixed(0)} MiB`;
const count = (of: typeof one): string => String(of.commands['report']?.trials ?? 0);
process.stdout.write(
  `${table([
    ['CPU, peak memory', `${count(few)} trials`, `${count(one)} trials`, `${count(ten)} in ten runs`],
    ...[...Object.keys(commands), 'overview'].map((name) => [
      name,
      ...[few, one, ten].map((of) => cell(of.commands[name])),
    ]),
  ])}\nanalyse: ${cell(analyse)} for ${String(analyse.trials)} trials, ${((analyse.cpuSeconds / analyse.trials) * 1000).toFixed(0)} ms each\n`,
);
for (const [name, found] of Object.entries(one.commands)) {
  if (found.cpuSeconds > most.cpuSeconds || found.peakMiB > most.peakMiB)
    say(
      `${name} of ${String(found.trials)} trials takes more than ${String(most.cpuSeconds)} CPU seconds or ${String(most.peakMiB)} MiB: ${cell(found)}`,
    );
}
if (trials === most.trials) await keep('many-trials', { few, one, ten, analyse });

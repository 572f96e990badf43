/**
 * What reports of many trials cost: `npm run bench many-trials [-- <trials>]`
 *
 * Writes stored runs of ten scenarios (10,000 trials in all, and a tenth of that to hold it against) into a temporary folder, reads them
 * as `report` does and writes all their reports, each number of trials in a process of its own: its CPU seconds and its greatest resident memory are
 * those of the whole work. Records are what the analysis makes of generated events of a real trial's size; the events themselves are hard
 * links to a few files, so that the folder stays below a gigabyte. Also: the same for some trials from their events, as `analyse` does.
 */
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { overviewOf, type RunInShort } from '../harness/analysis/overview.ts';
import { analyseTrial } from '../harness/analysis/record.ts';
import { summarise } from '../harness/analysis/summary.ts';
import { buildLog } from '../harness/analysis/testing/log-builder.ts';
import { planOf } from '../harness/analysis/testing/plan.ts';
import { analyseRun, readRun, rewriteReports } from '../harness/cli/stored.ts';
import { seeded } from '../harness/model/random.ts';
import type { TrialRecord } from '../harness/model/record.ts';
import { seriesReport } from '../harness/reporters/terminal.ts';
import { inFolder, keep, say, table } from './support.ts';

const scenarios = 10;
/** `wait`, `cure` and `nuclear` of the plan that tests use. */
const runbooks = 3;
/** Different logs of each runbook; all trials are one of them with another time to recover. */
const variants = 4;
const eventsPart = 200;

/** What a process found out about its own work. */
interface Found {
  readonly trials: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** A trial of a real one's size: nine probes, two to five minutes, alarms that beat, the load of each second. */
function logOf(runbook: string, variant: number) {
  const random = seeded(variant + 1);
  const goodMs = runbook === 'wait' ? 1e9 : 65_000 + random() * 60_000;
  const endMs = runbook === 'wait' ? 285_000 : goodMs + 40_000;
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
      runbook === 'wait'
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

/** Writes the runs; returns their folders and what a trial's record and events take on disk, in bytes. */
function writeRuns(dir: string, trials: number) {
  const random = seeded(7);
  const templates = new Map(
    ['wait', 'cure', 'nuclear'].map((runbook) => [
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
  const blocks = Math.max(1, Math.round(trials / scenarios / runbooks));
  const runs = Array.from({ length: scenarios }, (_, s) => {
    const plan = planOf(blocks, {
      scenario: `outage-${String(s)}`,
      runId: `20251121-0415${String(s).padStart(2, '0')}-0001`,
    });
    const runDir = join(dir, plan.scenario, plan.runId);
    for (const { id, runbook, block } of plan.trials) {
      const template = templates.get(runbook)?.[(block + s) % variants];
      if (template === undefined) throw new Error(`no template of ${runbook}`);
      const trialDir = join(runDir, 'trials', id);
      mkdirSync(trialDir, { recursive: true });
      linkSync(template.path, join(trialDir, 'events.jsonl'));
      const text = JSON.stringify(shifted(template.record, id, plan.scenario, Math.round(random() * 5000)), null, 2);
      writeFileSync(join(trialDir, 'record.json'), `${text}\n`);
      bytes.record += text.length / plan.trials.length / scenarios;
      bytes.events += statSync(template.path).size / plan.trials.length / scenarios;
    }
    writeFileSync(join(runDir, 'plan.json'), JSON.stringify(plan));
    return runDir;
  });
  return { runs, trials: blocks * scenarios * runbooks, bytes };
}

/** The same trial, recovered a little later. */
function shifted(record: TrialRecord, trialId: string, scenario: string, byMs: number): TrialRecord {
  const { ttr } = record;
  const later = ttr === undefined || 'censored' in ttr ? {} : { ttr: { lo: ttr.lo + byMs, hi: ttr.hi + byMs } };
  return { ...record, ...later, trialId, scenario };
}

/** In a process of its own: reads runs and writes their reports, one run after the other, then the line of each. */
async function work(way: string, runs: readonly string[]): Promise<Found> {
  const began = performance.now();
  const short: RunInShort[] = [];
  let trials = 0;
  for (const runDir of runs) {
    const run = way === 'events' ? await analyseRun(runDir) : await readRun(runDir);
    await rewriteReports(run, way === 'events');
    short.push({ plan: run.plan, summary: summarise(run.plan, run.records) });
    trials += run.records.length;
  }
  if (seriesReport(overviewOf(short), { colour: false, width: 160 }) === '') throw new Error('no report of the series');
  const { user, system } = process.cpuUsage();
  return {
    trials,
    wallSeconds: (performance.now() - began) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}

async function inProcess(way: string, runs: readonly string[]): Promise<Found> {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--work', way, ...runs];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the measuring process ended with ${String(code)}`);
  return JSON.parse(text) as Found;
}

/** Writes so many trials, measures, and takes them away again. */
async function measure(trials: number, way: 'records' | 'events') {
  return inFolder(async (dir) => {
    say(`${trials} trials from their ${way}: writing`);
    const { runs, bytes } = writeRuns(dir, trials);
    say(
      `a record of ${Math.round(bytes.record / 1024)} KiB, events of ${Math.round(bytes.events / 1024)} KiB; reading and reporting`,
    );
    return { ...(await inProcess(way, runs)), bytes };
  });
}

const [first, way, ...folders] = process.argv.slice(2);
if (first === '--work') {
  process.stdout.write(JSON.stringify(await work(way ?? '', folders)));
} else {
  const most = Number(first ?? 10_000);
  const few = await measure(most / 10, 'records');
  const many = await measure(most, 'records');
  const events = await measure(eventsPart, 'events');
  const row = (name: string, of: (found: Found) => number, unit: string, digits: number): string[] => [
    name,
    ...[few, many].map((found) => `${of(found).toFixed(digits)} ${unit}`),
    `${(of(many) / of(few)).toFixed(1)} times`,
    `${of(events).toFixed(digits)} ${unit}`,
  ];
  process.stdout.write(
    `${table([
      ['', `${few.trials} trials`, `${many.trials} trials`, 'ratio', `${events.trials} from events`],
      row('CPU', (f) => f.cpuSeconds, 's', 1),
      row('wall', (f) => f.wallSeconds, 's', 1),
      row('CPU a trial', (f) => (f.cpuSeconds / f.trials) * 1000, 'ms', 2),
      row('peak memory', (f) => f.peakMiB, 'MiB', 0),
    ])}\n`,
  );
  if (many.cpuSeconds > 30) say(`${many.trials} trials took more than 30 CPU seconds`);
  if (most === 10_000) await keep('many-trials', { few, many, events });
}

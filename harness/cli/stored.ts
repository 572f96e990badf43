import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { FiredrillError } from '../model/errors.ts';
import type { RunInShort } from '../analysis/overview.ts';
import { isRunDir, runsIn } from '../engine/runs.ts';
import { planSchema, type Plan } from '../model/plan.ts';
import type { TrialRecord, WholeRecord } from '../model/record.ts';
import type { RunSummary } from '../model/summary.ts';
import { reportSchema, type Report } from '../reporters/report-schema.ts';
import { readStored } from './stored-file.ts';
import { didYouMean } from './suggest.ts';
import { terminalOptions, type Output } from './output.ts';

/** A finished (or interrupted) run as it lies on disk. */
export interface StoredRun {
  readonly runDir: string;
  readonly plan: Plan;
  /** In the plan's order; trials that were never started are missing. */
  readonly records: readonly TrialRecord[];
  /** The same whole, where there is no place from which they could be read one by one: in a run that was kept without its trials. */
  readonly whole?: readonly WholeRecord[];
}

/** A stored run in short. */
export type ShortRun = RunInShort & Pick<StoredRun, 'runDir'>;

/**
 * The folder of a run, named as people name it: its path, that of its report.json, `<scenario>/<run>`, the run's id (or the start of it), a
 * scenario's name (its latest run), or `latest`.
 */
export function findRun(name: string, out: string): string {
  const direct = resolve(name);
  if (isRunDir(direct)) return direct;
  if (basename(direct) === 'report.json' && existsSync(direct)) return dirname(direct);
  if (existsSync(direct) && statSync(direct).isFile()) {
    throw new FiredrillError('usage', `${name} is a file: a run is a folder with plan.json or report.json in it`, {
      hint: `mkdir kept && cp ${name} kept/report.json && npm run firedrill -- report kept`,
    });
  }
  if (isRunDir(join(out, name))) return join(out, name);
  const all = runsIn(out);
  // Run ids begin with the time.
  const latest = [...all].sort((a, b) => a.run.localeCompare(b.run)).at(-1);
  if (name === 'latest' && latest !== undefined) return latest.path;
  const ofScenario = all.filter((entry) => entry.scenario === name).at(-1);
  if (ofScenario !== undefined) return ofScenario.path;
  const byId = all.filter((entry) => entry.run.startsWith(name));
  const [only, second] = byId;
  if (only !== undefined && second === undefined) return only.path;
  if (only !== undefined) {
    throw new FiredrillError('usage', `"${name}" is ambiguous: it matches ${byId.length} runs in ${out}`, {
      hint: `npm run firedrill -- report ${only.scenario}/${only.run}`,
    });
  }
  if (all.length === 0) {
    throw new FiredrillError('usage', `no run "${name}": ${out} has no runs`, {
      hint: 'npm run scenario <scenario>, or --out <folder> where the reports are',
    });
  }
  const known = [...all.map((entry) => entry.run), ...new Set(all.map((entry) => entry.scenario))];
  const guess = didYouMean(name, known);
  throw new FiredrillError('usage', `no run "${name}" in ${out}${guess}`, {
    hint: 'npm run firedrill -- report latest',
  });
}

/** The latest run of every scenario that has one. */
export function latestRuns(out: string): readonly string[] {
  return [...new Map(runsIn(out).map(({ scenario, path }) => [scenario, path])).values()];
}

/** The plan of a run: in plan.json, and in report.json again. */
function readPlan(runDir: string): Plan {
  const path = join(runDir, 'plan.json');
  const report = join(runDir, 'report.json');
  if (!existsSync(path)) return runInReport(report).plan;
  const hint = existsSync(report) ? `mv ${path} ${path}.damaged   # report.json has the plan, too` : again;
  return readStored(path, planSchema, 'plan', hint);
}

/** A run as its report.json has it. The summary is computed again, so that of an older version may be any. */
const runInReport = (path: string) => readStored(path, reportSchema.omit({ summary: true }), 'report', again);

/** What is left to do where a run cannot be read and not be written again. */
const again = 'npm run scenario <scenario>';

/**
 * A run as its records tell it: what was computed when each trial ended, or by the last `analyse`. A trial whose record is missing, damaged or by older
 * definitions is computed from its events. Those are half a megabyte a trial, and a record is a twentieth of that. A trial that has neither is left out.
 * A run that was kept without its trials is read from its report.json.
 */
export async function readRun(runDir: string): Promise<StoredRun> {
  const { currentRecord } = await import('../engine/records.ts');
  return readTrials(runDir, (trialId, plan) => currentRecord(runDir, trialId, plan));
}

/** The same, and what had to be computed is written, so that it need not be again. */
export async function repairRun(runDir: string): Promise<StoredRun> {
  const { currentRecord } = await import('../engine/records.ts');
  return readTrials(runDir, (trialId, plan) => currentRecord(runDir, trialId, plan, true));
}

/**
 * Computes every trial's record again from its events, with no cluster, and writes it. A trial whose log is empty (killed before its first event) is
 * left out.
 */
export async function analyseRun(runDir: string): Promise<StoredRun> {
  const { analysedRecord, writeRecord } = await import('../engine/records.ts');
  return readTrials(runDir, (trialId) => {
    const record = analysedRecord(runDir, trialId);
    if (record !== undefined) writeRecord(runDir, record);
    return record;
  });
}

/** The trials of a run one after the other, of each no more than its numbers: what it was read from is garbage before the next. */
async function readTrials(
  runDir: string,
  read: (trialId: string, plan: Plan) => WholeRecord | undefined,
): Promise<StoredRun> {
  const { shortener } = await import('../analysis/short-record.ts');
  const short = shortener();
  // Nearly all that is read is garbage at once. On a machine with much memory V8 would let four times as much of it stand as is in use, or not, as busy
  // as the machine is.
  setFlagsFromString('--heap-growing-percent=30');
  const plan = readPlan(runDir);
  const records: TrialRecord[] = [];
  for (const { id } of plan.trials) {
    const record = read(id, plan);
    if (record !== undefined) records.push(short(record));
  }
  const report = join(runDir, 'report.json');
  if (records.length === 0 && existsSync(report)) return { ...(await readReport(report)), runDir };
  return { runDir, plan, records };
}

/** A run as its report.json tells it; trials of an older one by today's definitions, as far as it tells them. */
export async function readReport(path: string): Promise<StoredRun> {
  const { plan, trials } = runInReport(path);
  const { reanalyseKept } = await import('../analysis/kept.ts');
  const { shortener } = await import('../analysis/short-record.ts');
  const whole = trials.map((trial) => reanalyseKept(trial, plan));
  return { runDir: dirname(path), plan, records: whole.map(shortener()), whole };
}

/** Writes the reports of a run again, byte for byte the same for the same records and version; returns the summary that they say. */
export async function rewriteReports({ runDir, plan, records, whole }: StoredRun): Promise<RunSummary> {
  const { wholeAmong } = await import('../analysis/short-record.ts');
  const { writeReports } = await import('../engine/reports.ts');
  return writeReports(runDir, plan, records, ...(whole === undefined ? [] : [wholeAmong(whole)]));
}

/**
 * The result of a run as the table for people.
 * @param summary where there is one already
 */
export async function tableOf(run: StoredRun, output: Output, summary?: RunSummary): Promise<string> {
  const { summarise } = await import('../analysis/summary.ts');
  const { terminalReport } = await import('../reporters/terminal.ts');
  const table = terminalReport(summary ?? summarise(run.plan, run.records), run.plan, terminalOptions(output, 120));
  return `${table.trimEnd()}\n\nReport: ${join(run.runDir, 'report.html')} (also .md, .json, .junit.xml and .openmetrics.txt) of run ${basename(run.runDir)}\n`;
}

/** Several runs of different scenarios, one line each. */
export async function seriesTable(runs: readonly RunInShort[], output: Output): Promise<string> {
  const { overviewOf } = await import('../analysis/overview.ts');
  const { seriesReport } = await import('../reporters/terminal.ts');
  return seriesReport(overviewOf(runs), terminalOptions(output));
}

/**
 * The same as a page of Markdown.
 * @param from the folder that its links are seen from
 */
export async function overviewPage(runs: readonly ShortRun[], from: string): Promise<string> {
  const { overviewOf } = await import('../analysis/overview.ts');
  const { overviewMarkdown } = await import('../reporters/overview.ts');
  return overviewMarkdown(overviewOf(runs), linksFrom(runs, from, 'report.md'));
}

/**
 * The same in sentences, as a page of HTML.
 * @param from the folder that its links are seen from
 */
export async function summaryPage(runs: readonly ShortRun[], from: string): Promise<string> {
  const { briefingOf } = await import('../analysis/briefing.ts');
  const { briefingPage } = await import('../reporters/briefing.ts');
  return briefingPage(briefingOf(runs), linksFrom(runs, from, 'report.html'));
}

/** Where a file of each run is, as seen from a folder. */
function linksFrom(runs: readonly ShortRun[], from: string, file: string): (runId: string) => string {
  const dirs = new Map(runs.map(({ plan, runDir }) => [plan.runId, runDir]));
  return (runId) =>
    // As links have it, on every system.
    relative(from, join(dirs.get(runId) ?? '', file))
      .split(sep)
      .join('/');
}

/** What a run comes to, without its trials: of many runs only this has to be kept. */
export async function inShort({ runDir, plan, records }: StoredRun): Promise<ShortRun> {
  const { summarise } = await import('../analysis/summary.ts');
  return { runDir, plan, summary: summarise(plan, records) };
}

/** report.json of a run. @throws FiredrillError `usage` for a damaged one */
export const reportJson = (runDir: string): Report =>
  readStored(join(runDir, 'report.json'), reportSchema, 'report', `npm run firedrill -- report ${runDir}`);

/**
 * A run with at least one trial, under any of its names, or a report.json kept somewhere by itself (a baseline, an artefact).
 * @param what for which it is wanted: `there is nothing to compare`
 */
export async function loadRun(
  name: string,
  out: string,
  what: 'compare' | 'judge',
): Promise<Pick<StoredRun, 'plan' | 'records'>> {
  const path = resolve(name);
  const { plan, records } =
    name.endsWith('.json') && existsSync(path) && statSync(path).isFile()
      ? await readReport(path)
      : await readRun(findRun(name, out));
  if (records.length === 0) {
    throw new FiredrillError('usage', `run ${plan.runId} has no trials: there is nothing to ${what}`, {
      hint: `npm run scenario ${plan.scenario}`,
    });
  }
  return { plan, records };
}

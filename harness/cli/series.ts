import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { RuleSet } from '../alerts/live/rule-set.ts';
import { controlWords } from '../engine/controls.ts';
import { expectedMs } from '../engine/estimate.ts';
import { makePlan } from '../engine/plan.ts';
import { runIdOf, triggerSchema } from '../model/plan.ts';
import { isComplete, remaining } from '../engine/resume.ts';
import { summarise } from '../analysis/summary.ts';
import { objectiveSchema } from '../model/objective.ts';
import { exitCodeOfTrials } from '../engine/outcomes.ts';
import { exitCodeOf, exitCodes, FiredrillError, oneLine } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { distributionNames, type DistributionName } from '../model/distribution.ts';
import type { Beside } from '../engine/options.ts';
import type { Scenario } from '../model/scenario.ts';
import { profileWords } from './options.ts';
import { readRun, type StoredRun } from './stored.ts';
import { readStored } from './stored-file.ts';
import { writeWhole } from '../engine/write-whole.ts';

const seriesSchema = z.object({
  schemaVersion: z.literal(1),
  seriesId: z.string(),
  createdEpochMs: z.number(),
  /** As typed: `all`, or some scenarios. */
  asked: z.array(z.string()).readonly(),
  scenarios: z.array(z.string()).readonly(),
  profile: z.enum(profileWords),
  distribution: z.enum(distributionNames).exactOptional(),
  seed: z.number(),
  trials: z.int(),
  trigger: triggerSchema,
  runbook: z.array(z.string()).readonly().exactOptional(),
  controls: z.array(z.enum(controlWords)).readonly().exactOptional(),
  horizonMs: z.number().exactOptional(),
  objective: z
    .array(z.object({ scenario: z.string().exactOptional(), objective: objectiveSchema }))
    .readonly()
    .exactOptional(),
  /** The folders of the runs that were begun, below the reports' folder, by scenario. */
  runs: z.record(z.string(), z.string()),
});

/** Several scenarios that are run one after the other: what was decided for all of them, and how far it came. */
export type Series = z.output<typeof seriesSchema>;

const fileOf = (out: string, seriesId: string) => join(out, 'series', `${seriesId}.json`);

/** Where what came of a series stands on one page. */
export const pageOf = (out: string, seriesId: string): string => join(out, 'series', `${seriesId}.md`);

/** A series that nothing has been done of. */
export function newSeries(given: Omit<Series, 'schemaVersion' | 'seriesId' | 'runs'>): Series {
  return { schemaVersion: 1, seriesId: runIdOf(given.createdEpochMs, given.seed), ...given, runs: {} };
}

const sameWords = (a: readonly string[], b: readonly string[]) =>
  JSON.stringify([...new Set(a)].sort()) === JSON.stringify([...new Set(b)].sort());

/**
 * The series of a name: its id, the start of it, or `latest`, which is the latest that was asked for in these words.
 * @throws FiredrillError `usage`
 */
export function findSeries(name: string, out: string, asked: readonly string[]): Series {
  const dir = join(out, 'series');
  const ids = existsSync(dir)
    ? readdirSync(dir)
        .flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])
        .sort()
    : [];
  const chosen = ids
    .filter((id) => name === 'latest' || id.startsWith(name))
    .map((id) => readStored(fileOf(out, id), seriesSchema, 'series', `rm ${fileOf(out, id)}   # its runs stay`))
    .filter((series) => name !== 'latest' || sameWords(series.asked, asked));
  const found = chosen.at(-1);
  if (found === undefined || (name !== 'latest' && chosen.length > 1))
    throw new FiredrillError(
      'usage',
      found === undefined
        ? `no series ${name === 'latest' ? `of ${asked.join(' ')}` : `"${name}"`} in ${dir}`
        : `"${name}" is ambiguous: it matches ${chosen.length} series in ${dir}`,
      { hint: found === undefined ? `npm run scenario ${asked.join(' ')}` : resumeCommand(found) },
    );
  if (!sameWords(found.asked, asked))
    throw new FiredrillError(
      'usage',
      `series ${found.seriesId} is a series of ${found.asked.join(' ')}, not of ${asked.join(' ')}`,
      { hint: resumeCommand(found) },
    );
  return found;
}

/** What goes on with it. */
export const resumeCommand = ({ asked, seriesId }: Pick<Series, 'asked' | 'seriesId'>) =>
  `npm run scenario ${asked.join(' ')} -- --resume ${seriesId}`;

/** How one scenario of a series is run: from the beginning, or from what there is of it. */
export type RunPart = (
  part: Part,
  more: {
    readonly resume?: StoredRun;
    readonly timeoutMs?: number;
    /** The runs whose blocks it shares. */
    readonly shared?: Beside;
    /** Is told the run's folder as soon as there is one. */
    readonly onProgress: OnProgress;
  },
) => Promise<{ readonly runDir: string; readonly exitCode: number }>;

export interface Part {
  readonly id: string;
  readonly distribution: DistributionName;
  readonly scenario: Scenario;
  /** Rules that are evaluated beside its trials; their alerts are among the scenario's detectors. */
  readonly rules?: RuleSet;
}

export interface SeriesOptions {
  /** The reports' folder. */
  readonly out: string;
  readonly parts: readonly Part[];
  readonly run: RunPart;
  readonly onProgress: OnProgress;
  /** Is given each run that has ended, at once (of many runs nothing else is kept in memory), and whether it ended now or an earlier time. */
  readonly onEnded: (run: StoredRun, news: boolean) => Promise<void>;
  /** Is told of each scenario that could not be run, in one line. */
  readonly onFailed: (line: string) => void;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Runs the scenarios of a series in turn and keeps on disk how far it came. One that fails does not end it: the night goes on with the others.
 * What a run that is gone on with has already is not run again.
 *
 * @returns the exit codes, one a scenario that was reached; with `timeout`'s among them when the time was up before the last
 */
export async function runSeries(begun: Series, options: SeriesOptions): Promise<readonly number[]> {
  const { out, parts, signal, onProgress, now = () => performance.now() } = options;
  let series = begun;
  const save = () => {
    writeWhole(fileOf(out, series.seriesId), `${JSON.stringify(series, null, 2)}\n`);
  };
  save();
  const interrupted = () => signal.aborted;
  const startedMs = now();
  const guesses = new Map<string, number>();
  for (const part of parts) guesses.set(part.id, await guessMs(part, series, out));
  const sumOf = (some: readonly Part[]) => some.reduce((sum, { id }) => sum + (guesses.get(id) ?? 0), 0);
  const codes: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (interrupted()) break;
    const { id } = part;
    try {
      const resume = await begunRun(series, id, out);
      const passedMs = now() - startedMs;
      if (resume !== undefined && isComplete(resume, series.trials)) {
        const { plan, records } = resume;
        codes.push(exitCodeOfTrials(plan, records, summarise(plan, records).objective?.verdict));
        await options.onEnded(resume, false);
        continue;
      }
      if (options.timeoutMs !== undefined && passedMs >= options.timeoutMs)
        throw new FiredrillError('timeout', 'timed out before it started');
      const guessedMs = sumOf(parts.slice(0, index));
      const slower = guessedMs === 0 ? 1 : passedMs / guessedMs;
      const etaMs = slower * sumOf(parts.slice(index));
      onProgress({ type: 'series', scenario: id, index: index + 1, of: parts.length, etaMs });
      const result = await options.run(part, {
        ...(resume === undefined ? {} : { resume }),
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: Math.ceil(options.timeoutMs - passedMs) }),
        onProgress: (event) => {
          if (event.type === 'run') {
            series = { ...series, runs: { ...series.runs, [id]: relative(out, event.runDir) } };
            save();
          }
          onProgress(event);
        },
      });
      codes.push(result.exitCode);
      await options.onEnded(await readRun(result.runDir), true);
    } catch (error) {
      if (interrupted()) break;
      // What it has nevertheless measured counts.
      const partial = await begunRun(series, id, out).catch(() => undefined);
      if (partial !== undefined && partial.records.length > 0) await options.onEnded(partial, true);
      options.onFailed(`${id}: ${oneLine(error)}`);
      codes.push(exitCodeOf(error));
      if (exitCodeOf(error) === exitCodes.timeout) break;
    }
  }
  return codes;
}

/** What there is of a scenario's run; undefined when it was never begun, or was thrown away. */
async function begunRun(series: Series, id: string, out: string): Promise<StoredRun | undefined> {
  const dir = series.runs[id];
  if (dir === undefined || !existsSync(join(out, dir, 'plan.json'))) return undefined;
  return readRun(join(out, dir));
}

/** A first guess of what is left of a scenario: nothing, where all its trials are there. */
async function guessMs({ id, scenario }: Part, series: Series, out: string): Promise<number> {
  const { profile, seed, trials, runbook, controls, createdEpochMs } = series;
  const plan = makePlan({
    scenarioId: id,
    scenario,
    profile,
    seed,
    trials,
    createdEpochMs,
    ...(runbook === undefined ? {} : { runbooks: runbook }),
    ...(controls === undefined ? {} : { controls }),
  });
  const begun = await begunRun(series, id, out).catch(() => undefined);
  return expectedMs(scenario, profile, begun === undefined ? plan.trials : remaining(begun, plan));
}

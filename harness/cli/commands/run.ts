import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { requireSound } from '../../model/check.ts';
import { exitCodeOf, exitCodes, FiredrillError, oneLine } from '../../model/errors.ts';
import type { Scenario } from '../../model/scenario.ts';
import type { Plan, Trigger } from '../../model/plan.ts';
import { millis, type Millis } from '../../model/units.ts';
import type { ControlWord } from '../../engine/controls.ts';
import { controlsOf, makePlan } from '../../engine/plan.ts';
import type { RunSummary } from '../../analysis/summary.ts';
import type { CommandContext } from '../context.ts';
import { findRunbook, loadScenario, requireDetector, scenarioIds } from '../load.ts';
import type { ReporterName } from '../options.ts';
import { planPage } from '../page.ts';
import { chooseReporter, makeReporter, realWorld } from '../progress/reporter.ts';
import {
  analyseRun,
  findRun,
  readRun,
  reportJson,
  seriesTable,
  summaryOf,
  tableOf,
  type StoredRun,
} from '../stored.ts';

export interface RunFlags {
  readonly runbook?: readonly string[];
  /** Control arms beside the runbooks. */
  readonly controls?: readonly ControlWord[];
  readonly trials: number;
  readonly parallel: number;
  readonly seed?: number;
  readonly profile: 'stock' | 'fast';
  readonly trigger: Trigger;
  readonly keep: 'never' | 'on-failure' | 'always';
  readonly images: 'auto' | 'pull' | 'build';
  readonly reporter?: ReporterName;
  readonly out: string;
  /** Watch each trial so long instead of the scenario's own horizon. */
  readonly horizon?: Millis;
  readonly timeout?: Millis;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly openFence?: boolean;
  readonly fresh?: boolean;
  /** A stored run to go on with. */
  readonly resume?: string;
  /** Flags that were typed, and did not get their default. */
  readonly typed?: readonly string[];
}

/**
 * `run <scenario...>`: rehearses scenarios one after the other (`all`: every one there is), and ends with one line for each. Everything
 * the command line can get wrong is checked before anything is touched. Of several, one that fails does not end the series. The exit
 * code is the worst of the scenarios': 1 before 4 before 0.
 */
export async function run(context: CommandContext, ids: readonly string[], given: RunFlags): Promise<number> {
  const resume = given.resume === undefined ? undefined : await storedRun(ids, given, given.resume);
  const flags = resume === undefined ? given : { ...given, ...asPlanned(resume.plan) };
  const wanted = flags.runbook;
  const scenarios: { readonly id: string; readonly scenario: Scenario }[] = [];
  for (const id of new Set(ids.includes('all') ? scenarioIds() : ids)) {
    const scenario = await loadScenario(id);
    const horizonMs = flags.horizon === undefined ? scenario.horizonMs : { stock: flags.horizon, fast: flags.horizon };
    scenarios.push({ id, scenario: { ...scenario, horizonMs } });
  }
  for (const { id, scenario } of scenarios) {
    requireSound(id, scenario);
    for (const runbook of wanted ?? []) findRunbook(id, scenario, runbook);
    if (flags.trigger.kind === 'detector') requireDetector(id, scenario, flags.trigger.id);
  }
  // Written into plan.json, so that any run can be repeated exactly.
  const seed = flags.seed ?? randomInt(2 ** 31);
  const out = resolve(flags.out);
  const arms = {
    ...(wanted === undefined ? {} : { runbooks: wanted }),
    ...(flags.controls === undefined ? {} : { controls: flags.controls }),
  };
  if (flags.dryRun === true) {
    const plans = scenarios.map(({ id, scenario }) => ({
      scenario,
      plan: makePlan({
        scenarioId: id,
        scenario,
        profile: flags.profile,
        trials: flags.trials,
        seed,
        ...arms,
        createdEpochMs: Date.now(),
      }),
    }));
    context.output.result(
      flags.json === true
        ? JSON.stringify(plans.length === 1 ? plans[0]?.plan : plans.map(({ plan }) => plan), null, 2)
        : plans.map(({ plan, scenario }) => planPage({ ...flags, plan, scenario, out })).join('\n'),
    );
    return exitCodes.done;
  }

  const reporter = makeReporter(chooseReporter(flags.reporter, context.output, context.env), realWorld(context.output));
  const codes: number[] = [];
  const json: unknown[] = [];
  const stored: RunSummary[] = [];
  const failed: string[] = [];
  try {
    // Loaded only now: `--help` and typing mistakes should not wait for the Kubernetes client.
    const { runScenario } = await import('../../engine/run.ts');
    for (const { id, scenario } of scenarios) {
      const running = runScenario({
        scenarioId: id,
        scenario,
        profile: flags.profile,
        trials: flags.trials,
        parallel: flags.parallel,
        seed,
        ...arms,
        keep: flags.keep,
        images: flags.images,
        out,
        trigger: flags.trigger,
        openFence: flags.openFence ?? false,
        fresh: flags.fresh ?? false,
        ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
        ...(resume === undefined ? {} : { resume }),
        onProgress: reporter.onProgress,
        signal: context.signal,
      });
      let result;
      try {
        result = await running;
      } catch (error) {
        // The night goes on with the others.
        if (scenarios.length === 1 || context.signal.aborted) throw error;
        failed.push(`${id}: ${oneLine(error)}`);
        context.output.tell(`firedrill: ${id}: ${oneLine(error)}`);
        codes.push(exitCodeOf(error));
        continue;
      }
      codes.push(result.exitCode);
      const run = await readRun(result.runDir);
      stored.push(await summaryOf(run));
      if (flags.json === true) json.push(reportJson(result.runDir));
      else context.output.result(await tableOf(run, context.output));
      if (context.signal.aborted) break;
    }
  } finally {
    reporter.stop();
  }
  if (flags.json === true) context.output.result(JSON.stringify(json.length === 1 ? json[0] : json, null, 2));
  else if (scenarios.length > 1)
    context.output.result(
      [await seriesTable(stored, context.output), ...failed.map((line) => `failed: ${line}`)].join('\n'),
    );
  return worst(codes);
}

/** What a run was begun with, and is gone on with: nothing of it may differ between its trials. */
const ofThePlan = ['runbook', 'controls', 'seed', 'profile', 'trigger', 'horizon', 'dryRun'] as const;

function asPlanned(plan: Plan): Pick<RunFlags, 'profile' | 'seed' | 'trigger' | 'runbook' | 'controls' | 'horizon'> {
  const { profile, seed, trigger = { kind: 'oracle' }, runbooks, horizonMs } = plan;
  return {
    profile,
    seed,
    trigger,
    runbook: runbooks.map(({ id }) => id),
    controls: controlsOf(plan),
    horizon: millis(horizonMs),
  };
}

/** The run that `--resume` names, if the rest of the command line fits it. */
async function storedRun(ids: readonly string[], flags: RunFlags, name: string): Promise<StoredRun> {
  const odd = ofThePlan.find((flag) => flags.typed?.includes(flag));
  if (odd !== undefined)
    throw new FiredrillError(
      'usage',
      `--${odd === 'dryRun' ? 'dry-run' : odd} does not go with --resume: a run goes on as it began`,
      {
        hint: 'leave it away; --trials may be raised',
      },
    );
  const stored = await analyseRun(findRun(name, resolve(flags.out)));
  const { scenario, runId } = stored.plan;
  if (ids.length !== 1 || ids[0] !== scenario)
    throw new FiredrillError('usage', `run ${runId} is one of ${scenario}, not of ${ids.join(', ')}`, {
      hint: `npm run scenario ${scenario} -- --resume ${runId}`,
    });
  return stored;
}

/** A runbook that failed is the news; missing data comes next. */
function worst(codes: readonly number[]): number {
  const rank = [exitCodes.interrupted, exitCodes.notRecovered, exitCodes.invalid] as readonly number[];
  return rank.find((code) => codes.includes(code)) ?? codes.find((code) => code !== exitCodes.done) ?? exitCodes.done;
}

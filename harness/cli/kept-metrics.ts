import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { clocksOf, clocksSchema } from '../alerts/clocks.ts';
import { metricsFile } from '../alerts/corpus.ts';
import { truthOfTrial } from '../alerts/truth-of-trial.ts';
import { readEvents } from '../analysis/read.ts';
import { currentRecord } from '../engine/records.ts';
import { isRunDir } from '../engine/runs.ts';
import { isFaultFree } from '../model/control.ts';
import { planSchema, type Plan } from '../model/plan.ts';
import type { WholeRecord } from '../model/record.ts';
import { loadAnywhere, scenarioIds } from './load.ts';
import { readStored } from './stored-file.ts';
import { findRun } from './stored.ts';

/** A trial of a run beside which rules were evaluated. */
interface TrialWithMetrics {
  readonly plan: Plan;
  readonly record: WholeRecord;
  /** Its Prometheus' data. */
  readonly archive: string;
  /** What is known of it, but for its data. */
  readonly truth: ReturnType<typeof truthOfTrial>;
}

/**
 * The trials of a run, or the one whose folder is named, with what is known of each; those without metrics or a record as their ids.
 * @throws FiredrillError `usage` when there is no such run
 */
export async function trialsWithMetrics(
  name: string,
  out: string,
): Promise<{
  readonly runDir: string;
  readonly trials: readonly TrialWithMetrics[];
  readonly without: readonly string[];
}> {
  const { runDir, only } = placeOf(name, resolve(out));
  const plan = readStored(join(runDir, 'plan.json'), planSchema, 'plan', 'npm run scenario <scenario>');
  const right = scenarioIds().includes(plan.scenario)
    ? (await loadAnywhere(plan.scenario)).scenario.rightAlerts
    : undefined;
  const trials: TrialWithMetrics[] = [];
  const without: string[] = [];
  for (const { id } of plan.trials.filter((trial) => only === undefined || trial.id === only)) {
    const trialDir = join(runDir, 'trials', id);
    const archive = join(trialDir, metricsFile);
    const record = existsSync(archive) ? currentRecord(runDir, id, plan) : undefined;
    if (record === undefined) {
      without.push(id);
      continue;
    }
    const own = join(trialDir, 'metrics.json');
    const clocks = existsSync(own)
      ? readStored(own, clocksSchema, 'file of clocks', 'see docs/alerts.md')
      : clocksOf(record.profile);
    const named = isFaultFree(record.control) ? [] : right;
    trials.push({ plan, record, archive, truth: truthOfTrial(plan, record, clocks, named, witnessOf(trialDir)) });
  }
  return { runDir, trials, without };
}

/** A run, or one trial of it. */
function placeOf(name: string, out: string): { readonly runDir: string; readonly only?: string } {
  const path = resolve(name);
  const above = dirname(dirname(path));
  if (basename(dirname(path)) === 'trials' && isRunDir(above)) return { runDir: above, only: basename(path) };
  return { runDir: findRun(name, out) };
}

/** When the witness first saw the fault in effect, in trial milliseconds, where the trial's events are kept. */
function witnessOf(trialDir: string): { readonly witnessMs?: number } {
  const path = join(trialDir, 'events.jsonl');
  if (!existsSync(path)) return {};
  const seen = readEvents(readFileSync(path, 'utf8'), path).find(
    (event) => event.type === 'witness' && event.confirmed,
  );
  return seen === undefined ? {} : { witnessMs: seen.atMs };
}

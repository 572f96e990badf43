import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { clocksOf, clocksSchema } from '../../alerts/clocks.ts';
import { addToCorpus, metricsFile } from '../../alerts/corpus.ts';
import { truthOfTrial } from '../../alerts/truth-of-trial.ts';
import { readEvents } from '../../analysis/read.ts';
import { currentRecord } from '../../engine/records.ts';
import { isRunDir } from '../../engine/runs.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import { isFaultFree } from '../../model/control.ts';
import { isValidOutcome } from '../../model/outcome.ts';
import { planSchema, type Plan } from '../../model/plan.ts';
import type { WholeRecord } from '../../model/record.ts';
import { loadAnywhere, scenarioIds } from '../load.ts';
import { readStored } from '../stored-file.ts';
import { findRun } from '../stored.ts';
import type { CommandContext } from '../context.ts';

/** `alerts corpus add <run or trial>`: keeps the metrics of its trials with what is known of them. A trial that is no data, or has no metrics, is left out and named. */
export async function corpusAdd(
  context: CommandContext,
  name: string,
  flags: { readonly corpus: string; readonly out: string },
): Promise<number> {
  const { runDir, only } = placeOf(name, resolve(flags.out));
  const plan = readStored(join(runDir, 'plan.json'), planSchema, 'plan', 'npm run scenario <scenario>');
  const right = scenarioIds().includes(plan.scenario)
    ? (await loadAnywhere(plan.scenario)).scenario.rightAlerts
    : undefined;
  const lines: string[] = [];
  let added = 0;
  for (const { id } of plan.trials) {
    if (only !== undefined && id !== only) continue;
    const trialDir = join(runDir, 'trials', id);
    const archive = join(trialDir, metricsFile);
    const record = existsSync(archive) ? currentRecord(runDir, id, plan) : undefined;
    if (record === undefined) {
      lines.push(`left out ${id}: it has no ${metricsFile}, or no record`);
      continue;
    }
    if (!isValidOutcome(record.outcome)) {
      lines.push(`left out ${id}: ${record.outcome}: ${record.reason}`);
      continue;
    }
    const own = join(trialDir, 'metrics.json');
    const clocks = existsSync(own)
      ? readStored(own, clocksSchema, 'file of clocks', 'see docs/alerts.md')
      : clocksOf(record.profile);
    const kept = await addToCorpus(
      flags.corpus,
      nameOf(plan, record),
      archive,
      truthOfTrial(plan, record, clocks, isFaultFree(record.control) ? [] : right, witnessOf(trialDir)),
      context.signal,
    );
    lines.push(`added ${kept.dir}`);
    added++;
  }
  if (added === 0) {
    throw new FiredrillError('usage', lines[0] ?? `${runDir} has no trials`, {
      hint: 'npm run scenario <scenario> -- --rules <folder>',
    });
  }
  context.output.result(lines.join('\n'));
  return exitCodes.done;
}

/** A run, or one trial of it. */
function placeOf(name: string, out: string): { readonly runDir: string; readonly only?: string } {
  const path = resolve(name);
  const above = dirname(dirname(path));
  if (basename(dirname(path)) === 'trials' && isRunDir(above)) return { runDir: above, only: basename(path) };
  return { runDir: findRun(name, out) };
}

/** `cni-wipe-fast-b1-wait`: the outage first, for folders are listed by name. */
const nameOf = (plan: Plan, record: WholeRecord): string =>
  [
    plan.scenario,
    ...(plan.distribution === undefined || plan.distribution === 'kubeadm' ? [] : [plan.distribution]),
    record.profile,
    record.trialId,
  ].join('-');

/** When the witness first saw the fault in effect, in trial milliseconds, where the trial's events are kept. */
function witnessOf(trialDir: string): { readonly witnessMs?: number } {
  const path = join(trialDir, 'events.jsonl');
  if (!existsSync(path)) return {};
  const seen = readEvents(readFileSync(path, 'utf8'), path).find(
    (event) => event.type === 'witness' && event.confirmed,
  );
  return seen === undefined ? {} : { witnessMs: seen.atMs };
}

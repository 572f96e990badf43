import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Pin } from '../../analysis/nightly/baseline.ts';
import type { Tonight } from '../../analysis/nightly/lines.ts';
import type { ScenarioVerdict } from '../../analysis/nightly/verdict.ts';
import { exitCodes, FiredrillError, oneLine } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { keyOf, readLines, writeLines } from '../history.ts';
import { terminalOptions } from '../output.ts';
import { loadRun } from '../stored.ts';

export interface NightlyFlags {
  readonly out: string;
  readonly history: string;
  readonly baseline: string;
  readonly pin?: Pin;
  /** Scenarios that must have a run tonight. */
  readonly expect?: readonly string[];
  readonly nights: number;
  readonly summary?: string;
  readonly json?: boolean;
}

/**
 * `nightly <run...>`: what a night says of each scenario, held against the pinned baseline of the same environment and the nights
 * since. Adds the night to the history (a run that is there already is replaced), and pins it where asked. No cluster, no Docker. Everything is
 * read before anything is written.
 */
export async function nightly(context: CommandContext, names: readonly string[], flags: NightlyFlags): Promise<number> {
  const { nightOf, nightsOf } = await import('../../analysis/nightly/lines.ts');
  const { judgeNight } = await import('../../analysis/nightly/verdict.ts');
  const { expect: expected = [] } = flags;
  if (names.length === 0 && expected.length === 0) {
    throw new FiredrillError('usage', "nightly needs tonight's runs", {
      hint: 'npm run firedrill -- nightly cni-wipe --history history.jsonl --baseline baseline.jsonl',
    });
  }
  const tonight: Tonight[] = [];
  for (const name of names) tonight.push(nightOf(await loadRun(name, resolve(flags.out), 'judge'), keyOf));
  for (const [i, { scenario, runId }] of tonight.entries()) {
    const other = tonight.slice(0, i).find((t) => t.scenario === scenario);
    if (other !== undefined) {
      throw new FiredrillError(
        'usage',
        `${other.runId} and ${runId} are both runs of ${scenario}: a night has one run of each scenario`,
        {
          hint: 'npm run scenario -- --resume continues a run instead of starting a second one',
        },
      );
    }
  }
  const history = readLines(flags.history);
  const baseline = readLines(flags.baseline);
  const verdicts = judgeNight({
    tonight,
    history: nightsOf(history),
    baseline: nightsOf(baseline),
    expected,
    nights: flags.nights,
  });
  const own = new Set(tonight.map(({ scenario, runId }) => `${scenario}/${runId}`));
  writeLines(flags.history, [
    ...history.filter((line) => !own.has(`${line.scenario}/${line.runId}`)),
    ...tonight.flatMap(({ arms }) => [...arms.values()]),
  ]);
  let pinned: readonly string[] = [];
  if (flags.pin !== undefined) {
    const { pin } = await import('../../analysis/nightly/baseline.ts');
    const done = pin(baseline, tonight, verdicts, flags.pin);
    if (done.lines !== baseline) writeLines(flags.baseline, done.lines);
    pinned = done.says;
  }
  const { nightlyJson, nightlyMarkdown, nightlyTerminal } = await import('../../reporters/nightly.ts');
  if (flags.summary !== undefined) {
    try {
      appendFileSync(flags.summary, nightlyMarkdown(verdicts, pinned));
    } catch (error) {
      throw new FiredrillError('usage', `${flags.summary} cannot be written: ${oneLine(error)}`, { cause: error });
    }
  }
  context.output.result(
    flags.json === true
      ? nightlyJson(verdicts, pinned)
      : nightlyTerminal(verdicts, pinned, terminalOptions(context.output)),
  );
  return exitCodeOf(verdicts);
}

function exitCodeOf(verdicts: readonly ScenarioVerdict[]): number {
  if (verdicts.some((v) => v.verdict === 'red')) return exitCodes.regression;
  if (verdicts.some((v) => v.cause === 'invalid')) return exitCodes.invalid;
  return verdicts.some((v) => v.cause === 'environment') ? exitCodes.environment : exitCodes.done;
}

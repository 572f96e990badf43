import { resolve } from 'node:path';
import type { RunComparison, Wanted } from '../../analysis/comparison-runs.ts';
import type { Run } from '../../model/run.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { terminalOptions } from '../output.ts';
import { loadRun } from '../stored.ts';
import { didYouMeanOneOf } from '../suggest.ts';

export interface CompareFlags {
  readonly out: string;
  readonly runbook?: readonly string[];
  readonly alerts?: boolean;
  readonly format: 'table' | 'md' | 'json';
  /** The same as the format `json`. */
  readonly json?: boolean;
}

/**
 * `compare <run> [second]`: the runbooks of one run with one another, or the same runbooks in two runs of one scenario; with
 * `--alerts` the alerts. No cluster, no Docker; writes nothing. Exit code 3 when the second run is worse, 4 when no verdict
 * could be given (the environments differ, or nothing was valid on both sides).
 */
export async function compare(
  context: CommandContext,
  names: readonly [string, string | undefined],
  flags: CompareFlags,
): Promise<number> {
  const { compareBetween, compareWithin, knownNames, namesIn } = await import('../../analysis/comparison-runs.ts');
  const { comparedNames } = await import('../../analysis/words.ts');
  const runs: Run[] = [];
  for (const name of names) if (name !== undefined) runs.push(await loadRun(name, resolve(flags.out), 'compare'));
  const [first, second] = runs;
  if (first === undefined)
    throw new FiredrillError('usage', 'compare needs a run', { hint: 'npm run firedrill -- compare latest' });
  const wanted: Wanted = {
    what: flags.alerts === true ? 'alarms' : 'runbooks',
    ...(flags.runbook === undefined ? {} : { names: flags.runbook }),
  };
  if (flags.alerts === true && flags.runbook !== undefined) {
    throw new FiredrillError('usage', '--alerts compares alerts: omit --runbook', {
      hint: `npm run firedrill -- compare ${names[0]} --alerts`,
    });
  }
  if (second !== undefined && first.plan.scenario !== second.plan.scenario) {
    throw new FiredrillError(
      'usage',
      `${first.plan.scenario} and ${second.plan.scenario} are different outages: only runs of the same scenario can be compared`,
      { hint: `npm run firedrill -- compare ${names[0]}` },
    );
  }
  const known = (run: Run): readonly string[] => knownNames(run, wanted.what);
  for (const name of wanted.names ?? []) {
    const lacking = runs.find((run) => !known(run).includes(name));
    if (lacking !== undefined) {
      throw new FiredrillError(
        'usage',
        `run ${lacking.plan.runId} has no runbook "${name}"${didYouMeanOneOf(name, known(lacking))}`,
        { hint: `one of ${known(lacking).join(', ')}` },
      );
    }
  }
  const chosen = namesIn(first, wanted).filter((name) => second === undefined || known(second).includes(name));
  if (chosen.length < (second === undefined ? 2 : 1)) {
    throw new FiredrillError(
      'usage',
      second === undefined
        ? `run ${first.plan.runId} has ${chosen.length} of the requested ${comparedNames[wanted.what]}: a comparison needs two`
        : `the two runs have no ${comparedNames[wanted.what]} in common`,
      { hint: `npm run firedrill -- compare ${names[0]}` },
    );
  }
  const comparison = second === undefined ? compareWithin(first, wanted) : compareBetween(first, second, wanted);
  context.output.result(await render(comparison, flags.json === true ? 'json' : flags.format, context));
  return exitCodeOf(comparison);
}

async function render(
  comparison: RunComparison,
  format: CompareFlags['format'],
  { output }: CommandContext,
): Promise<string> {
  if (format === 'json') return (await import('../../reporters/json.ts')).sortedJson(comparison);
  if (format === 'md') return (await import('../../reporters/comparison-markdown.ts')).comparisonMarkdown(comparison);
  const { comparisonTerminal } = await import('../../reporters/comparison-terminal.ts');
  return comparisonTerminal(comparison, terminalOptions(output));
}

function exitCodeOf(comparison: RunComparison): number {
  if (comparison.regressions.length > 0) return exitCodes.regression;
  const silent = comparison.comparisons.every((c) => c.kind === 'refused' || c.kind === 'no-data');
  return silent ? exitCodes.invalid : exitCodes.done;
}

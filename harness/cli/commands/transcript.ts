import { resolve } from 'node:path';
import { wholeFrom } from '../../engine/records.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import { markdownOfRunbook } from '../../own/runbook-markdown.ts';
import { runbookOfTrial } from '../../own/trial-runbook.ts';
import type { CommandContext } from '../context.ts';
import { findRun, readRun } from '../stored.ts';
import { didYouMeanOneOf } from '../suggest.ts';

/** `transcript <run> [trial]`: what was typed in a trial as a Markdown runbook, which `run --runbook` takes. The run's first responder's where none is named. */
export async function transcript(
  context: CommandContext,
  name: string,
  asked: string | undefined,
  options: { readonly out: string; readonly looks: boolean },
): Promise<number> {
  const { runDir, plan, records, whole } = await readRun(findRun(name, resolve(options.out)));
  const known = records.map(({ trialId }) => trialId);
  const found = asked ?? records.find(({ responder }) => responder !== undefined)?.trialId ?? known[0];
  if (found === undefined || !known.includes(found))
    throw new FiredrillError(
      'usage',
      asked === undefined
        ? `run ${plan.runId} has no trial yet`
        : `run ${plan.runId} has no trial ${asked}${didYouMeanOneOf(asked, known)}`,
      { hint: `npm run firedrill -- report ${plan.runId}` },
    );
  const claimed = runbookOfTrial(whole?.find(({ trialId }) => trialId === found) ?? wholeFrom(runDir, plan)(found), {
    looks: options.looks,
  });
  if (claimed.runbook.steps.length === 0)
    throw new FiredrillError('usage', `nothing was ${options.looks ? 'typed' : 'changed'} in trial ${found}`, {
      hint: options.looks ? `npm run firedrill -- report ${plan.runId}` : 'omit --no-looks',
    });
  context.output.result(markdownOfRunbook(claimed));
  return exitCodes.done;
}

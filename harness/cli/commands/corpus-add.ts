import { addToCorpus, metricsFile } from '../../alerts/corpus.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import { isValidOutcome } from '../../model/outcome.ts';
import type { Plan } from '../../model/plan.ts';
import type { WholeRecord } from '../../model/record.ts';
import type { CommandContext } from '../context.ts';
import { trialsWithMetrics } from '../kept-metrics.ts';

/** `alerts corpus add <run or trial>`: keeps the metrics of its trials with what is known of them. A trial that is no data, or has no metrics, is left out and named. */
export async function corpusAdd(
  context: CommandContext,
  name: string,
  flags: { readonly corpus: string; readonly out: string },
): Promise<number> {
  const { runDir, trials, without } = await trialsWithMetrics(name, flags.out);
  const lines = without.map((id) => `left out ${id}: it has no ${metricsFile}, or no record`);
  let added = 0;
  for (const { plan, record, archive, truth } of trials) {
    if (!isValidOutcome(record.outcome)) {
      lines.push(`left out ${record.trialId}: ${record.outcome}: ${record.reason}`);
      continue;
    }
    const kept = await addToCorpus(flags.corpus, nameOf(plan, record), archive, truth, context.signal);
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

/** `cni-wipe-fast-b1-wait`: the outage first, for folders are listed by name. */
const nameOf = (plan: Plan, record: WholeRecord): string =>
  [
    plan.scenario,
    ...(plan.distribution === undefined || plan.distribution === 'kubeadm' ? [] : [plan.distribution]),
    record.profile,
    record.trialId,
  ].join('-');

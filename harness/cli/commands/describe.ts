import { exitCodes } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { distributions } from '../../distributions/all.ts';
import type { DistributionName } from '../../model/distribution.ts';
import { findRunbook, loadScenario, scenarioDir } from '../load.ts';
import { runbookPage, scenarioPage } from '../page.ts';

/** `describe <scenario> [--runbook <id>] [--distribution <name>] [--provider <name>] [--json]`: the outage and all its commands, or one runbook as a page to follow. */
export async function describe(
  context: CommandContext,
  id: string,
  options: { readonly runbook?: string; readonly json?: boolean; readonly distribution?: DistributionName },
): Promise<number> {
  const { distribution = 'kubeadm' } = options;
  const scenario = await loadScenario(id, scenarioDir(), distributions[distribution]);
  if (options.runbook !== undefined) {
    const claimed = findRunbook(id, scenario, options.runbook);
    context.output.result(options.json === true ? JSON.stringify(claimed, null, 2) : runbookPage(id, claimed));
  } else {
    // Functions (probes, loops) do not survive JSON; what is left is the data a tool wants.
    context.output.result(
      options.json === true ? JSON.stringify({ id, ...scenario }, null, 2) : scenarioPage(id, scenario),
    );
  }
  return exitCodes.done;
}

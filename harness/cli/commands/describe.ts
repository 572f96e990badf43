import { exitCodes } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { distributions } from '../../distributions/all.ts';
import type { DistributionName } from '../../model/distribution.ts';
import { markdownOfRunbook } from '../../own/runbook-markdown.ts';
import { findRunbook, loadScenario } from '../load.ts';
import { scenarioDir } from '../load-code.ts';
import { isFile, isOutageFile, nameOfScenario, ownRunbook } from '../own.ts';
import { runbookPage, scenarioPage } from '../page.ts';
import { requireSound } from '../sound.ts';

/**
 * `describe <scenario> [--runbook <id or file>] [--markdown] [--distribution <name>] [--provider <name>]
 * [--json]`: the outage and all its commands, or one runbook as a
 * page to follow, or as a Markdown file that `run --runbook` takes.
 */
export async function describe(
  context: CommandContext,
  asked: string,
  options: {
    readonly runbook?: string;
    readonly json?: boolean;
    readonly markdown?: boolean;
    readonly distribution?: DistributionName;
  },
): Promise<number> {
  const { distribution = 'kubeadm' } = options;
  const scenario = await loadScenario(asked, scenarioDir(), distributions[distribution]);
  const id = nameOfScenario(asked);
  if (isOutageFile(asked)) await requireSound(asked, scenario);
  if (options.runbook !== undefined) {
    const { runbook } = options;
    const claimed = isFile(runbook) ? ownRunbook(runbook) : findRunbook(id, scenario, runbook);
    if (isFile(runbook)) await requireSound(id, scenario, [claimed]);
    context.output.result(
      options.json === true
        ? JSON.stringify(claimed, null, 2)
        : options.markdown === true
          ? markdownOfRunbook(claimed)
          : runbookPage(id, claimed),
    );
  } else {
    // Functions (probes, loops) do not survive JSON; what is left is the data a tool wants.
    context.output.result(
      options.json === true ? JSON.stringify({ id, ...scenario }, null, 2) : scenarioPage(id, scenario),
    );
  }
  return exitCodes.done;
}

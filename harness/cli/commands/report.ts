import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes } from '../../model/errors.ts';
import type { ReportFormat } from '../../reporters/all.ts';
import type { CommandContext } from '../context.ts';
import { analyseRun, findRun, reportJson, rewriteReports, tableOf } from '../stored.ts';

/**
 * `report <run>` and `analyse <run>`: computes every number of a stored run again from its events, writes its reports anew
 * and prints the table, or one of the reports. No cluster, no Docker.
 */
export async function report(
  context: CommandContext,
  name: string,
  options: { readonly out: string; readonly json?: boolean; readonly format?: ReportFormat },
): Promise<number> {
  const run = await analyseRun(findRun(name, resolve(options.out)));
  await rewriteReports(run);
  if (options.format !== undefined) {
    const { reports } = await import('../../reporters/all.ts');
    context.output.result(readFileSync(join(run.runDir, reports[options.format].file), 'utf8'));
  } else {
    context.output.result(
      options.json === true ? JSON.stringify(reportJson(run.runDir), null, 2) : await tableOf(run, context.output),
    );
  }
  return exitCodes.done;
}

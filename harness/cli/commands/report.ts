import { resolve } from 'node:path';
import { exitCodes } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { analyseRun, findRun, reportJson, rewriteReports, tableOf } from '../stored.ts';

/**
 * `report <run>` and `analyse <run>`: computes every number of a stored run again from its events, writes its reports anew
 * and prints the table. No cluster, no Docker.
 */
export async function report(
  context: CommandContext,
  name: string,
  options: { readonly out: string; readonly json?: boolean },
): Promise<number> {
  const run = await analyseRun(findRun(name, resolve(options.out)));
  await rewriteReports(run);
  context.output.result(
    options.json === true ? JSON.stringify(reportJson(run.runDir), null, 2) : await tableOf(run, context.output),
  );
  return exitCodes.done;
}

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes } from '../../model/errors.ts';
import type { ReportFormat } from '../../reporters/all.ts';
import type { CommandContext } from '../context.ts';
import { analyseRun, findRun, readRun, reportJson, rewriteReports, tableOf } from '../stored.ts';

/**
 * `report <run>`: writes the reports of a stored run anew from its trials' records and prints the table, or one of the reports.
 * `analyse <run>`: computes every number again from the events first, and writes the records too. No cluster, no Docker.
 */
export async function report(
  context: CommandContext,
  name: string,
  from: 'records' | 'events',
  options: { readonly out: string; readonly json?: boolean; readonly format?: ReportFormat },
): Promise<number> {
  const runDir = findRun(name, resolve(options.out));
  const run = from === 'events' ? await analyseRun(runDir) : await readRun(runDir);
  await rewriteReports(run, from === 'events');
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

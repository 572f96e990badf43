import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes } from '../../model/errors.ts';
import type { ReportFormat } from '../../reporters/all.ts';
import type { CommandContext } from '../context.ts';
import { analyseRun, findRun, repairRun, rewriteReports, tableOf } from '../stored.ts';

/**
 * `report <run>`: writes the reports of a stored run again from its trials' records and prints the table, or one of the reports. What has no sound record,
 * or one by older definitions, is computed from its events first.
 * `analyse <run>`: computes every number again from the events first, and writes the records too. No cluster, no Docker.
 */
export async function report(
  context: CommandContext,
  name: string,
  from: 'records' | 'events',
  options: { readonly out: string; readonly json?: boolean; readonly format?: ReportFormat },
): Promise<number> {
  const runDir = findRun(name, resolve(options.out));
  const run = from === 'events' ? await analyseRun(runDir) : await repairRun(runDir);
  const summary = await rewriteReports(run);
  const format = options.json === true ? 'json' : options.format;
  if (format === undefined) {
    context.output.result(await tableOf(run, context.output, summary));
  } else {
    const { reports } = await import('../../reporters/all.ts');
    context.output.result(readFileSync(join(run.runDir, reports[format].file), 'utf8'));
  }
  return exitCodes.done;
}

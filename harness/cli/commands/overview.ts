import { dirname, resolve } from 'node:path';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { findRun, inShort, latestRuns, overviewPage, readRun } from '../stored.ts';
import { writeWhole } from '../../engine/write-whole.ts';

export interface OverviewFlags {
  readonly out: string;
  /** Written to this file, whose links lead from there to the runs' reports, instead of being printed. */
  readonly file?: string;
  readonly json?: boolean;
}

/**
 * `overview [runs...]`: what noticed each outage and what ended it, on one page of Markdown; runs of one outage are put together. Without names
 * the latest run of every scenario. No cluster, no Docker.
 */
export async function overview(
  { output }: CommandContext,
  names: readonly string[],
  { out, file, json }: OverviewFlags,
): Promise<number> {
  const folder = resolve(out);
  const dirs = names.length === 0 ? latestRuns(folder) : names.map((name) => findRun(name, folder));
  const runs = [];
  // By name: a shell's pattern that ends in a slash has them in another order.
  for (const dir of [...new Set(dirs)].sort()) runs.push(await inShort(await readRun(dir)));
  if (runs.every(({ summary }) => summary.trials.run === 0))
    throw new FiredrillError('usage', `no run with a trial in ${folder}`, {
      hint: 'npm run scenario <scenario>, or --out <folder> where the reports are',
    });
  if (json === true) {
    const { overviewOf } = await import('../../analysis/overview.ts');
    output.result(JSON.stringify(overviewOf(runs), null, 2));
  } else if (file === undefined) {
    output.result(await overviewPage(runs, process.cwd()));
  } else {
    const page = resolve(file);
    writeWhole(page, await overviewPage(runs, dirname(page)));
    output.tell(`wrote ${page}`);
  }
  return exitCodes.done;
}

import { dirname, resolve } from 'node:path';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { findRun, inShort, latestRuns, overviewPage, readRun, summaryPage } from '../stored.ts';
import { writeWhole } from '../../engine/write-whole.ts';

export interface OverviewFlags {
  readonly out: string;
  /** Written to this file, whose links lead from there to the runs' reports, instead of being printed. */
  readonly file?: string;
  /** The page in sentences, written to this file. */
  readonly summary?: string;
  readonly json?: boolean;
}

/**
 * `overview [runs...]`: what noticed each outage and what ended it, on one page of Markdown; runs of one outage are put together. Without names
 * the latest run of every scenario. With `summary` also in sentences, for people who do not read tables. No cluster, no Docker.
 */
export async function overview(
  { output }: CommandContext,
  names: readonly string[],
  { out, file, summary, json }: OverviewFlags,
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
  const write = (to: string, page: string) => {
    writeWhole(to, page);
    output.tell(`wrote ${to}`);
  };
  if (summary !== undefined) write(resolve(summary), await summaryPage(runs, dirname(resolve(summary))));
  if (json === true) {
    const { overviewOf } = await import('../../analysis/overview.ts');
    output.result(JSON.stringify(overviewOf(runs), null, 2));
  } else if (file !== undefined) write(resolve(file), await overviewPage(runs, dirname(resolve(file))));
  else if (summary === undefined) output.result(await overviewPage(runs, process.cwd()));
  return exitCodes.done;
}

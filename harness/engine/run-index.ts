import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunId, planSchema, type Plan } from '../model/plan.ts';
import { parseAs } from '../model/schema.ts';
import { reports } from '../reporters/all.ts';
import { headlineOf } from '../reporters/html.ts';
import { indexPage, type ListedRun } from '../reporters/index-page.ts';
import { runsIn, type RunPlace } from './runs.ts';
import { writeWhole } from './write-whole.ts';

const indexFile = 'index.html';

/** Where the page that lists a run is, as a link from that run's folder; none for a run that was kept under another name or elsewhere. */
export const indexHref = (runDir: string, { scenario, runId }: Plan): string | undefined =>
  isRunId(runId) && basename(runDir) === runId && basename(dirname(runDir)) === scenario
    ? `../../${indexFile}`
    : undefined;

/**
 * Lists all runs of a folder on one page in it.
 * @throws FiredrillError `usage` where it cannot be written
 */
export function writeIndex(out: string): void {
  writeWhole(join(out, indexFile), indexPage(runsIn(out).flatMap((place) => listed(place) ?? [])).markup);
}

/** A run as the page lists it; none where its plan cannot be read: the page of all runs does not fail over one. */
function listed({ scenario, run, path }: RunPlace): ListedRun | undefined {
  const plan = planIn(path);
  if (plan === undefined) return undefined;
  const report = join(path, reports.html.file);
  if (!existsSync(report)) return { plan };
  return { plan, report: { href: `${scenario}/${run}/${reports.html.file}`, headline: headlineOf(beginning(report)) } };
}

function planIn(path: string): Plan | undefined {
  try {
    return parseAs(planSchema, readFileSync(join(path, 'plan.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** As much of a report as its title needs: the whole may have megabytes. */
function beginning(file: string): string {
  const buffer = new Uint8Array(4096);
  const open = openSync(file, 'r');
  try {
    return new TextDecoder().decode(buffer.subarray(0, readSync(open, buffer)));
  } finally {
    closeSync(open);
  }
}

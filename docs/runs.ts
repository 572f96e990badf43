import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { wholeAmong } from '../harness/analysis/short-record.ts';
import { summarise } from '../harness/analysis/summary.ts';
import { projectRoot } from '../harness/cli/load-code.ts';
import { readRun } from '../harness/cli/stored.ts';
import { writeWhole } from '../harness/engine/write-whole.ts';
import { htmlReport } from '../harness/reporters/html.ts';

/** Writes the kept runs' reports into the built site (its folder is the argument), as they would be written today. */

/** As seen from a run's page. */
const glossary = '../../../docs/glossary.html';
const [site = ''] = process.argv.slice(2);
const folder = join(projectRoot, 'reports', 'examples');
for (const name of readdirSync(folder).filter((entry) => existsSync(join(folder, entry, 'plan.json')))) {
  const { plan, records, whole = [] } = await readRun(join(folder, name));
  const pieces = htmlReport(summarise(plan, records), plan, records, wholeAmong(whole), '../index.html', glossary);
  writeWhole(join(site, 'reports', 'examples', name, 'report.html'), [...pieces].join(''));
}

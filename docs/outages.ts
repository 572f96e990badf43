import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../harness/cli/load-code.ts';
import { loadAnywhere, scenarioIds } from '../harness/cli/load.ts';
import { runbookPage, scenarioPage } from '../harness/cli/page.ts';
import { kubeadm } from '../harness/distributions/kubeadm.ts';
import type { Plan } from '../harness/model/plan.ts';

/**
 * Writes the outages' pages for the site to docs/outages/: what `describe` says of each, with all of its runbooks, and its kept runs. Files, because
 * VitePress' search does not index pages that it is given otherwise.
 */

const pages = join(import.meta.dirname, 'outages');
rmSync(pages, { recursive: true, force: true });
mkdirSync(pages);
const kept = keptRuns();
for (const id of scenarioIds()) {
  const { scenario, distribution } = await loadAnywhere(id);
  const runs = kept.filter((run) => run.scenario === id);
  const content = [
    scenarioPage(id, scenario),
    ...(distribution === kubeadm ? [] : [`These are the commands of ${distribution.name}, where alone it exists.`]),
    ...scenario.runbooks.map((claimed) => runbookPage(id, claimed).replace('# ', '## Runbook ')),
    ...(runs.length === 0
      ? []
      : ['## Kept runs', runs.map(({ name }) => `- [${name}](../../reports/examples/${name}/report.md)`).join('\n')]),
  ].join('\n\n');
  writeFileSync(join(pages, `${id}.md`), `${content}\n`);
}

function keptRuns(): readonly { readonly name: string; readonly scenario: string }[] {
  const folder = join(projectRoot, 'reports', 'examples');
  return readdirSync(folder).flatMap((name) => {
    const plan = join(folder, name, 'plan.json');
    return existsSync(plan) ? [{ name, scenario: (JSON.parse(readFileSync(plan, 'utf8')) as Plan).scenario }] : [];
  });
}

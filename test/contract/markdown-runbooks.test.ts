import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { distributions } from '../../harness/distributions/all.ts';
import { loadExistence, scenarioIds } from '../../harness/cli/load.ts';
import { runbookOfMarkdown } from '../../harness/own/markdown-runbook.ts';
import { markdownOfRunbook } from '../../harness/own/runbook-markdown.ts';

/** Every runbook of the project, as a Markdown page, is the same runbook when it is read back. */

const folder = join(import.meta.dirname, '..', '..', 'scenarios');

describe.each(scenarioIds(folder))('%s', (id) => {
  it.each(Object.values(distributions))('has runbooks that survive Markdown on $name', async (distribution) => {
    const there = await loadExistence(id, folder, distribution);
    if ('why' in there) return;
    for (const { runbook, claim } of there.scenario.runbooks) {
      const page = markdownOfRunbook({ runbook, claim });
      const { requires: _, ...kept } = runbook;
      const { runbook: read, claim: claimed } = runbookOfMarkdown(page, `${runbook.id}.md`);
      expect({ runbook: read, claim: claimed }, page).toEqual({ runbook: kept, claim });
    }
  });
});

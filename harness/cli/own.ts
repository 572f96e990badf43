import { readFileSync } from 'node:fs';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Scenario } from '../model/scenario.ts';
import { runbookOfMarkdown } from '../own/markdown-runbook.ts';

/** Whether what was typed for a runbook is a file and not a name. */
export const isFile = (asked: string): boolean => asked.endsWith('.md');

/**
 * The runbook in a Markdown file.
 * @throws FiredrillError `usage` when it cannot be read, or is none
 */
export function ownRunbook(file: string): ClaimedRunbook {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new FiredrillError('usage', `cannot read the runbook ${file}: ${oneLine(error)}`, { cause: error });
  }
  return runbookOfMarkdown(text, file);
}

/** What was typed for runbooks: the ids of all, and those that were read from files. */
export function chosenRunbooks(asked: readonly string[]): {
  readonly ids: readonly string[];
  readonly own: readonly ClaimedRunbook[];
} {
  const own = new Map(asked.filter(isFile).map((file) => [file, ownRunbook(file)]));
  return { ids: asked.map((one) => own.get(one)?.runbook.id ?? one), own: [...own.values()] };
}

/** The runbooks of a stored run that a user brought along. */
export const ownOf = (plan: Plan): readonly ClaimedRunbook[] =>
  plan.runbooks.flatMap(({ id, markdown }) =>
    markdown === undefined ? [] : [runbookOfMarkdown(markdown, `runbook ${id} of run ${plan.runId}`)],
  );

/**
 * A scenario with runbooks of the user's own beside its own.
 * @throws FiredrillError `usage` where two have one name
 */
export function withRunbooks(scenario: Scenario, own: readonly ClaimedRunbook[]): Scenario {
  const runbooks = [...scenario.runbooks];
  for (const claimed of own) {
    const { id, source } = claimed.runbook;
    if (runbooks.some(({ runbook }) => runbook.id === id))
      throw new FiredrillError('usage', `${source}: there is a runbook ${id} already`, {
        hint: 'begin the file with another name: ---, id: our-way, ---',
      });
    runbooks.push(claimed);
  }
  return { ...scenario, runbooks };
}

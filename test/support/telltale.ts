import type { Scenario } from '../../harness/model/scenario.ts';

/**
 * Words that would tell a responder what is broken: the names of the scenario, its fault and its runbooks, and their titles. Names of one word
 * (`wait`, `nuclear`) say nothing and stand everywhere.
 */
export function telltaleWords(id: string, { fault, outage, runbooks }: Scenario): readonly string[] {
  const names = [id, fault.id, ...runbooks.map(({ runbook }) => runbook.id)].filter((name) => name.includes('-'));
  return [...new Set([...names, fault.title, outage.title, ...runbooks.map(({ runbook }) => runbook.title)])];
}

/** Lines of a text in which one of the words stands by itself, each with its word. */
export function leaksIn(text: string, words: readonly string[]): readonly string[] {
  const lines = text.split('\n');
  return words.flatMap((word) => {
    const found = new RegExp(`(?<![\\w-])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, 'i');
    return lines.filter((line) => found.test(line)).map((line) => `${word}: ${line.trim().slice(0, 200)}`);
  });
}

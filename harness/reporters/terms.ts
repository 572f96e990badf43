import { safe, type Markup } from './markup.ts';

/** What the words of a report's tables mean, by their names in docs/glossary.md and in its sentences: a test compares the two. */
export const terms = {
  onset: 'When the outage began. TTD and TTR count from here.',
  TTD: 'Time to detect: from the onset to the alert, if it fires before the runbook changes anything.',
  'minimum TTD': "The shortest TTD that the alert's own loop allows.",
  alert:
    'A check that runs during the trial and may fire. “Missed”: it did not. “Wrong”: it named something else. “Blind”: it said that it could ' +
    'not see. “Dead”: it gave no reading. “Too short”: not evaluated long enough to fire.',
  'false alarms': 'Alerts while nothing was broken, and how many per hour that still allows (95 %).',
  TTR: 'Time to recover: from the onset to the moment since which service is stable.',
  downtime:
    'Failed requests times their period, averaged over the SLIs that must break. Shorter than TTR if some SLIs kept working or requests ' +
    'failed only in part.',
  'full recovery': 'Stable, and everything else restored: nodes, replicas, quiet alerts, complete data.',
  'recovered k of n':
    'Trials with the outcome “recovered”, of the valid ones. True chance: the lower bound of the success rate (95 %).',
  'data lost': 'Acknowledged rows that are missing or altered at the end.',
  collateral:
    "Damage outside the blast radius: restarts, deleted objects, downtime of bystanders. The sum over the runbook's trials.",
  SLI: 'Service level indicator: one kind of request, sent at a fixed period.',
  horizon: 'How long after the onset recovery is awaited.',
} as const;

export type Term = keyof typeof terms;

const anchor = (term: Term): string => `term-${term.replaceAll(' ', '-')}`;

/** A word of a table that tells what it means: at the pointer, and in the list at the end of the page. */
export const termLink = (term: Term, word: string): Markup =>
  safe`<a class="term" href="#${anchor(term)}" title="${terms[term]}">${word}</a>`;

/** All of them, to be linked to. */
export const termList = (): Markup =>
  safe`<dl class="env">${Object.entries(terms).map(([term, meaning]) => safe`<dt id="${anchor(term as Term)}">${term}</dt><dd>${meaning}</dd>`)}</dl>`;

import { told, type Minimal, type Part, type Shown } from '../analysis/minimise.ts';
import { list, percent } from '../analysis/words.ts';
import { humanDuration } from '../model/units.ts';

/** A part of a runbook with its trials; times are means over those that recovered, in ms. */
export interface TriedPart {
  readonly part: Part;
  readonly shown: Shown;
  readonly recovered: number;
  readonly failed: number;
  readonly ttrMs?: number;
  readonly downtimeMs?: number;
}

export interface MinimiseResult {
  readonly scenario: string;
  readonly runbook: string;
  /** Names of the runbook's steps. */
  readonly steps: readonly string[];
  readonly found: Minimal;
  readonly tried: readonly TriedPart[];
}

/** Which steps of a runbook matter, as Markdown. */
export function minimiseMarkdown({ scenario, runbook, steps, found, tried }: MinimiseResult): string {
  const { kept, harmful } = found;
  const row = ({ part, shown, recovered, failed, ttrMs, downtimeMs }: TriedPart): string =>
    `| ${part.map((step) => step + 1).join(', ')} | ${recovered} of ${recovered + failed} | ${time(ttrMs)} | ${time(downtimeMs)} | ${shown} |`;
  return [
    `# Which steps of ${runbook} end ${scenario}`,
    '',
    verdict(runbook, steps, found),
    ...(harmful.length === 0
      ? []
      : ['', `Harmful: ${namesOf(harmful, steps)}. With it a part fails that recovers without it.`]),
    '',
    '| | step | |',
    '|---:|---|---|',
    ...steps.map((name, i) => `| ${i + 1} | ${name} | ${roleOf(i, kept, harmful)} |`),
    '',
    '## What was tried',
    '',
    '| steps | recovered | TTR | downtime | |',
    '|---|---|---|---|---|',
    ...tried.map(row),
    '',
    `TTR and downtime: means over the trials that recovered. Each part had trials until one that recovers in ${percent(told.recovers)} of trials was told apart from one that recovers in ${percent(told.fails)} (Wald's sequential test, ${percent(told.error)} for either error), ${told.atMost} at most. \`undecided\` counts as failing.`,
    '',
  ].join('\n');
}

const time = (ms: number | undefined): string => (ms === undefined ? '–' : humanDuration(ms));

const namesOf = (part: Part, steps: readonly string[]): string =>
  list(part.map((step) => `${step + 1} (${steps[step] ?? ''})`));

function verdict(runbook: string, steps: readonly string[], { kept }: Minimal): string {
  if (kept === undefined)
    return `**Neither ${runbook} nor ${runbook} without any one of its steps recovers: there is nothing to be made smaller.**`;
  if (kept.length === steps.length) return '**Every step is needed.**';
  if (kept.length === 1) return `**One of ${steps.length} steps is enough: ${namesOf(kept, steps)}.**`;
  return `**${kept.length} of ${steps.length} steps are enough: ${namesOf(kept, steps)}. None of them can be left out.**`;
}

function roleOf(step: number, kept: Part | undefined, harmful: Part): string {
  if (harmful.includes(step)) return 'harmful';
  if (kept === undefined) return '';
  return kept.includes(step) ? 'needed' : 'not needed';
}

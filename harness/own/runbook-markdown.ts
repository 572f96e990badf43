import type { Code, Heading, Paragraph, RootContent } from 'mdast';
import { frontmatterToMarkdown } from 'mdast-util-frontmatter';
import { toMarkdown } from 'mdast-util-to-markdown';
import { stringify } from 'yaml';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Step } from '../model/step.ts';
import { quoted, wordOf, type Part } from './fence.ts';

const heading = (depth: 1 | 2, value: string): Heading => ({
  type: 'heading',
  depth,
  children: [{ type: 'text', value }],
});
const paragraph = (value: string): Paragraph => ({ type: 'paragraph', children: [{ type: 'text', value }] });

/** A step's fence. What is what a fence says by itself is left out. */
function fence(step: Step, part: Part): Code {
  const { kind, on, timeoutMs, destroys, standsFor } = step;
  const looks = kind === 'shell' && !step.changes && step.optional === true;
  const meta = [
    ...(part === 'steps' ? [] : [part]),
    ...(kind === 'until' ? ['until'] : looks ? ['look'] : []),
    ...(kind === 'reboot' || kind === 'power-off' ? [kind] : kind === 'on-panic' ? [`on-panic=${step.then}`] : []),
    ...(on === 'workstation' ? [] : [`on=${wordOf(on)}`]),
    `timeout=${timeoutMs / 1000}s`,
    ...(step.optional === true && !looks ? ['optional'] : []),
    ...(step.finding === true ? ['finding'] : []),
    ...(destroys === undefined ? [] : [`destroys=${quoted(destroys)}`]),
    ...(standsFor === undefined ? [] : [`stands-for=${quoted(standsFor)}`]),
  ];
  return { type: 'code', lang: 'sh', meta: meta.join(' '), value: 'command' in step ? step.command : kind };
}

/** A runbook as a Markdown page that `runbookOfMarkdown` reads back to the same steps. */
export function markdownOfRunbook({ runbook, claim }: ClaimedRunbook): string {
  const { id, title, source, why, before = [], instead = [], steps } = runbook;
  const front = stringify({ id, title, source, why, says: claim.says, expect: claim.expect }, { lineWidth: 0 });
  const part = (of: readonly Step[], name: Part): readonly RootContent[] =>
    of.flatMap((step) => [heading(2, step.name), fence(step, name)]);
  return toMarkdown(
    {
      type: 'root',
      children: [
        { type: 'yaml', value: front.trimEnd() },
        heading(1, title),
        paragraph(why),
        ...part(before, 'before'),
        ...part(instead, 'instead'),
        ...part(steps, 'steps'),
      ],
    },
    { extensions: [frontmatterToMarkdown()] },
  );
}

import { expect, it } from 'vitest';
import { seconds } from '../model/units.ts';
import { runbookOfMarkdown } from './markdown-runbook.ts';
import { markdownOfRunbook } from './runbook-markdown.ts';

it.each(['plain', 'two words', 'the "cache"', "it's `gone` & <lost>", `both "a" and 'b'`, 'a \\ b', 'x=y'])(
  'words survive the page: %s',
  (words) => {
    const step = {
      ...({ kind: 'shell', on: 'nodes', command: `echo '${words}'\n~~~\n\`\`\`\ntrue`, changes: true } as const),
      ...{ name: words, timeoutMs: seconds(7), destroys: words, standsFor: words },
    };
    const runbook = { id: 'x', title: words, source: words, why: words, steps: [step] };
    const claim = { says: words, expect: 'recovers' } as const;
    const page = markdownOfRunbook({ runbook, claim });
    const read = runbookOfMarkdown(page, 'x.md');
    expect({ runbook: read.runbook, claim: read.claim }, page).toEqual({ runbook, claim });
  },
);

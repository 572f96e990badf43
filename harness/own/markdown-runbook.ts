import type { Code, Heading, Root, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { toString } from 'mdast-util-to-string';
import { frontmatter } from 'micromark-extension-frontmatter';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { FiredrillError } from '../model/errors.ts';
import { claimSchema, type ClaimedRunbook } from '../model/runbook.ts';
import type { Place, Step } from '../model/step.ts';
import { durationOf, seconds } from '../model/units.ts';
import { isNodes, parts, phrases, placeOf, shells, words, type Part } from './fence.ts';
import { isName, nameFrom } from './names.ts';

/** How long a block may take that says nothing of it. */
const defaultTimeout = seconds(60);

const frontSchema = z.strictObject({
  id: z.string().refine(isName, 'must be lower-case letters, digits and dashes').optional(),
  title: z.string().min(1).optional(),
  why: z.string().min(1).optional(),
  source: z.string().min(1).optional(),
  says: z.string().min(1).optional(),
  expect: claimSchema.shape.expect.optional(),
});
type Front = z.infer<typeof frontSchema>;

/**
 * A runbook from a Markdown file, as a team keeps it. Every fenced block in a shell's language is a step, named by the heading above it; its
 * info string says where it runs and how (docs/runbooks.md). Anything else is prose.
 * @param name the file's name, which messages begin with
 * @throws FiredrillError `usage` with file, line and what was expected
 */
export function runbookOfMarkdown(text: string, name: string): ClaimedRunbook {
  const tree = fromMarkdown(text, { extensions: [frontmatter()], mdastExtensions: [frontmatterFromMarkdown()] });
  const front = frontOf(tree, name);
  const steps: Record<Part, Step[]> = { before: [], instead: [], steps: [] };
  let heading = '';
  /** Blocks under it so far. */
  let blocks = 0;
  let title: string | undefined;
  for (const node of blocksOf(tree)) {
    if (node.type === 'heading') {
      heading = toString(node).trim();
      blocks = 0;
      if (node.depth === 1) title ??= heading;
      continue;
    }
    const asked = fenceOf(node, name);
    if (asked === undefined) continue;
    const base = heading === '' ? `step ${steps[asked.part].length + 1}` : heading;
    blocks++;
    steps[asked.part].push(asked.step(heading === '' || blocks === 1 ? base : `${base} (${blocks})`));
  }
  if (steps.steps.length + steps.before.length + steps.instead.length === 0 && front.id !== 'wait')
    throw wrong(name, undefined, 'has no block that can be run', `begin one with \`\`\`sh, or \`\`\`sh on=workers`);
  const id = front.id ?? idOf(name);
  return {
    runbook: {
      id,
      title: front.title ?? title ?? id,
      source: front.source ?? name,
      why: front.why ?? 'as its page says',
      ...(steps.before.length === 0 ? {} : { before: steps.before }),
      ...(steps.instead.length === 0 ? {} : { instead: steps.instead }),
      steps: steps.steps,
    },
    claim: { says: front.says ?? 'nothing is claimed', expect: front.expect ?? 'unknown' },
    markdown: text,
  };
}

/** Headings and code blocks in the order of the page, inside lists and quotations, too. */
function* blocksOf(tree: Root): Generator<Heading | Code> {
  const pending: RootContent[] = [...tree.children];
  for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
    if (node.type === 'heading' || node.type === 'code') yield node;
    else if ('children' in node) pending.unshift(...node.children);
  }
}

function frontOf({ children: [first] }: Root, name: string): Front {
  if (first?.type !== 'yaml') return {};
  const document = parseDocument(first.value);
  const [error] = document.errors;
  // The fence of the front matter is line 1.
  if (error !== undefined) throw wrong(name, (error.linePos?.[0].line ?? 1) + 1, error.message.split('\n')[0] ?? '');
  const read = frontSchema.safeParse(document.toJS() ?? {});
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const key = issue?.path.join('.') ?? '';
  throw wrong(
    name,
    1,
    key === '' ? (issue?.message ?? 'bad front matter') : `${key} ${issue?.message ?? ''}`,
    `the front matter takes ${Object.keys(frontSchema.shape).join(', ')}`,
  );
}

interface Asked {
  readonly part: Part;
  readonly step: (name: string) => Step;
}

/** What a fenced block asks for; undefined where it is prose. */
function fenceOf(node: Code, file: string): Asked | undefined {
  const lang = node.lang?.toLowerCase() ?? '';
  if (!shells.includes(lang)) return undefined;
  const line = node.position?.start.line;
  const fail = (what: string, hint?: string) => wrong(file, line, what, hint);
  const given = new Map<string, string>();
  for (const { key, value, text } of phrases(node.meta ?? '')) {
    const takes = words[key];
    if (takes === undefined) throw fail(`unknown word \`${text}\``, `a fence takes ${Object.keys(words).join(', ')}`);
    if ((takes === 'value') !== (value !== undefined))
      throw fail(
        takes === 'value' ? `\`${key}\` wants a value` : `\`${key}\` takes no value`,
        `${key}${takes === 'value' ? '=...' : ''}`,
      );
    if (given.has(key)) throw fail(`\`${key}\` stands there twice`);
    given.set(key, value ?? '');
  }
  const has = (key: string): boolean => given.has(key);
  const on = placeIn(given.get('on') ?? 'workstation', fail);
  const timeout = given.get('timeout');
  const timeoutMs = timeout === undefined ? defaultTimeout : durationOf(timeout);
  if (timeoutMs === undefined) throw fail(`timeout=${timeout ?? ''} is no length of time`, 'timeout=90s');
  const { destroys, 'stands-for': standsFor } = Object.fromEntries(given);
  const part = parts.find((one) => has(one)) ?? 'steps';
  const extra = {
    timeoutMs,
    changes: !has('look') && !has('until'),
    ...(destroys === undefined ? {} : { destroys }),
    ...(standsFor === undefined ? {} : { standsFor }),
    ...(has('optional') || has('look') ? { optional: true } : {}),
    ...(has('finding') ? { finding: true } : {}),
  };
  const power = (['reboot', 'power-off'] as const).find(has);
  if (power !== undefined) {
    if (!isNodes(on)) throw fail(`\`${power}\` needs nodes`, `${power} on=workers`);
    return { part, step: (name) => ({ ...extra, kind: power, name, on }) };
  }
  const panic = given.get('on-panic');
  if (panic !== undefined) {
    if (!isNodes(on) || (panic !== 'reboot' && panic !== 'halt'))
      throw fail(`\`on-panic=${panic}\` is not known`, 'on-panic=reboot on=workers, or on-panic=halt on=workers');
    return { part, step: (name) => ({ ...extra, kind: 'on-panic', name, on, then: panic }) };
  }
  if (node.value.trim() === '') throw fail('the block is empty');
  const command = lang === 'bash' ? inBash(node.value) : node.value;
  return { part, step: (name) => ({ ...extra, kind: has('until') ? 'until' : 'shell', name, on, command }) };
}

/** Commands are typed into sh; a page that says bash may mean it. */
const inBash = (command: string): string => `bash -e <<'BASH'\n${command}\nBASH`;

function placeIn(word: string, fail: (what: string, hint?: string) => FiredrillError): Place {
  const place = placeOf(word);
  if (place === undefined)
    throw fail(`there is no place \`${word}\``, 'on=workstation, control-plane, workers, nodes or worker-1');
  return place;
}

const idOf = (name: string): string => nameFrom((name.split('/').at(-1) ?? name).replace(/\.[^.]*$/, '')) || 'own';

function wrong(name: string, line: number | undefined, what: string, hint?: string): FiredrillError {
  const where = line === undefined ? name : `${name}:${line}`;
  return new FiredrillError('usage', `${where}: ${what}`, hint === undefined ? {} : { hint });
}

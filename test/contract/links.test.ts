import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The links of the repository's own pages, as GitHub shows them. Those of the site are followed by its build (`npm run docs`). */

const root = join(import.meta.dirname, '..', '..');
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

const text = (page: string): string => readFileSync(join(root, page), 'utf8').replaceAll(/^( *)(`{3,}).*?^\1\2/gms, '');

/** As GitHub makes them; of two headings with one name the second has another. */
const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

/** The links of a page that lead nowhere. */
function deadLinks(page: string, markdown: string): readonly string[] {
  return [...markdown.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, href = '']) => {
    if (/^[a-z]+:/.test(href)) return [];
    const [path = '', anchor] = href.split('#');
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, target))) return [href];
    return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [href];
  });
}

describe('links', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    expect(deadLinks(page, text(page))).toEqual([]);
  });

  it('that are dead are found: a file, a heading of another page, one of this page', () => {
    const dead = ['docs/nothing.md', 'docs/measurement.md#nothing-of-this-name', '#nothing-of-this-name'];
    const alive = ['docs/measurement.md', 'https://example.org/x', ...dead];
    expect(deadLinks('README.md', alive.map((href) => `[a](${href})`).join('\n'))).toEqual(dead);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { entryTable, numbers, prose } from './html-table.ts';
import { style } from './style.ts';
import { termList, terms } from './terms.ts';

describe('a table of entries', () => {
  const { markup } = entryTable(
    'What is counted',
    [numbers('TTR', 'TTR'), prose('Measured')],
    [
      { id: 'cure', title: 'Cures it', chosen: true, cells: ['2 min 14 s', '<none>'], details: [['At stake', 'all']] },
      { id: 'wait', cells: ['never', 'none'] },
    ],
  );
  const bodies = markup.split('<tbody').slice(1);

  it('gives the name and what is long a row of their own, across all columns', () => {
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toMatch(
      /^ class="chosen">\n<tr class="name"><th scope="rowgroup" colspan="2"><code>cure<\/code>/,
    );
    expect(bodies[0]).toContain(
      '<tr class="details"><td colspan="2"><dl><div><dt>At stake</dt><dd>all</dd></div></dl>',
    );
    expect(bodies[1]).not.toContain('details');
  });

  it('names every cell for the screen on which there are no columns', () => {
    expect(bodies[1]).toContain(
      'TTR</a></span><div>never</div></td><td class="prose"><span class="label">Measured</span>',
    );
    expect(style).toContain('.label{display:none}');
    expect(style).toMatch(/@media \(max-width[^@]*\.label\{display:block/);
  });

  it('says what a term in a head means, and leads to the list of all', () => {
    const link = `<a class="term" href="#term-TTR" title="${terms.TTR}">TTR</a>`;
    expect(markup.split(link)).toHaveLength(4);
    expect(termList().markup).toContain(`<dt id="term-TTR">TTR</dt><dd>${terms.TTR}</dd>`);
  });

  it('means by a term what the glossary says', () => {
    const said = readFileSync(new URL('../../docs/glossary.md', import.meta.url), 'utf8').replaceAll(/[`“”"]/g, '');
    for (const [term, meaning] of Object.entries(terms)) {
      const [row = ''] = new RegExp(`^\\| ${term} .*$`, 'm').exec(said) ?? [];
      expect(row).toContain(meaning.replaceAll(/[“”]/g, ''));
    }
  });

  it('escapes its cells', () => {
    expect(bodies[0]).toContain('&lt;none&gt;');
  });

  it('scrolls where it does not fit', () => {
    expect(markup).toMatch(/^<div class="wide"><table>/);
    expect(style).toContain('.wide{overflow-x:auto}');
  });
});

describe('the style sheet', () => {
  it('has no width that a phone does not have', () => {
    for (const [, pixels] of style.matchAll(/\bwidth:(\d+)px/g)) expect(Number(pixels)).toBeLessThan(300);
  });

  it('lets every column of a grid become narrower than its longest word', () => {
    expect(style.match(/(?<!minmax\([^()]*,)\b1fr/g)).toBeNull();
  });

  it('never breaks a number of a table, and stacks its rows before that is too wide', () => {
    expect(style).toMatch(/\ntd\{[^}]*white-space:nowrap/);
    expect(style).toMatch(/@media \(max-width:56rem\)\{[^@]*\ntable,[^{]*\btd\b[^{]*\{display:block\}/);
  });
});

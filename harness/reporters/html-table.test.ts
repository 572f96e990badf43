import { describe, expect, it } from 'vitest';
import { entryTable, prose } from './html-table.ts';
import { style } from './style.ts';

describe('a table of entries', () => {
  const { markup } = entryTable(
    'What is counted',
    ['TTR', prose('Collateral')],
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
    expect(bodies[1]).toContain('<td data-label="TTR"><div>never</div></td><td data-label="Collateral" class="prose">');
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

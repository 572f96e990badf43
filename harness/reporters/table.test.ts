import { describe, expect, it } from 'vitest';
import { painter, table, wrap } from './table.ts';

describe('a table in the terminal', () => {
  it('sets columns by what they take on the screen, not by their letters', () => {
    const columns = [
      { head: 'name', cells: ['日本', 'ab'], dropOrder: 0 },
      { head: 'n', cells: ['1', '12'], dropOrder: 0, right: true },
    ];
    expect(table(columns, 2, 80, painter(false))).toEqual(['  name   n', '  日本   1', '  ab    12']);
  });

  it('is painted only when asked to', () => {
    expect(painter(true).bold('x')).toBe('\u001b[1mx\u001b[22m');
    expect(painter(false).bold('x')).toBe('x');
  });
});

describe('a line that is too long', () => {
  it('is broken at spaces, further lines indented within the same width; a long word stays whole', () => {
    expect(wrap('one two three four', 9, '  ')).toEqual(['one two', '  three', '  four']);
    expect(wrap('one', 9, '  ')).toEqual(['one']);
    expect(wrap('a bbbbbbbbbbbb c', 5)).toEqual(['a', 'bbbbbbbbbbbb', 'c']);
    expect(wrap('日本 日本', 8)).toEqual(['日本', '日本']);
  });
});

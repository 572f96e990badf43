import { describe, expect, it } from 'vitest';
import { duration, keepWords, collect, oneOf, profileWords, rules, trigger, wholeNumber } from './options.ts';

describe('values of flags', () => {
  it.each(['0', '1001', '-1', '1.5', '5e0', '0x5', '', ' 5', 'NaN', 'five'])(
    'refuses --trials %j in one line',
    (value) => {
      expect(() => wholeNumber('--trials', value, 1, 1000)).toThrow(
        /^--trials ".*": must be a whole number from 1 to 1000$/,
      );
    },
  );

  it('takes whole numbers', () => {
    expect(wholeNumber('--trials', '5', 1, 1000)).toBe(5);
    expect(wholeNumber('--seed', '0', 0, 10)).toBe(0);
  });

  it('takes lengths of time with their unit only', () => {
    expect(duration('--timeout', '90s')).toBe(90_000);
    expect(duration('--timeout', '1.5m')).toBe(90_000);
    expect(duration('--timeout', '2h')).toBe(7_200_000);
    for (const bad of ['90', '0s', '1d', '-1m', '1e9h', 'm', '', '169h']) {
      expect(() => duration('--timeout', bad)).toThrow(/--timeout .*with a unit/);
    }
  });

  it('suggests the word that was meant', () => {
    expect(oneOf('--profile', 'stock', profileWords)).toBe('stock');
    expect(() => oneOf('--profile', 'stok', profileWords)).toThrow(
      'must be one of fast, stock (did you mean "stock"?)',
    );
    expect(() => oneOf('--keep', 'banana', keepWords)).toThrow(/must be one of never, on-failure, always$/);
  });

  it('reads triggers', () => {
    expect(trigger('--trigger', 'oracle')).toEqual({ kind: 'oracle' });
    expect(trigger('--trigger', 'detector:node-not-ready')).toEqual({ kind: 'detector', id: 'node-not-ready' });
    expect(trigger('--trigger', 'detector:KubeNodeNotReady')).toEqual({ kind: 'detector', id: 'KubeNodeNotReady' });
    for (const bad of ['detector', 'detector:', 'detector:a b', 'Oracle']) {
      expect(() => trigger('--trigger', bad)).toThrow(/must be oracle or detector:<id>/);
    }
  });

  it('collects rules, and forgets them after none', () => {
    expect(['stock', './ours', 'stock'].reduce<readonly string[]>((before, value) => rules(value, before), [])).toEqual(
      ['stock', './ours'],
    );
    expect(rules('none', ['stock'])).toEqual([]);
  });

  it('joins repeated and comma-separated names', () => {
    expect(collect('a')).toEqual(['a']);
    expect(['b,c', ' a ,'].reduce<readonly string[]>((before, value) => collect(value, before), ['a'])).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
});

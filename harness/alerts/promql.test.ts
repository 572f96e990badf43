import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './durations.ts';
import { drawable, missingFor, scaleExpression, selectorsOf, usesQueryRange } from './promql.ts';

describe('durations', () => {
  it.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['2w', 14 * 86_400_000],
    ['250ms', 250],
    ['0', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  it('refuses what is none', () => {
    for (const text of ['', '5', 'm5', '5m1h', '1.5m', ' 5m']) expect(parseDuration(text)).toBeUndefined();
  });
  it('writes what it reads', () => {
    expect([0, 1, 50_000, 100_000, 5_400_000, 2500].map(formatDuration)).toEqual([
      '0s',
      '1ms',
      '50s',
      '1m40s',
      '1h30m',
      '2s500ms',
    ]);
    expect(formatDuration(0.2)).toBe('1ms');
  });
});

describe('what an expression reads', () => {
  it('names, matchers, names in braces', () => {
    expect(selectorsOf('sum by (pod) (rate(a_total{ns="x", pod!~"y.*"}[5m])) > on () b')).toEqual([
      {
        metric: 'a_total',
        matchers: [
          { label: 'ns', op: '=', value: 'x' },
          { label: 'pod', op: '!~', value: 'y.*' },
        ],
      },
      { metric: 'b', matchers: [] },
    ]);
    expect(selectorsOf('{__name__="c"} or {"d", x="1"} or {job="j"}').map(({ metric }) => metric)).toEqual([
      'c',
      'd',
      undefined,
    ]);
    expect(selectorsOf('job:errors:rate5m')[0]?.metric).toBe('job:errors:rate5m');
  });

  const exists = (name: string) => name === 'here';
  it.each([
    ['here > 1', []],
    ['gone > 1', ['gone']],
    ['here / gone', ['gone']],
    ['gone / on (a) gone2', ['gone', 'gone2']],
    ['here or gone', []],
    ['gone or gone2', ['gone', 'gone2']],
    ['here unless gone', []],
    ['gone unless here', ['gone']],
    ['here and on () gone', ['gone']],
    ['absent(gone)', []],
    ['absent_over_time(gone[5m]) and here', []],
    ['sum(rate(gone[5m]))', ['gone']],
    ['vector(1)', []],
    ['{job="x"} == 0', []],
    ['max_over_time(sum(gone)[5m:1m])', ['gone']],
  ])('%s lacks %j', (expr, missing) => {
    expect(missingFor(expr, exists)).toEqual(missing);
  });
});

describe('shorter times', () => {
  it.each([
    ['rate(a[5m]) > 5', 'rate(a[50s]) > 5'],
    ['a offset 1h', 'a offset 10m'],
    ['a offset -1h', 'a offset -10m'],
    ['max_over_time(rate(a[1m])[30m:1m])', 'max_over_time(rate(a[10s])[5m:10s])'],
    ['avg_over_time(a[10m:])', 'avg_over_time(a[1m40s:])'],
    ['increase(a[5m]) > 300 and a{x="[5m]"} @ 300', 'increase(a[50s]) > 300 and a{x="[5m]"} @ 300'],
    ['predict_linear(a[6h], 4 * 60 * 60) < 0', 'predict_linear(a[1h], 4 * 60 * 60) < 0'],
    ['rate(a[5m + 1m])', 'rate(a[50s + 10s])'],
    ['rate(a[300])', 'rate(a[50s])'],
  ])('%s', (expr, shorter) => {
    expect(scaleExpression(expr, 1 / 6)).toBe(shorter);
  });
  it('refuses products, which would be shortened twice', () => {
    expect(() => scaleExpression('rate(a[5m * 2])', 1 / 6)).toThrow('cannot shorten the time 5m * 2');
  });
  it('knows who asks for the range of the query', () => {
    expect(usesQueryRange('a @ end()')).toBe(true);
    expect(usesQueryRange('a @ 5 > 1')).toBe(false);
  });
});

it.each([
  ['up == 0', { expr: 'up', op: '==', threshold: 0 }],
  ['(rate(a[5m]) > 0.5) and on () b', { expr: 'rate(a[5m])', op: '>', threshold: 0.5 }],
  ['a > b', { expr: 'a > b' }],
  ['absent(a)', { expr: 'absent(a)' }],
])('what is drawn of %s', (expr, shown) => {
  expect(drawable(expr)).toEqual(shown);
});

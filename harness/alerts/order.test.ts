import { describe, expect, it } from 'vitest';
import { evaluationOrder } from './order.ts';
import { readRules } from './rules.ts';

const ordered = (...rules: readonly string[]) => {
  const groups = readRules(`groups: [{ name: g, rules: [${rules.join(', ')}] }]`, 'a.yaml');
  const { ordered: found, read, circular } = evaluationOrder(groups);
  return {
    order: found.map(({ rule }) => rule.name),
    read: [...read].map(({ name }) => name),
    circular: [...circular].map(({ name }) => name),
  };
};

describe('the order in which rules are evaluated', () => {
  it('what is recorded comes before what reads it, however many steps', () => {
    expect(
      ordered(
        "{ alert: A, expr: 'c:d > 1' }",
        "{ record: 'c:d', expr: 'sum(a:b)' }",
        "{ record: 'a:b', expr: x }",
        '{ alert: B, expr: x }',
      ),
    ).toEqual({ order: ['a:b', 'B', 'c:d', 'A'], read: ['c:d', 'a:b'], circular: [] });
  });

  it('alerts come before those that read them, by their names', () => {
    expect(
      ordered(
        `{ alert: Sum, expr: 'ALERTS{alertname="Down"} == 1' }`,
        `{ alert: Other, expr: x }`,
        `{ alert: Down, expr: 'up == 0' }`,
      ),
    ).toEqual({ order: ['Other', 'Down', 'Sum'], read: ['Down'], circular: [] });
  });

  it('those that read themselves or one another come last and are named', () => {
    expect(
      ordered(`{ record: 'a:b', expr: 'c:d' }`, `{ record: 'c:d', expr: 'a:b or x' }`, '{ alert: A, expr: x }'),
    ).toEqual({ order: ['A', 'a:b', 'c:d'], read: ['c:d', 'a:b'], circular: ['a:b', 'c:d'] });
  });
});

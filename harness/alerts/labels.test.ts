import { expect, it } from 'vitest';
import { fill, isSimple, labelKey, labelText, ruleLabels } from './labels.ts';

it('one key for the same labels in any order', () => {
  expect(labelKey({ b: '2', a: '1' })).toBe(labelKey({ a: '1', b: '2' }));
  expect(labelKey({ a: '1' })).not.toBe(labelKey({ a: '2' }));
});

it('in short, without what all alerts of the rule have', () => {
  expect(labelText({ alertname: 'A', severity: 'page', pod: 'x' })).toBe('{pod="x"}');
  expect(labelText({ alertname: 'A' })).toBe('');
});

it('templates: labels and the value; what is more is left as it is and told', () => {
  const labels = { pod: 'x' };
  expect(fill('{{ $labels.pod }}/{{.Labels.gone}}/{{ $value }}', labels, 1.5)).toBe('x//1.5');
  expect([Number.NaN, Infinity, -Infinity].map((value) => fill('{{ $value }}', labels, value))).toEqual([
    'NaN',
    '+Inf',
    '-Inf',
  ]);
  expect(isSimple('{{ $labels.pod }} of {{ .Value }}')).toBe(true);
  expect(isSimple('{{ printf "%f" $value }}')).toBe(false);
});

it("a rule's labels over those of the result, whose name goes; an empty one is none", () => {
  const own = { pod: '{{ $labels.pod }}-1', zone: '' };
  expect(ruleLabels({ __name__: 'up', pod: 'x', zone: 'a' }, own, 1, { alertname: 'A' })).toEqual({
    alertname: 'A',
    pod: 'x-1',
  });
  expect(ruleLabels({ __name__: 'up' }, {}, 1, { __name__: 'a:b' })).toEqual({ __name__: 'a:b' });
});

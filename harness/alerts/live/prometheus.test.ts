import { expect, it } from 'vitest';
import { parseRules } from './prometheus.ts';

const now = Date.parse('2026-11-27T23:45:30Z');
const answer = (change: Readonly<Record<string, unknown>> = {}) => ({
  status: 'success',
  data: {
    groups: [
      {
        name: 'nodes',
        interval: 4,
        rules: [
          {
            type: 'alerting',
            name: 'NodeDown',
            health: 'ok',
            lastEvaluation: '2026-11-27T23:45:28.5Z',
            alerts: [
              { labels: { alertname: 'NodeDown', node: 'a' }, state: 'firing' },
              { labels: { alertname: 'NodeDown', node: 'b' }, state: 'pending' },
            ],
            ...change,
          },
        ],
      },
    ],
  },
});

it('reads which alerts of a rule fire', () => {
  expect(parseRules(answer(), now)).toEqual([
    { name: 'NodeDown', firing: [{ alertname: 'NodeDown', node: 'a' }], evaluated: true },
  ]);
});

it('reads why a rule cannot be evaluated, and that it was not for three intervals', () => {
  expect(parseRules(answer({ health: 'err', lastError: 'many-to-many' }), now)).toMatchObject([
    { error: 'many-to-many' },
  ]);
  expect(parseRules(answer({ lastEvaluation: '2026-11-27T23:45:17Z' }), now)).toMatchObject([{ evaluated: false }]);
  // Before its first evaluation.
  expect(parseRules(answer({ health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' }), now)).toMatchObject([
    { evaluated: false },
  ]);
});

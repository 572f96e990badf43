import { expect, it } from 'vitest';
import { FiredrillError } from '../model/errors.ts';
import { errorText } from './error-text.ts';

it('is one line: what, where, and the next command', () => {
  const error = new FiredrillError('usage', 'unknown\n scenario "x"', { hint: 'npm run firedrill -- list' });
  expect(errorText(error, false)).toBe('firedrill: unknown scenario "x"  ->  npm run firedrill -- list');
  expect(errorText(new FiredrillError('timeout', 'late'), false)).toBe('firedrill: late');
});

it('owns up to bugs', () => {
  expect(errorText(new TypeError('x is undefined'), false)).toBe('firedrill: this is a bug: x is undefined');
  expect(errorText('a string', true)).toBe('firedrill: this is a bug: a string');
});

it('adds stacks and causes when asked', () => {
  const error = new FiredrillError('environment', 'no Docker', { cause: new Error('ECONNREFUSED') });
  expect(errorText(error, true)).toMatch(
    /^firedrill: no Docker\nFiredrillError: no Docker\n[\s\S]*Error: ECONNREFUSED/,
  );
});

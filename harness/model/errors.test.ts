import { expect, it } from 'vitest';
import { oneLine } from './errors.ts';

it('an error in one line keeps what three nodes said', () => {
  const said = ['control-plane', 'worker', 'worker2'].map((node) => `${node}: ${'x'.repeat(250)}`).join(';\n  ');
  expect(oneLine(new Error(said))).toBe(said.replace(/\s+/g, ' '));
});

it('an error that is too long for a line loses its middle: its end says why', () => {
  const line = oneLine(`what failed ${'x'.repeat(5000)} because of this`);
  expect(line).toMatch(/^what failed x+ \[\.\.\.\] x+ because of this$/);
  expect(line.length).toBeLessThanOrEqual(1000);
});

it('what is no error is said as it is', () => {
  expect(oneLine('gone\n')).toBe('gone');
  expect(oneLine(new TypeError(''))).toBe('TypeError');
});
